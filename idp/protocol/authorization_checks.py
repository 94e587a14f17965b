"""The authorization endpoint's checks, in the order in which they run (RFC 6749 §4.1.1, OIDC Core §3.1.2.2).

Each check is a small function that returns, or raises the error for the
redirect. Where the answer may go at all, ``authorization_target`` says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from idp.browser.runtime import parts
from idp.domain import pkce, scope
from idp.domain.authentication import ACR_VALUES
from idp.domain.authorization_request import AuthorizationRequest, Prompt, ResponseMode
from idp.domain.claims_request import ClaimsRequest
from idp.domain.client_words import GrantType, Pkce, ResponseType
from idp.domain.errors import HintRefused, Invalid, ResourceRefused
from idp.domain.identifiers import AccountCode
from idp.domain.redirect_uri import matching
from idp.domain.scope import Scope
from idp.protocol.errors import OAuthError, invalid_request, to_oauth
from idp.protocol.parameters import Parameters
from idp.services.oauth.narrowing import allowed_resources
from idp.services.registry.clients import RegisteredClient
from idp.tokens.id_token_hint import verify_hint

MAX_LENGTHS = {"state": 2048, "nonce": 1024, "login_hint": 512, "ui_locales": 256, "idp_hint": 128}
MAX_AGE_DIGITS = 9
MAX_RESOURCES = 10
_RESPONSE_TYPES, _RESPONSE_MODES, _PROMPTS = frozenset(ResponseType), frozenset(ResponseMode), frozenset(Prompt)
UNDERSTOOD = frozenset(
    {
        *("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "account"),
        *("code_challenge", "code_challenge_method", "prompt", "idp_hint", "login_hint", "ui_locales"),
        *("max_age", "id_token_hint", "claims", "request_uri"),
    }
)
"""The parameters that have an effect; all others are ignored or refused."""
_REFUSED_UNTIL_BUILT = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}
"""Parameters that promise the client something: ignoring them would break the promise silently."""


def nothing_doubled(sent: Parameters, _client: RegisteredClient) -> None:
    """Each parameter occurs once (RFC 6749 §3.1)."""
    if sent.doubled:
        raise invalid_request("A parameter occurs more than once.")


def nothing_unbuilt(sent: Parameters, _client: RegisteredClient) -> None:
    """Nothing is asked for that would be promised and not kept."""
    for name, error in _REFUSED_UNTIL_BUILT.items():
        if sent.get(name) is not None:
            raise OAuthError(error, f"The parameter {name} is not supported.")


def response_type(sent: Parameters, client: RegisteredClient) -> None:
    """The response type is built, and the client may use it."""
    wanted = sent.get("response_type")
    if wanted is None:
        raise invalid_request("The parameter response_type is missing.")
    if wanted not in _RESPONSE_TYPES:
        raise OAuthError("unsupported_response_type", "The response_type must be code.")
    if wanted not in client.metadata.response_types or GrantType.AUTHORIZATION_CODE not in client.metadata.grant_types:
        raise OAuthError("unauthorized_client", "The client may not use this response_type.")


def response_mode(sent: Parameters, _client: RegisteredClient) -> None:
    """The answer can be delivered as asked (OAuth 2.0 Multiple Response Types §2.1)."""
    if (sent.get("response_mode") or ResponseMode.QUERY) not in _RESPONSE_MODES:
        raise invalid_request("The response_mode must be query or form_post.")


def account(sent: Parameters, client: RegisteredClient) -> None:
    """The parameter ``account`` names one whose people the client admits (CONTRACT §6 rule 8)."""
    if sent.get("account") not in {None, *client.accounts}:
        raise invalid_request("The client does not admit people of that account.")


def prompt(sent: Parameters, _client: RegisteredClient) -> None:
    """What the person is asked is known, and ``none`` stands alone (OpenID Connect Core §3.1.2.1)."""
    words = _words(sent, "prompt")
    if not _PROMPTS.issuperset(words):
        raise invalid_request("The parameter prompt knows none, login, consent and select_account.")
    if Prompt.NONE in words and len(words) > 1:
        raise invalid_request("The prompt none cannot be combined with another.")


def max_age(sent: Parameters, _client: RegisteredClient) -> None:
    """The age is a number of seconds."""
    value = sent.get("max_age")
    if value is not None and not (value.isascii() and value.isdecimal() and len(value) <= MAX_AGE_DIGITS):
        raise invalid_request("The max_age must be a number of seconds.")


def resources(sent: Parameters, client: RegisteredClient) -> None:
    """The audiences are the client's (RFC 8707 §2)."""
    allowed = allowed_resources(client, issuer=parts().settings.issuer)
    if len(sent.resources) > MAX_RESOURCES or any(one not in allowed for one in sent.resources):
        raise to_oauth(ResourceRefused())


def challenge(sent: Parameters, client: RegisteredClient) -> None:
    """PKCE with S256, the method named explicitly (RFC 7636 §4.3, CONTRACT §6 rule 13)."""
    value, method = sent.get("code_challenge"), sent.get("code_challenge_method")
    if value is None and method is None and client.metadata.pkce is Pkce.OPTIONAL:
        return
    if value is None:
        raise invalid_request("PKCE is required: the parameter code_challenge is missing.")
    if method != pkce.METHOD:
        raise invalid_request("The code_challenge_method must be S256.")
    if not pkce.is_challenge(value):
        raise invalid_request("The code_challenge must be 43 base64url characters.")


def lengths(sent: Parameters, _client: RegisteredClient) -> None:
    """What is kept and returned unchanged has a bounded size."""
    for name, most in MAX_LENGTHS.items():
        if len(sent.get(name) or "") > most:
            raise invalid_request(f"The parameter {name} is longer than {most} characters.")


CHECKS: tuple[Callable[[Parameters, RegisteredClient], None], ...] = (
    nothing_doubled,
    lengths,
    nothing_unbuilt,
    response_type,
    response_mode,
    account,
    prompt,
    max_age,
    resources,
    challenge,
)


def checked(sent: Parameters, client: RegisteredClient, redirect_uri: str) -> AuthorizationRequest:
    """Run all checks and return the request in validated form.

    :raises OAuthError: the first check that fails, to be sent to the redirect URI.
    """
    for check in CHECKS:
        check(sent, client)
    claims = _claims(sent)
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        scope=_granted_scope(sent, client),
        response_mode=mode_of(sent),
        state=sent.get("state"),
        nonce=sent.get("nonce"),
        code_challenge=sent.get("code_challenge"),
        prompts=tuple(Prompt(word) for word in _words(sent, "prompt")),
        max_age=_seconds(sent),
        subject=_subject(sent, claims),
        resources=tuple(dict.fromkeys(sent.resources)),
        acr=claims.acr,
        claims=claims,
        account=_account(sent),
        idp_hint=sent.get("idp_hint"),
        login_hint=sent.get("login_hint"),
        ui_locales=sent.get("ui_locales"),
    )


def mode_of(sent: Parameters) -> ResponseMode:
    """Return how a request wants its answer, errors included; one that is not known counts as left out."""
    wanted = sent.get("response_mode")
    return ResponseMode(wanted) if wanted in _RESPONSE_MODES else ResponseMode.QUERY


def _words(sent: Parameters, name: str) -> list[str]:
    """Return the words of a space-separated parameter, each once."""
    return list(dict.fromkeys((sent.get(name) or "").split()))


def _seconds(sent: Parameters) -> int | None:
    value = sent.get("max_age")
    return None if value is None else int(value)


def _claims(sent: Parameters) -> ClaimsRequest:
    """Read the parameter ``claims``; an essential ``acr`` that nobody here can have is refused at once.

    :raises OAuthError: malformed, or impossible (OpenID Connect Core §5.5.1.1).
    """
    text = sent.get("claims")
    if text is None:
        return ClaimsRequest()
    try:
        asked = ClaimsRequest.parse(text)
    except Invalid as refused:
        raise invalid_request(str(refused)) from None
    if asked.acr and not set(asked.acr) & set(ACR_VALUES):
        raise OAuthError("unmet_authentication_requirements", "No sign-in here has the acr that is asked for.")
    return asked


def _subject(sent: Parameters, claims: ClaimsRequest) -> str | None:
    """Return the one person whom the request means, from ``id_token_hint`` or ``claims``.

    :raises OAuthError: the hint is none of our ID tokens, or the two mean different people.
    """
    hinted = _hinted(sent)
    if hinted is not None and claims.subject not in {None, hinted}:
        raise invalid_request("The id_token_hint and the parameter claims mean different people.")
    return hinted or claims.subject


def _hinted(sent: Parameters) -> str | None:
    token = sent.get("id_token_hint")
    if token is None:
        return None
    here = parts()
    try:
        return verify_hint(token, issuer=here.settings.issuer, keys=here.keys, now=here.clock.now()).subject
    except HintRefused:
        raise invalid_request("The id_token_hint is not an ID token of this provider.") from None


def _account(sent: Parameters) -> AccountCode | None:
    code = sent.get("account")
    return None if code is None else AccountCode(code)


def still_allowed(request: AuthorizationRequest, client: RegisteredClient) -> AuthorizationRequest | None:
    """Look again at a request that waited: the client may have been changed meanwhile.

    :returns: the request with the scope that the client may still have; none when it may no longer be answered.
    """
    remaining = tuple(one for one in request.scope if one in client.metadata.scope)
    targets = allowed_resources(client, issuer=parts().settings.issuer)
    allowed = (
        remaining
        and matching(request.redirect_uri, client.metadata.redirect_uris)
        and (request.account is None or request.account in client.accounts)
        and all(one in targets for one in request.resources)
        and (request.code_challenge is not None or client.metadata.pkce is Pkce.OPTIONAL)
    )
    return replace(request, scope=remaining) if allowed else None


def _granted_scope(sent: Parameters, client: RegisteredClient) -> tuple[Scope, ...]:
    granted = scope.granted(sent.get("scope") or "", client.metadata.scope)
    if not _may_stay(sent, client):
        granted = tuple(one for one in granted if one is not Scope.OFFLINE_ACCESS)
    if set(sent.resources) != {parts().settings.issuer}:
        # The management API takes no token that somebody else is meant to have as well (CONTRACT §6 rules 11, 12).
        granted = tuple(one for one in granted if one is not Scope.MANAGE)
    if not granted:
        raise OAuthError("invalid_scope", "The scope is missing, or holds nothing that this client can be granted.")
    return granted


def _may_stay(sent: Parameters, client: RegisteredClient) -> bool:
    """Say whether ``offline_access`` counts: for our own clients, for others where the person is asked (Core §11)."""
    if GrantType.REFRESH_TOKEN not in client.metadata.grant_types:
        return False
    return not client.metadata.is_third_party or Prompt.CONSENT in _words(sent, "prompt")

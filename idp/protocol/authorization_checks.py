"""The authorization endpoint's checks, in the order in which they run (RFC 6749 §4.1.1, OIDC Core §3.1.2.2).

Each check is a small function that returns or raises. Until the redirect URI
is known to be the client's, a refusal is a page for the service's developer
(:class:`NotRedirectable`); afterwards it is an error in the redirect
(:class:`~idp.protocol.errors.OAuthError`).
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace

from idp.domain import pkce, scope
from idp.domain.authorization_request import AuthorizationRequest
from idp.domain.client_metadata import GrantType, Pkce, ResponseType
from idp.domain.identifiers import AccountCode
from idp.domain.redirect_uri import matching
from idp.domain.scope import Scope
from idp.protocol.errors import OAuthError, invalid_request
from idp.protocol.parameters import Parameters
from idp.services.registry.clients import RegisteredClient

MAX_LENGTHS = {"state": 2048, "nonce": 1024, "login_hint": 512, "ui_locales": 256, "idp_hint": 128}
UNDERSTOOD = frozenset(
    {
        *("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "account"),
        *("code_challenge", "code_challenge_method", "prompt", "idp_hint", "login_hint", "ui_locales"),
    }
)
"""The parameters that have an effect; all others are ignored or refused."""
_REFUSED_UNTIL_BUILT = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
    "resource": "invalid_target",
    "max_age": "invalid_request",
    "id_token_hint": "invalid_request",
    "claims": "invalid_request",
}
"""Parameters that promise the client something: ignoring them would break the promise silently."""


@dataclass(frozen=True, slots=True)
class NotRedirectable(Exception):
    """The request must not be answered at its redirect URI (RFC 6749 §4.1.2.1).

    :param error: the OAuth error code, for the page.
    :param sentence: for the service's developer: what is wrong.
    :param advice: what to do about it.
    :param parameter: the parameter at fault, and ``sent`` as it arrived (none when missing).
    :param registered: the values that would have been right.
    :param command: one that mends it, quoted for a shell; none when there is no single one.
    """

    error: str
    sentence: str
    advice: str
    parameter: str | None = None
    sent: str | None = None
    registered: tuple[str, ...] = ()
    command: str | None = None
    client: RegisteredClient | None = None


def known_client(sent: Parameters, find: Callable[[str], RegisteredClient | None]) -> RegisteredClient:
    """Return the client of the request."""
    client_id = sent.get("client_id")
    client = find(client_id) if client_id else None
    if client is None:
        raise NotRedirectable(
            "invalid_client" if client_id else "invalid_request",
            "The parameter client_id occurs more than once."
            if "client_id" in sent.doubled
            else "The parameter client_id names no registered service."
            if client_id
            else "The parameter client_id is missing.",
            "Send the client_id that registration printed. This lists all of them:",
            parameter="client_id",
            sent=client_id,
            command="idp clients list",
        )
    return client


def registered_redirect_uri(sent: Parameters, client: RegisteredClient) -> str:
    """Return the redirect URI when it is exactly one of the client's (RFC 9700 §2.1)."""
    uri = sent.get("redirect_uri")
    if uri is None or not matching(uri, client.metadata.redirect_uris):
        raise NotRedirectable(
            "invalid_request",
            "The parameter redirect_uri occurs more than once."
            if "redirect_uri" in sent.doubled
            else "The parameter redirect_uri is missing."
            if uri is None
            else "The redirect_uri is not registered for this service. The two are compared character by character.",
            "Send a registered redirect_uri, or register this one beside the others:"
            if uri
            else "Send one of the registered redirect URIs.",
            parameter="redirect_uri",
            sent=uri,
            registered=client.metadata.redirect_uris,
            command=_registering(uri, client) if uri else None,
            client=client,
        )
    return uri


def _registering(uri: str, client: RegisteredClient) -> str:
    options = (f"--redirect-uri {shlex.quote(one)}" for one in (*client.metadata.redirect_uris, uri))
    return f"idp clients update {shlex.quote(client.client_id)} {' '.join(options)}"


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
    if wanted not in set(ResponseType):
        raise OAuthError("unsupported_response_type", "The response_type must be code.")
    if wanted not in client.metadata.response_types or GrantType.AUTHORIZATION_CODE not in client.metadata.grant_types:
        raise OAuthError("unauthorized_client", "The client may not use this response_type.")


def response_mode(sent: Parameters, _client: RegisteredClient) -> None:
    """The answer can be delivered as asked (OAuth 2.0 Multiple Response Types §2.1)."""
    if sent.get("response_mode") not in {None, "query"}:
        raise invalid_request("The response_mode must be query.")


def account(sent: Parameters, client: RegisteredClient) -> None:
    """The parameter ``account`` names one whose people the client admits (CONTRACT §6 rule 8)."""
    if sent.get("account") not in {None, *client.accounts}:
        raise invalid_request("The client does not admit people of that account.")


def prompt(sent: Parameters, _client: RegisteredClient) -> None:
    """Only ``prompt=none`` is built; the other values promise a page or a fresh proof."""
    if sent.get("prompt") not in {None, "none"}:
        raise invalid_request("The parameter prompt must be none, or left out.")


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
    challenge,
)


def checked(sent: Parameters, client: RegisteredClient, redirect_uri: str) -> AuthorizationRequest:
    """Run all checks and return the request in validated form.

    :raises OAuthError: the first check that fails, to be sent to the redirect URI.
    """
    for check in CHECKS:
        check(sent, client)
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        scope=_granted_scope(sent, client),
        state=sent.get("state"),
        nonce=sent.get("nonce"),
        code_challenge=sent.get("code_challenge"),
        silent=sent.get("prompt") == "none",
        account=_account(sent),
        idp_hint=sent.get("idp_hint"),
        login_hint=sent.get("login_hint"),
        ui_locales=sent.get("ui_locales"),
    )


def _account(sent: Parameters) -> AccountCode | None:
    code = sent.get("account")
    return None if code is None else AccountCode(code)


def still_allowed(request: AuthorizationRequest, client: RegisteredClient) -> AuthorizationRequest | None:
    """Look again at a request that waited: the client may have been changed meanwhile.

    :returns: the request with the scope that the client may still have; none when it may no longer be answered.
    """
    remaining = tuple(one for one in request.scope if one in client.metadata.scope)
    allowed = remaining and matching(request.redirect_uri, client.metadata.redirect_uris)
    admitted = request.account is None or request.account in client.accounts
    if not allowed or not admitted or (request.code_challenge is None and client.metadata.pkce is Pkce.REQUIRED):
        return None
    return replace(request, scope=remaining)


def _granted_scope(sent: Parameters, client: RegisteredClient) -> tuple[Scope, ...]:
    granted = scope.granted(sent.get("scope") or "", client.metadata.scope)
    if not granted:
        raise OAuthError("invalid_scope", "The scope is missing, or holds nothing that this client can be granted.")
    return granted

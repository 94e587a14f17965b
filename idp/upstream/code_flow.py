"""What every authorization code flow shares, with or without an ID token (RFC 6749 §4.1, RFC 7636)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit, urlunsplit

from idp.domain import pkce
from idp.domain.errors import UpstreamUnavailable, UpstreamUntrusted
from idp.outbound.http import Answer, HttpClient
from idp.upstream.answers import ask, document, entrusted, error_of, is_refusal, unavailable
from idp.upstream.connector import Callback, ProviderConfig

NONCE, VERIFIER = "nonce", "verifier"
"""The names of what a departure remembers."""


def departure_url(endpoint: str, params: Mapping[str, str | None]) -> str:
    """Add the parameters that have a value to a URL that may have a query of its own (RFC 6749 §3.1)."""
    parts = urlsplit(endpoint)
    sent = {name: value for name, value in params.items() if value}
    query = "&".join(filter(None, (parts.query, urlencode(sent))))
    return urlunsplit(parts._replace(query=query))


def challenge(verifier: str) -> Mapping[str, str]:
    """Return the parameters with which a departure commits itself to ``verifier`` (RFC 7636 §4.3)."""
    return {"code_challenge": pkce.challenge_of(verifier), "code_challenge_method": pkce.METHOD}


def code_of(params: Mapping[str, str]) -> str:
    """Return the code that a callback brings.

    :raises UpstreamError: what its error means, or that it brings neither.
    """
    if "error" in params:
        raise error_of(params["error"], endpoint="authorization")
    code = params.get("code")
    if not code:
        raise UpstreamUntrusted("the callback brings neither a code nor an error", check="code")
    return code


def remembered(callback: Callback, name: str) -> str:
    """Return what the departure kept under ``name``.

    :raises UpstreamUntrusted: nothing, so this is the answer to something else.
    """
    value = callback.remembered.get(name)
    if not value:
        raise UpstreamUntrusted("the callback is not the answer to a departure of this kind", check=name)
    return value


def redemption(code: str, callback: Callback, *, verifier: str | None) -> dict[str, str]:
    """Return the form that redeems ``code`` (RFC 6749 §4.1.3, RFC 7636 §4.5)."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback.redirect_uri}
    return form if verifier is None else {**form, "code_verifier": verifier}


def basic_credentials(config: ProviderConfig) -> tuple[str, str]:
    """Return client id and secret as HTTP Basic wants them: form-encoded before they are joined (RFC 6749 §2.3.1)."""
    return quote_plus(config.client_id), quote_plus(config.client_secret)


def redeem(
    http: HttpClient, endpoint: str, form: Mapping[str, str], *, auth: tuple[str, str] | None
) -> Mapping[str, Any]:
    """Return the token answer, or raise what its error means (RFC 6749 §5)."""
    answer = ask("token", lambda: http.post_form(endpoint, form, auth=auth))
    found = document("token", answer)
    if answer.status == 200:
        return found
    if not is_refusal(answer):
        raise unavailable("token", f"status {answer.status} instead of 200", status=answer.status)
    error = error_of(found.get("error"), endpoint="token", status=answer.status)
    # Nobody said no to the person here: a refusal at this endpoint is one of us.
    raise error if isinstance(error, UpstreamUnavailable) else UpstreamUntrusted(str(error), **error.evidence)


def access_token_of(tokens: Mapping[str, Any]) -> str | None:
    """Return the access token of a token answer; none when there is none that a header can carry."""
    token = tokens.get("access_token")
    is_usable = isinstance(token, str) and token and token.isascii() and token.isprintable()
    return str(token) if is_usable else None


def ask_with_token(http: HttpClient, what: str, url: str, token: str) -> Answer:
    """Read ``url`` with an access token (RFC 6750 §2.1).

    :raises UpstreamUnavailable: no answer; a status, whichever, is one.
    """
    return ask(what, lambda: http.get(url, headers=bearer(token)))


def read_with_token(http: HttpClient, what: str, url: str, token: str) -> Mapping[str, Any]:
    """Return the JSON object at ``url``.

    :raises UpstreamUntrusted: the endpoint refuses the token.
    :raises UpstreamUnavailable: any other failure.
    """
    return entrusted(what, ask_with_token(http, what, url, token))


def bearer(token: str) -> Mapping[str, str]:
    """Return the header that carries an access token."""
    return {"Authorization": f"Bearer {token}"}

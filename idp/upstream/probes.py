"""Asking an upstream's endpoints what they think of our registration, without signing anybody in.

The token endpoint is given a code that it never issued: whoever knows our
client says ``invalid_grant``, whoever does not says ``invalid_client``
(RFC 6749 §5.2). The authorization endpoint is asked as a browser would ask;
nothing that it shows is followed, and nobody is there to sign in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from idp.domain.errors import UpstreamUnavailable
from idp.domain.provider_findings import Topic
from idp.domain.secrets import new_secret
from idp.outbound.http import Answer, HttpClient, OutboundError
from idp.upstream.answers import ask, readable
from idp.upstream.code_flow import basic_credentials
from idp.upstream.connector import ProviderConfig
from idp.upstream.finding import Finding

_OUR_SIDE = frozenset(
    {"login_required", "interaction_required", "consent_required", "account_selection_required", "access_denied"}
)
"""Answers to ``prompt=none`` of whoever accepts everything but that nobody is there."""
_EXPIRED_AT_ENTRA = 7000222
_UNKNOWN_AT_ENTRA = 700016


def wrong_code(
    config: ProviderConfig, endpoint: str, redirect_uri: str, http: HttpClient, *, by_form: bool, pkce: bool
) -> Iterator[Finding]:
    """Redeem a code that was never issued, and read what the refusal says about our client.

    :param by_form: id and secret go into the form instead of HTTP Basic.
    """
    form = {"grant_type": "authorization_code", "code": new_secret(), "redirect_uri": redirect_uri}
    if pkce:
        form["code_verifier"] = new_secret()
    if by_form:
        form |= {"client_id": config.client_id, "client_secret": config.client_secret}
    auth = None if by_form else basic_credentials(config)
    try:
        answer = ask("token", lambda: http.post_form(endpoint, form, auth=auth))
    except UpstreamUnavailable as silent:
        yield Finding(
            f"The token endpoint {endpoint} cannot be reached: {silent.evidence['reason']}.", topic=Topic.REACHABILITY
        )
        return
    said = _object(answer)
    error = readable(said["error"]) if "error" in said else ""
    if error in {"invalid_client", "unauthorized_client"} or answer.status == 401:
        yield Finding(_about_the_client(config, said), topic=Topic.CLIENT)
    elif "redirect" in error:
        yield Finding(_about_the_redirect_uri(redirect_uri), topic=Topic.REDIRECT_URI)
    elif answer.status >= 500:
        yield Finding(
            f"The token endpoint {endpoint} answers with status {answer.status}; ask the provider.",
            topic=Topic.REACHABILITY,
        )
    elif error != "invalid_grant":
        yield Finding(
            f"The token endpoint {endpoint} answers a wrong code with status {answer.status} "
            f"{error or 'and no error'} instead of invalid_grant, so the client secret could not be tested.",
            breaks=False,
        )


def authorization(departure: str, redirect_uri: str, scope: str, http: HttpClient) -> Iterator[Finding]:
    """Ask the authorization endpoint as a browser would, and read whether it takes our request.

    :param departure: the address, with all parameters.
    """
    endpoint = departure.partition("?")[0]
    try:
        answer = ask("authorize", lambda: http.get(departure))
    except UpstreamUnavailable as silent:
        yield Finding(
            f"The authorization endpoint {endpoint} cannot be reached: {silent.evidence['reason']}.",
            topic=Topic.REACHABILITY,
        )
        return
    location = answer.headers.get("location", "")
    if answer.status in {301, 302, 303, 307} and location.startswith(redirect_uri):
        errors = parse_qs(urlsplit(location).query).get("error", [])
        yield from _returned(readable(errors[0]) if errors else "", scope)
    elif answer.status >= 500:
        yield Finding(
            f"The authorization endpoint {endpoint} answers with status {answer.status}; ask the provider.",
            topic=Topic.REACHABILITY,
        )
    elif answer.status in {400, 401, 403, 404}:
        yield Finding(_about_the_redirect_uri(redirect_uri), topic=Topic.REDIRECT_URI)


def _returned(error: str, scope: str) -> Iterator[Finding]:
    if error == "invalid_scope":
        yield Finding(
            f"The provider does not grant the scope {scope!r}: allow every one of its words for the application "
            "there, or take out with --scope what cannot be allowed.",
            topic=Topic.SCOPE,
        )
    elif error and error not in _OUR_SIDE:
        yield Finding(
            f"The provider refuses our authorization request with {error}; compare the application there.",
            topic=Topic.CLIENT,
        )


def _about_the_client(config: ProviderConfig, said: Mapping[str, Any]) -> str:
    codes = said.get("error_codes")
    codes = codes if isinstance(codes, list) else []
    if _EXPIRED_AT_ENTRA in codes:
        return (
            "The client secret has expired at the provider: make a new one there, and store it with "
            "--client-secret-file and --client-secret-expires."
        )
    if _UNKNOWN_AT_ENTRA in codes:
        return (
            f"The provider knows no application {config.client_id!r} in this tenant; correct --client-id or --tenant."
        )
    return (
        f"The provider does not accept the client id {config.client_id!r} with our client secret: copy both anew "
        "(of the secret its value, not its id), and store them with --client-id and --client-secret-file."
    )


def _about_the_redirect_uri(redirect_uri: str) -> str:
    return (
        "The provider refuses our request before anybody signs in; most often the redirect URI is not registered "
        f"for this client id. Register exactly: {redirect_uri}"
    )


def _object(answer: Answer) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except OutboundError:
        return {}
    return found if isinstance(found, dict) else {}

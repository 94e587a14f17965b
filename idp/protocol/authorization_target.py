"""Where an authorization request may be answered at all: its client, and a redirect URI of that client.

Until both are known a refusal is a page for the service's developer
(:class:`NotRedirectable`), never a redirect (RFC 6749 §4.1.2.1).
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from idp.domain.authorization_request import AuthorizationRequest
from idp.domain.context import Context
from idp.domain.errors import PushedRequestUnknown
from idp.domain.redirect_uri import matching
from idp.protocol.authorization_checks import still_allowed
from idp.protocol.parameters import Parameters
from idp.services.oauth import pushed
from idp.services.registry.clients import RegisteredClient


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


def pushed_request(sent: Parameters, client: RegisteredClient, *, context: Context) -> AuthorizationRequest:
    """Return the request that the client pushed beforehand; what stands beside its reference does not count.

    RFC 9126 §4.
    """
    reference = sent.get("request_uri") or ""
    try:
        waiting = pushed.pushed(reference, client_id=client.client_id, context=context)
    except PushedRequestUnknown:
        raise NotRedirectable(
            "invalid_request_uri",
            "The request_uri is unknown, has expired, was used before, or is another service's.",
            "Push a request for every sign-in, and send the browser with its request_uri at once.",
            parameter="request_uri",
            sent=reference,
            client=client,
        ) from None
    allowed = still_allowed(waiting, client)
    if allowed is None:
        raise NotRedirectable(
            "invalid_request",
            "The service was changed since it pushed this request, which no longer fits its registration.",
            "Push a request that fits.",
            client=client,
        )
    return allowed


def _registering(uri: str, client: RegisteredClient) -> str:
    options = (f"--redirect-uri {shlex.quote(one)}" for one in (*client.metadata.redirect_uris, uri))
    return f"idp clients update {shlex.quote(client.client_id)} {' '.join(options)}"

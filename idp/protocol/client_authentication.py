"""How clients prove themselves (RFC 6749 §2.3, RFC 7591 §2, OpenID Connect Core §9).

The one door for every endpoint that clients call themselves: token,
revocation, introspection, pushed requests.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

import structlog
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError

from idp.browser.runtime import context, parts
from idp.domain.client_metadata import parse_client_id
from idp.domain.client_words import AuthMethod
from idp.domain.errors import ClientNotProven, Invalid
from idp.protocol.client_request import ClientRequest
from idp.protocol.errors import CLIENT_REFUSED
from idp.services.oauth import assertions
from idp.services.registry.clients import RegisteredClient
from idp.tokens import client_assertion

REALM = 'Basic realm="deepdesk-idp"'
TOKEN_PATH = "/oauth/token/"  # noqa: S105 - an address
MAX_CREDENTIAL_LENGTH = 4096
MAX_CLIENT_ID_LENGTH = 128

log = structlog.get_logger()


class ClientNotAuthenticated(InvalidClientError):  # type: ignore[misc]
    """401 with the challenge that RFC 6749 §5.2 asks for; why it failed is not told."""

    def __init__(self) -> None:
        super().__init__(description=CLIENT_REFUSED.description, status_code=CLIENT_REFUSED.status)

    def get_headers(self) -> list[tuple[str, str]]:
        """Add the challenge."""
        return [*super().get_headers(), ("WWW-Authenticate", REALM)]


def authenticate(request: ClientRequest) -> RegisteredClient:
    """Return the client from which a request comes; an assertion is spent by that.

    :raises InvalidRequestError: it proves itself in two ways at once, or contradicts itself.
    :raises ClientNotAuthenticated: it does not prove itself, or not as it is registered.
    """
    _refuse_several_methods(request)
    try:
        return _proven(request)
    except ClientNotProven as refused:
        log.warning(
            "client_not_authenticated", client_id=_claimed_client_id(request), reason=str(refused), **refused.evidence
        )
        raise ClientNotAuthenticated from None


def _claimed_client_id(request: ClientRequest) -> str | None:
    """Return whom a request says it comes from, cut to the length of a client_id: for the log."""
    sent = request.sent
    credentials = _basic_credentials(request.authorization or "")
    claimed = credentials[0] if credentials else sent.get("client_id") or _claimed_by(sent.get("client_assertion"))
    return claimed[:MAX_CLIENT_ID_LENGTH] if claimed else None


def _refuse_several_methods(request: ClientRequest) -> None:
    """Refuse a request that proves itself in two ways at once (RFC 6749 §2.3).

    :raises InvalidRequestError: it does.
    """
    sent = request.sent
    used = (request.authorization is not None, "client_secret" in sent, _has_assertion(sent))
    if sum(used) > 1:
        raise InvalidRequestError(description="Use one client authentication method only.")


def _proven(request: ClientRequest) -> RegisteredClient:
    sent = request.sent
    if request.authorization is not None:
        return _by_basic(request.authorization, sent)
    if _has_assertion(sent):
        return _by_assertion(request.uri, sent)
    if "client_secret" in sent:
        return _by_secret(sent.get("client_id"), sent["client_secret"], AuthMethod.POST)
    return _by_nothing(sent.get("client_id"))


def _has_assertion(sent: Mapping[str, str]) -> bool:
    return "client_assertion" in sent or "client_assertion_type" in sent


def _claimed_by(assertion: str | None) -> str | None:
    try:
        return client_assertion.read(assertion or "").client_id
    except ClientNotProven:
        return None


def _by_basic(header: str, sent: Mapping[str, str]) -> RegisteredClient:
    """Authenticate by HTTP Basic; both parts are form-encoded (RFC 6749 §2.3.1)."""
    credentials = _basic_credentials(header)
    if credentials is None:
        raise ClientNotProven("the Authorization header holds no credentials")
    client_id, secret = credentials
    if sent.get("client_id", client_id) != client_id:
        raise InvalidRequestError(description="The client_id of header and body differ.")
    return _by_secret(client_id, secret, AuthMethod.BASIC)


def _by_secret(client_id: str | None, secret: str, method: AuthMethod) -> RegisteredClient:
    client = _registered(client_id)
    if not client.knows_secret(secret):
        # It may be a new one, which counts at once.
        client = parts().clients.again(client.client_id, context=context()) or client
    if not client.metadata.accepts(method) or not client.knows_secret(secret):
        raise ClientNotProven("the secret is wrong, or the method another than registered")
    return client


def _by_assertion(endpoint: str, sent: Mapping[str, str]) -> RegisteredClient:
    """Authenticate by a signed assertion; its audience is the issuer, or the token endpoint or this one's address.

    Libraries write these with and without the slash at the end.
    """
    if sent.get("client_assertion_type") != client_assertion.TYPE or "client_assertion" not in sent:
        raise ClientNotProven("client_assertion and its type belong together")
    issuer = parts().settings.issuer
    named = {address.rstrip("/") for address in (issuer, f"{issuer}{TOKEN_PATH}", endpoint)}
    return assertions.authenticate(
        sent["client_assertion"],
        client_id=sent.get("client_id"),
        audiences=named | {f"{address}/" for address in named},
        parts=parts(),
        context=context(),
    )


def _by_nothing(client_id: str | None) -> RegisteredClient:
    """Recognise a public client by its ``client_id`` alone."""
    client = _registered(client_id)
    if not client.metadata.accepts(AuthMethod.NONE):
        raise ClientNotProven("it proves itself by nothing, and is not public")
    return client


def _registered(client_id: str | None) -> RegisteredClient:
    try:
        client = parts().clients.find(parse_client_id(client_id or ""), context=context())
    except Invalid:
        client = None
    if client is None:
        raise ClientNotProven("there is no such client")
    return client


def _basic_credentials(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > MAX_CREDENTIAL_LENGTH:
        return None
    try:
        identifier, colon, secret = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        decoded = _form_decoded(identifier), _form_decoded(secret)
    except ValueError:  # not ASCII, not base64, or not UTF-8 inside
        return None
    return decoded if colon and "\0" not in "".join(decoded) else None


def _form_decoded(raw: bytes) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")

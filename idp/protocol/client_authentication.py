"""How clients prove themselves: client_secret_basic, client_secret_post, none (RFC 6749 §2.3, RFC 7591 §2).

The methods are registered with Authlib's server, which walks through them.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError

from idp.browser.runtime import context
from idp.domain.client_metadata import AuthMethod
from idp.services.registry import clients
from idp.services.registry.clients import RegisteredClient

REALM = 'Basic realm="deepdesk-idp"'
MAX_CREDENTIAL_LENGTH = 4096
MAX_CLIENT_ID_LENGTH = 128


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A client that proved itself, with the one question that Authlib asks of it."""

    registered: RegisteredClient

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Say whether the client is registered for the method by which it came."""
        return self.registered.metadata.accepts(AuthMethod(method))


class ClientNotAuthenticated(InvalidClientError):  # type: ignore[misc]
    """401 with the challenge that RFC 6749 §5.2 asks for; why it failed is not told."""

    def __init__(self) -> None:
        super().__init__(description="Client authentication failed.", status_code=401)

    def get_headers(self) -> list[tuple[str, str]]:
        """Add the challenge."""
        return [*super().get_headers(), ("WWW-Authenticate", REALM)]


def claimed_client_id(request: Any) -> str | None:
    """Return whom a request says it comes from, cut to the length of a client_id; for the log, proves nothing."""
    credentials = _basic_credentials(request.headers.get("Authorization", ""))
    claimed = credentials[0] if credentials else request.payload.client_id
    return claimed[:MAX_CLIENT_ID_LENGTH] if claimed else None


def refuse_several_methods(request: Any) -> None:
    """Refuse a request that proves itself in two ways at once (RFC 6749 §2.3).

    :raises InvalidRequestError: it does.
    """
    if "Authorization" in request.headers and "client_secret" in request.payload.data:
        raise InvalidRequestError(description="Use one client authentication method only.")


def by_basic(_query_client: object, request: Any) -> AuthenticatedClient | None:
    """Authenticate by HTTP Basic; both parts are form-encoded (RFC 6749 §2.3.1)."""
    credentials = _basic_credentials(request.headers.get("Authorization", ""))
    if credentials is None:
        return None
    client_id, secret = credentials
    if request.payload.data.get("client_id", client_id) != client_id:
        raise InvalidRequestError(description="The client_id of header and body differ.")
    return _with_secret(client_id, secret)


def by_post(_query_client: object, request: Any) -> AuthenticatedClient | None:
    """Authenticate by ``client_id`` and ``client_secret`` in the body."""
    sent = request.payload.data
    if "client_id" not in sent or "client_secret" not in sent:
        return None
    return _with_secret(sent["client_id"], sent["client_secret"])


def by_nothing(_query_client: object, request: Any) -> AuthenticatedClient | None:
    """Recognise a public client by its ``client_id`` alone."""
    sent = request.payload.data
    if "client_id" not in sent or "client_secret" in sent or "Authorization" in request.headers:
        return None
    client = clients.find(sent["client_id"], context=context())
    if client is None or not client.metadata.is_public:
        return None
    return AuthenticatedClient(client)


def _with_secret(client_id: str, secret: str) -> AuthenticatedClient | None:
    client = clients.find(client_id, context=context())
    if client is None or not client.knows_secret(secret):
        return None
    return AuthenticatedClient(client)


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

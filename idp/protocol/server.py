"""Authlib's authorization server as dispatcher of the token endpoint.

It finds the grant, walks through the client authentication methods and turns
its errors into answers. What it would do around a grant (save, revoke, hooks)
is one call to our service instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from flask import Request, Response, json

from idp.protocol import client_authentication
from idp.protocol.parameters import Parameters
from idp.protocol.responses import ANY_ORIGIN


class TokenRequest(OAuth2Request):  # type: ignore[misc]
    """A token request whose parameters come from the body alone."""

    def __init__(self, incoming: Request, parameters: Parameters, *, uri: str) -> None:
        super().__init__(incoming.method, uri, headers=incoming.headers)
        self.payload = BasicOAuth2Payload(dict(parameters.values))

    @property
    def form(self) -> Mapping[str, str]:
        """Return the parameters of the body."""
        return dict(self.payload.data)


class TokenServer(AuthorizationServer):  # type: ignore[misc]
    """The dispatcher, with our client authentication."""

    def __init__(self) -> None:
        super().__init__()
        self.register_client_auth_method("client_secret_basic", client_authentication.by_basic)
        self.register_client_auth_method("client_secret_post", client_authentication.by_post)
        self.register_client_auth_method("none", client_authentication.by_nothing)

    def query_client(self, client_id: str) -> None:
        """Never asked: the authentication methods look clients up themselves."""
        raise AssertionError(client_id)

    def create_oauth2_request(self, prepared: TokenRequest) -> TokenRequest:
        """Return the request that the endpoint has read already."""
        return prepared

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens to Authlib's signals."""

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        """Write an answer of the token endpoint."""
        response = Response(json.dumps(body), status=status)
        response.headers.update(headers)
        response.headers.update(ANY_ORIGIN)
        return response

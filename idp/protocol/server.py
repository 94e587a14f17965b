"""Authlib's authorization server as dispatcher of the token endpoint.

It finds the grant and turns its errors into answers. What it would do around a grant (save, revoke, hooks)
is one call to our service instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from flask import Request, Response, json

from idp.protocol.parameters import Parameters
from idp.protocol.responses import ANY_ORIGIN


class TokenRequest(OAuth2Request):  # type: ignore[misc]
    """A token request whose parameters come from the body alone."""

    def __init__(self, incoming: Request, parameters: Parameters, *, uri: str) -> None:
        super().__init__(incoming.method, uri, headers=incoming.headers)
        self.payload = BasicOAuth2Payload(dict(parameters.values))
        self.resources = parameters.resources

    @property
    def form(self) -> Mapping[str, str]:
        """Return the parameters of the body."""
        return dict(self.payload.data)


class TokenServer(AuthorizationServer):  # type: ignore[misc]
    """The dispatcher. Grants authenticate clients themselves, by ``client_authentication``."""

    def query_client(self, client_id: str) -> None:
        """Never asked: client authentication looks clients up itself."""
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

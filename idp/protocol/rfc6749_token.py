"""The token endpoint (RFC 6749 §3.2, §4.1.3; OpenID Connect Core §3.1.3). A hot path."""

from __future__ import annotations

from typing import Any

import structlog
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from idp.browser.runtime import context, parts
from idp.domain import pkce
from idp.domain.client_metadata import AuthMethod, GrantType
from idp.domain.context import Actor, ActorKind
from idp.domain.errors import DomainError
from idp.protocol import parameters
from idp.protocol.client_authentication import ClientNotAuthenticated, claimed_client_id, refuse_several_methods
from idp.protocol.errors import invalid_request, to_oauth
from idp.protocol.parameters import Unreadable
from idp.protocol.responses import error_response, preflight
from idp.protocol.server import TokenRequest, TokenServer
from idp.services.oauth import code as code_service
from idp.services.oauth.code import TokenSet
from idp.services.registry.clients import RegisteredClient

PATH = "/oauth/token/"
log = structlog.get_logger()
blueprint = Blueprint("token", __name__)


class AuthorizationCodeGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """RFC 6749 §4.1.3: Authlib finds and authenticates, our service redeems."""

    GRANT_TYPE = GrantType.AUTHORIZATION_CODE.value
    TOKEN_ENDPOINT_AUTH_METHODS = list(AuthMethod)  # noqa: RUF012 - Authlib's name and type

    def validate_token_request(self) -> None:
        """Authenticate the client and check the form of what it sent."""
        refuse_several_methods(self.request)
        try:
            self.request.client = self.authenticate_token_endpoint_client()
        except InvalidClientError:
            log.warning("client_not_authenticated", client_id=claimed_client_id(self.request))
            raise ClientNotAuthenticated from None
        if GrantType.AUTHORIZATION_CODE not in self._registered.metadata.grant_types:
            raise UnauthorizedClientError(description="The client may not use this grant.")
        sent = self.request.payload.data
        for name in ("code", "redirect_uri"):
            if name not in sent:
                raise InvalidRequestError(description=f"The parameter {name} is missing.")
        if not pkce.is_verifier(sent.get("code_verifier", "-" * 43)):
            raise InvalidGrantError(description="The code_verifier is not well-formed.")

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Redeem the code in one transaction."""
        sent = self.request.payload.data
        client = self._registered
        try:
            tokens = code_service.redeem(
                sent["code"],
                client,
                redirect_uri=sent["redirect_uri"],
                code_verifier=sent.get("code_verifier"),
                parts=parts(),
                context=context(Actor(kind=ActorKind.CLIENT, id=client.client_id)),
            )
        except DomainError as refused:
            log.warning("token_refused", reason=type(refused).__name__, client_id=client.client_id)
            raise InvalidGrantError(description=to_oauth(refused).description) from refused
        return 200, _as_json(tokens), self.TOKEN_RESPONSE_HEADER

    @property
    def _registered(self) -> RegisteredClient:
        registered: RegisteredClient = self.request.client.registered
        return registered


_server = TokenServer()
_server.register_grant(AuthorizationCodeGrant)


@blueprint.post(PATH, provide_automatic_options=False)
def token() -> ResponseReturnValue:
    """Give tokens for a grant."""
    try:
        sent = parameters.of_form(request)
    except Unreadable as unreadable:
        return error_response(invalid_request(str(unreadable)))
    if sent.doubled:
        return error_response(invalid_request("A parameter occurs more than once."))
    if sent.get("grant_type") is None:
        return error_response(invalid_request("The parameter grant_type is missing."))
    prepared = TokenRequest(request, sent, uri=f"{parts().settings.issuer}{PATH}")
    try:
        return _server.create_token_response(prepared)  # type: ignore[no-any-return]
    except OAuth2Error as error:  # raised before Authlib catches: nothing else may leave as a 500
        return _server.handle_error_response(prepared, error)  # type: ignore[no-any-return]


@blueprint.route(PATH, methods=["OPTIONS"])
def token_preflight() -> ResponseReturnValue:
    """Let pages of any origin call without cookies."""
    return preflight("POST")


def _as_json(tokens: TokenSet) -> dict[str, Any]:
    body: dict[str, Any] = {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in_seconds,
        "scope": " ".join(tokens.scope),
    }
    if tokens.id_token is not None:
        body["id_token"] = tokens.id_token
    return body

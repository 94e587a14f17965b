"""The grants of the token endpoint: Authlib finds the right one, ours authenticate and call one service each."""

from __future__ import annotations

from typing import Any, ClassVar

import structlog
from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Error,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin

from idp.browser.runtime import context, parts
from idp.domain import pkce
from idp.domain.client_words import GrantType
from idp.domain.context import Actor, ActorKind, Context
from idp.domain.errors import DomainError
from idp.protocol.client_authentication import authenticate
from idp.protocol.errors import to_oauth
from idp.services.oauth import client_credentials, code, refresh
from idp.services.oauth.issuing import TokenSet
from idp.services.registry.clients import RegisteredClient

log = structlog.get_logger()


class Grant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """What all grants do: authenticate the client, see whether it may, look at what it sent, redeem."""

    NEEDED: ClassVar[tuple[str, ...]] = ()

    def validate_token_request(self) -> None:
        """Authenticate the client and check the form of what it sent."""
        self.request.client = authenticate(self.request)
        if self.GRANT_TYPE not in self.client.metadata.grant_types:
            raise UnauthorizedClientError(description="The client may not use this grant.")
        for name in self.NEEDED:
            if name not in self.sent:
                raise InvalidRequestError(description=f"The parameter {name} is missing.")

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Give tokens, in one transaction."""
        acting = context(Actor(kind=ActorKind.CLIENT, id=self.client.client_id))
        try:
            tokens = self.redeem(acting)
        except DomainError as refused:
            log.warning("token_refused", reason=type(refused).__name__, client_id=self.client.client_id)
            told = to_oauth(refused)
            raise OAuth2Error(error=told.error, description=told.description, status_code=told.status) from refused
        return 200, _as_json(tokens), self.TOKEN_RESPONSE_HEADER

    def redeem(self, acting: Context) -> TokenSet:
        """Call the service."""
        raise NotImplementedError

    @property
    def client(self) -> RegisteredClient:
        """The client, once it is authenticated."""
        registered: RegisteredClient = self.request.client
        return registered

    @property
    def sent(self) -> dict[str, str]:
        """The parameters of the request."""
        sent: dict[str, str] = self.request.payload.data
        return sent


class AuthorizationCodeGrant(Grant):
    """RFC 6749 §4.1.3, RFC 7636 §4.5."""

    GRANT_TYPE = GrantType.AUTHORIZATION_CODE.value
    NEEDED = ("code", "redirect_uri")

    def validate_token_request(self) -> None:
        """Look at the verifier besides."""
        super().validate_token_request()
        if not pkce.is_verifier(self.sent.get("code_verifier", "-" * 43)):
            raise InvalidGrantError(description="The code_verifier is not well-formed.")

    def redeem(self, acting: Context) -> TokenSet:
        """Redeem the code."""
        return code.redeem(
            self.sent["code"],
            self.client,
            redirect_uri=self.sent["redirect_uri"],
            code_verifier=self.sent.get("code_verifier"),
            resources=self.request.resources,
            parts=parts(),
            context=acting,
        )


class RefreshTokenGrant(Grant):
    """RFC 6749 §6."""

    GRANT_TYPE = GrantType.REFRESH_TOKEN.value
    NEEDED = ("refresh_token",)

    def redeem(self, acting: Context) -> TokenSet:
        """Exchange the refresh token."""
        return refresh.refresh(
            self.sent["refresh_token"],
            self.client,
            scope=self.sent.get("scope"),
            resources=self.request.resources,
            parts=parts(),
            context=acting,
        )


class ClientCredentialsGrant(Grant):
    """RFC 6749 §4.4."""

    GRANT_TYPE = GrantType.CLIENT_CREDENTIALS.value

    def redeem(self, acting: Context) -> TokenSet:
        """Give the client a token for itself."""
        return client_credentials.issue(
            self.client,
            scope=self.sent.get("scope"),
            resources=self.request.resources,
            parts=parts(),
            context=acting,
        )


GRANTS: tuple[type[Grant], ...] = (AuthorizationCodeGrant, RefreshTokenGrant, ClientCredentialsGrant)
"""What the token endpoint gives tokens for, and the metadata lists."""


def _as_json(tokens: TokenSet) -> dict[str, Any]:
    body: dict[str, Any] = {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in_seconds,
    }
    others = {"scope": " ".join(tokens.scope), "id_token": tokens.id_token, "refresh_token": tokens.refresh_token}
    return body | {name: value for name, value in others.items() if value}

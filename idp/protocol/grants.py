"""The grants of the token endpoint: each authenticates its client and calls one service. Refusals are Authlib's errors.

Authlib's dispatcher is not used: what it would do around a grant is one call of ours (docs/adr/0022).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import structlog
from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Error,
    UnauthorizedClientError,
    UnsupportedGrantTypeError,
)

from idp.browser.runtime import context, parts
from idp.domain import pkce
from idp.domain.client_words import GrantType
from idp.domain.context import Actor, ActorKind, Context
from idp.domain.errors import DomainError
from idp.protocol.client_authentication import authenticate
from idp.protocol.client_request import ClientRequest
from idp.protocol.errors import to_oauth
from idp.services.oauth import client_credentials, code, refresh
from idp.services.oauth.issuing import TokenSet
from idp.services.registry.clients import RegisteredClient

log = structlog.get_logger()


class Grant:
    """What all grants do: authenticate the client, see whether it may, look at what it sent, redeem.

    :ivar client: the client, once it is authenticated.
    """

    GRANT_TYPE: ClassVar[GrantType]
    NEEDED: ClassVar[tuple[str, ...]] = ()

    client: RegisteredClient

    def __init__(self, request: ClientRequest) -> None:
        self.request = request
        self.sent = request.sent

    def validate(self) -> None:
        """Authenticate the client and check the form of what it sent."""
        self.client = authenticate(self.request)
        if self.GRANT_TYPE not in self.client.metadata.grant_types:
            raise UnauthorizedClientError(description="The client may not use this grant.")
        for name in self.NEEDED:
            if name not in self.sent:
                raise InvalidRequestError(description=f"The parameter {name} is missing.")

    def tokens(self) -> TokenSet:
        """Give tokens, in one transaction."""
        acting = context(Actor(kind=ActorKind.CLIENT, id=self.client.client_id))
        try:
            return self.redeem(acting)
        except DomainError as refused:
            log.warning("token_refused", reason=type(refused).__name__, client_id=self.client.client_id)
            told = to_oauth(refused)
            raise OAuth2Error(error=told.error, description=told.description, status_code=told.status) from refused

    def redeem(self, acting: Context) -> TokenSet:
        """Call the service."""
        raise NotImplementedError


class AuthorizationCodeGrant(Grant):
    """RFC 6749 §4.1.3, RFC 7636 §4.5."""

    GRANT_TYPE = GrantType.AUTHORIZATION_CODE
    NEEDED = ("code", "redirect_uri")

    def validate(self) -> None:
        """Look at the verifier besides."""
        super().validate()
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

    GRANT_TYPE = GrantType.REFRESH_TOKEN
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

    GRANT_TYPE = GrantType.CLIENT_CREDENTIALS

    def redeem(self, acting: Context) -> TokenSet:
        """Give the client a token for itself."""
        return client_credentials.issue(
            self.client,
            scope=self.sent.get("scope"),
            resources=self.request.resources,
            parts=parts(),
            context=acting,
        )


BY_TYPE: Mapping[str, type[Grant]] = {
    grant.GRANT_TYPE.value: grant for grant in (AuthorizationCodeGrant, RefreshTokenGrant, ClientCredentialsGrant)
}
"""What the token endpoint gives tokens for, and the metadata lists."""


def give(request: ClientRequest) -> Mapping[str, Any]:
    """Return the answer to a token request (RFC 6749 §5.1).

    :raises OAuth2Error: it is refused.
    """
    kind = BY_TYPE.get(request.sent["grant_type"])
    if kind is None:
        raise UnsupportedGrantTypeError(request.sent["grant_type"])
    grant = kind(request)
    grant.validate()
    return _as_json(grant.tokens())


def _as_json(tokens: TokenSet) -> dict[str, Any]:
    body: dict[str, Any] = {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in_seconds,
    }
    others = {"scope": " ".join(tokens.scope), "id_token": tokens.id_token, "refresh_token": tokens.refresh_token}
    return body | {name: value for name, value in others.items() if value}

"""What a client's registration cannot be at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from idp.domain.client_words import AuthMethod, ClaimsProfile, GrantType, Party, Pkce
from idp.domain.scope import Scope

if TYPE_CHECKING:
    from idp.domain.client_metadata import ClientMetadata


def contradictions(metadata: ClientMetadata) -> list[str]:
    """Return a sentence for each contradiction, saying what to do."""
    return [*_of_grants(metadata), *_of_authentication(metadata), *_of_claims(metadata), *_of_scope(metadata)]


def _of_grants(metadata: ClientMetadata) -> Iterator[str]:
    grants = metadata.grant_types
    by_code = GrantType.AUTHORIZATION_CODE in grants
    if by_code and not metadata.redirect_uris:
        yield "give at least one --redirect-uri: where people are sent back to after signing in"
    if GrantType.REFRESH_TOKEN in grants and not by_code:
        yield "the grant type refresh_token renews what authorization_code gave: register both"
    if GrantType.CLIENT_CREDENTIALS in grants and metadata.is_public:
        yield "a public client cannot use client_credentials: it has nothing to prove itself with"
    if metadata.roles and GrantType.CLIENT_CREDENTIALS not in grants:
        yield "--role is for the grant type client_credentials; people bring their own roles"


def _of_authentication(metadata: ClientMetadata) -> Iterator[str]:
    if metadata.is_public and metadata.pkce is Pkce.OPTIONAL:
        yield "a public client always needs PKCE: leave out --no-pkce"
    if metadata.is_public and metadata.serves:
        yield "a public client cannot introspect tokens: leave out --serves"
    keys = [given for given in (metadata.jwks, metadata.jwks_uri) if given]
    if metadata.auth_method is AuthMethod.PRIVATE_KEY_JWT and len(keys) != 1:
        yield "private_key_jwt needs the client's public keys: give --jwks-file or --jwks-uri, one of them"
    if metadata.auth_method is not AuthMethod.PRIVATE_KEY_JWT and keys:
        yield "--jwks-file and --jwks-uri are for --auth-method private_key_jwt"


def _of_claims(metadata: ClientMetadata) -> Iterator[str]:
    if metadata.party is Party.THIRD and metadata.claims_profile is ClaimsProfile.DEEPDESK:
        yield "a third-party client gets what people allow it: give --claims standard"


def _of_scope(metadata: ClientMetadata) -> Iterator[str]:
    if Scope.MANAGE in metadata.scope and (metadata.is_public or metadata.party is Party.THIRD):
        yield "the scope manage opens the management API: only a confidential client of our own can have it"

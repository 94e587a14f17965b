"""A client's registration in its row, and back."""

from __future__ import annotations

from idp.domain.client_metadata import ClientMetadata
from idp.domain.client_words import AuthMethod, ClaimsProfile, GrantType, Party, Pkce, ResponseType, SigningAlg
from idp.domain.roles import Role
from idp.domain.scope import Scope
from idp.store.clients import Client


def write(row: Client, metadata: ClientMetadata) -> None:
    """Put a checked registration into a row."""
    row.client_name = metadata.client_name
    row.redirect_uris = list(metadata.redirect_uris)
    row.grant_types = list(metadata.grant_types)
    row.response_types = list(metadata.response_types)
    row.auth_method = metadata.auth_method
    row.scope = " ".join(metadata.scope)
    row.id_token_alg = metadata.id_token_alg
    row.pkce = metadata.pkce
    row.party = metadata.party
    row.claims_profile = metadata.claims_profile
    row.audiences = list(metadata.audiences)
    row.serves = list(metadata.serves)
    row.roles = list(metadata.roles)
    row.post_logout_redirect_uris = list(metadata.post_logout_redirect_uris)
    row.backchannel_logout_uri = metadata.backchannel_logout_uri
    row.jwks = None if metadata.jwks is None else dict(metadata.jwks)
    row.jwks_uri = metadata.jwks_uri


def read(row: Client) -> ClientMetadata:
    """Read a row that was checked when it was written."""
    return ClientMetadata(
        client_name=row.client_name,
        redirect_uris=tuple(row.redirect_uris),
        grant_types=tuple(GrantType(word) for word in row.grant_types),
        response_types=tuple(ResponseType(word) for word in row.response_types),
        auth_method=None if row.auth_method is None else AuthMethod(row.auth_method),
        scope=tuple(Scope(word) for word in row.scope.split(" ")),
        id_token_alg=SigningAlg(row.id_token_alg),
        pkce=Pkce(row.pkce),
        party=Party(row.party),
        claims_profile=ClaimsProfile(row.claims_profile),
        audiences=tuple(row.audiences),
        serves=tuple(row.serves),
        roles=tuple(Role(word) for word in row.roles),
        post_logout_redirect_uris=tuple(row.post_logout_redirect_uris),
        backchannel_logout_uri=row.backchannel_logout_uri,
        jwks=row.jwks,
        jwks_uri=row.jwks_uri,
    )

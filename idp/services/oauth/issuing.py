"""Minting what an authorization gives: access token, ID token, refresh token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from idp.domain.authorization import Authorization
from idp.domain.context import Context
from idp.domain.resource import audience_of
from idp.domain.roles import effective, grants_of
from idp.domain.scope import Scope
from idp.services.oauth import claims
from idp.services.parts import Parts
from idp.services.registry.clients import RegisteredClient
from idp.store.subjects import Subject
from idp.tokens import access_token, id_token
from idp.tokens.access_token import Person

MAX_TOKEN_LENGTH = 4096
"""Beyond that a token outgrows cookies and header limits of services; permissions then stand as wildcards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSet:
    """What a client gets.

    :param id_token: none where the scope lacks ``openid``.
    :param refresh_token: none where the client may not renew.
    :param expires_in_seconds: of the access token.
    """

    access_token: str = field(repr=False)
    id_token: str | None = field(repr=False, default=None)
    refresh_token: str | None = field(repr=False, default=None)
    scope: tuple[Scope, ...]
    expires_in_seconds: int


def token_set(
    authorization: Authorization,
    subject: Subject,
    client: RegisteredClient,
    *,
    refresh_token: str | None,
    parts: Parts,
    context: Context,
) -> TokenSet:
    """Mint the tokens for a person.

    :param authorization: narrowed to what this call asked for.
    :param subject: the person as the client meets them now.
    """
    access_lifetime = _lifetime(parts.settings.lifetime("access_token_ttl"), subject, context)
    access = _access_token(authorization, subject, client, access_lifetime, parts, context)
    return TokenSet(
        access_token=access,
        id_token=_id_token(authorization, subject, client, access, parts, context),
        refresh_token=refresh_token,
        scope=authorization.scope,
        expires_in_seconds=int(access_lifetime.total_seconds()),
    )


def _access_token(
    authorization: Authorization,
    subject: Subject,
    client: RegisteredClient,
    lifetime: timedelta,
    parts: Parts,
    context: Context,
) -> str:
    metadata = client.metadata
    mint = partial(
        access_token.mint,
        issuer=parts.settings.issuer,
        client_id=client.client_id,
        person=Person(user_id=authorization.user_id, sid=authorization.sid, family_id=authorization.family_id),
        audience=audience_of(
            authorization.resources,
            audiences=metadata.audiences,
            issuer=parts.settings.issuer,
            openid=Scope.OPENID in authorization.scope,
        ),
        scope=authorization.scope,
        signer=parts.keys.signer(access_token.ALG, now=context.now),
        lifetime=lifetime,
        now=context.now,
    )
    return _short(
        lambda told: mint(claims=told),
        claims.in_access_token(subject, metadata.claims_profile, scope=authorization.scope),
        subject,
    )


def _id_token(
    authorization: Authorization,
    subject: Subject,
    client: RegisteredClient,
    access: str,
    parts: Parts,
    context: Context,
) -> str | None:
    if Scope.OPENID not in authorization.scope:
        return None
    metadata = client.metadata
    mint = partial(
        id_token.mint,
        issuer=parts.settings.issuer,
        client_id=client.client_id,
        subject=authorization.user_id,
        sid=authorization.sid,
        authentication=authorization.authentication,
        nonce=authorization.nonce,
        access_token=access,
        signer=parts.keys.signer(metadata.id_token_alg, now=context.now),
        lifetime=_lifetime(parts.settings.lifetime("id_token_ttl"), subject, context),
        now=context.now,
    )
    told = claims.in_id_token(
        subject, metadata.claims_profile, authorization.claims, scope=authorization.scope, may=metadata.scope
    )
    return _short(lambda those: mint(claims=those), told, subject)


def _short(mint: Callable[[Mapping[str, Any]], str], told: Mapping[str, Any], subject: Subject) -> str:
    """Return a token that says ``told``; permissions by wildcards where it would be too long otherwise."""
    token = mint(told)
    if len(token) <= MAX_TOKEN_LENGTH or "permissions" not in told:
        return token
    return mint({**told, "permissions": list(grants_of(effective(subject.roles)))})


def _lifetime(usual: timedelta, subject: Subject, context: Context) -> timedelta:
    """Let no token outlive the grant by which a staff member is what it says."""
    return usual if subject.until is None else min(usual, subject.until - context.now)

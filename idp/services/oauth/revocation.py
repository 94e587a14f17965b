"""Tokens that a client gives back (RFC 7009 §2.1)."""

from __future__ import annotations

from enum import StrEnum

from idp.audit import trail
from idp.audit.events import TokenRevoked
from idp.domain.context import Context
from idp.domain.errors import AccessTokenRefused
from idp.services.parts import Parts
from idp.services.registry.clients import RegisteredClient
from idp.store import renewals, revoked_tokens, token_families
from idp.store.unit_of_work import unit_of_work
from idp.tokens import access_token, refresh_token
from idp.tokens.access_token import AccessToken
from idp.tokens.refresh_token import Presented


class Kind(StrEnum):
    """What was given back."""

    ACCESS = "access_token"
    REFRESH = "refresh_token"


def revoke(token: str, client: RegisteredClient, *, parts: Parts, context: Context) -> None:
    """End a token of the client's own; what is anything else changes nothing, and nobody is told.

    With a refresh token its whole family ends, whichever generation it is of: its access tokens and all
    successors. An access token ends alone. One transaction, with its audit event.
    """
    presented = refresh_token.read(token)
    if presented is not None:
        _end_family(presented, client, parts, context)
        return
    try:
        verified = access_token.verify(token, issuer=parts.settings.issuer, keys=parts.keys, now=context.now)
    except AccessTokenRefused:
        return
    if verified.client_id == client.client_id:
        _end_alone(verified, client, context)


def _end_family(presented: Presented, client: RegisteredClient, parts: Parts, context: Context) -> None:
    with unit_of_work() as session:
        found = renewals.take(session, presented.family_id)
        if found is None or not parts.refresh_tokens.is_genuine(presented, seed=found.seed):
            return
        if found.client_id != client.client_id:
            return
        token_families.revoke(session, presented.family_id, now=context.now)
        event = TokenRevoked(
            account=client.account or found.subject.account,
            user=found.authorization.user_id,
            client=client.client_id,
            token=Kind.REFRESH,
            family=presented.family_id,
        )
        trail.record(session, event, context)


def _end_alone(verified: AccessToken, client: RegisteredClient, context: Context) -> None:
    with unit_of_work() as session:
        if not revoked_tokens.add(session, verified.jti, expires_at=verified.expires_at):
            return
        event = TokenRevoked(
            account=client.account or verified.claims.get("account"),
            user=None if verified.family_id is None else verified.subject,
            client=client.client_id,
            token=Kind.ACCESS,
            family=verified.family_id,
        )
        trail.record(session, event, context)

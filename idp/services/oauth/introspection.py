"""What a token is worth at this moment (RFC 7662, CONTRACT §6 rule 12). A hot path: it reads, and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from idp.domain.client_words import GrantType
from idp.domain.clock import unix
from idp.domain.context import Context
from idp.domain.errors import AccessTokenRefused
from idp.domain.identifiers import FamilyId
from idp.domain.refresh_rotation import Verdict, judge
from idp.domain.scope import Scope
from idp.services.oauth import claims
from idp.services.oauth.standing import standing_in
from idp.services.parts import Parts
from idp.services.registry.clients import RegisteredClient
from idp.store import clients, renewals, subjects
from idp.store.renewals import Renewal
from idp.store.unit_of_work import reading
from idp.tokens import access_token, refresh_token
from idp.tokens.access_token import AccessToken
from idp.tokens.refresh_token import Presented

INACTIVE: Mapping[str, Any] = {"active": False}
"""The same for every token that is not good for the one who asks (RFC 7662 §2.2)."""
_LIVE = frozenset({*claims.OF_SCOPE[Scope.ROLES], *claims.OF_SCOPE[Scope.PERMISSIONS]})
"""What a token says that may have changed since: it is read anew."""


def introspect(token: str, client: RegisteredClient, *, parts: Parts, context: Context) -> Mapping[str, Any]:
    """Return what a token says, as far as it holds now.

    :param client: who asks: it is told about its own tokens, and about access tokens for what it serves.
    :returns: the members of RFC 7662 §2.2; those of an access token under the names it uses itself.
    """
    presented = refresh_token.read(token)
    if presented is not None:
        return _of_refresh_token(presented, client, parts, context) or INACTIVE
    try:
        verified = access_token.verify(token, issuer=parts.settings.issuer, keys=parts.keys, now=context.now)
    except AccessTokenRefused:
        return INACTIVE
    if verified.client_id != client.client_id and not {*verified.audience} & {*client.metadata.serves}:
        return INACTIVE
    with reading() as session:
        holding = _holding(session, verified, context)
    if holding is None:
        return INACTIVE
    lasting = {name: value for name, value in verified.claims.items() if name not in _LIVE}
    return {"active": True, "token_type": "Bearer", **lasting, **holding}


def _holding(session: Session, verified: AccessToken, context: Context) -> Mapping[str, Any] | None:
    """Return what may have changed since an access token was minted; none when it no longer counts."""
    if verified.family_id is None:
        itself = clients.of_live_token(session, verified.client_id, jti=verified.jti)
        return None if itself is None else claims.of_client(itself.account, itself.roles)
    return _of_person(session, verified, verified.family_id, context)


def _of_person(
    session: Session, verified: AccessToken, family_id: FamilyId, context: Context
) -> Mapping[str, Any] | None:
    member = subjects.of_live_family(session, family_id, jti=verified.jti)
    if member is None:
        return None
    subject = standing_in(
        session,
        member.subject,
        client_account=member.client_account,
        admitted=clients.admitted_by(session, member.client_id) if member.client_account is None else (),
        now=context.now,
    )
    if subject is None or (subject.user_id, member.client_id) != (verified.subject, verified.client_id):
        return None
    return claims.in_access_token(subject, member.profile, scope=verified.scope)


def _of_refresh_token(
    presented: Presented, client: RegisteredClient, parts: Parts, context: Context
) -> Mapping[str, Any] | None:
    with reading() as session:
        found = renewals.peek(session, presented.family_id)
        if found is None or not parts.refresh_tokens.is_genuine(presented, seed=found.seed):
            return None
        if not _renews(presented, found, client, parts, context) or not _stands(session, found, client, context):
            return None
    idle = parts.settings.lifetime("refresh_token_ttl")
    given = found.authorization
    return {
        "active": True,
        "client_id": client.client_id,
        "sub": given.user_id,
        "scope": " ".join(given.scope),
        "iss": parts.settings.issuer,
        "iat": unix(found.standing.rotated_at),
        "exp": unix(min(found.standing.expires_at, found.standing.rotated_at + idle)),
    }


def _renews(presented: Presented, found: Renewal, client: RegisteredClient, parts: Parts, context: Context) -> bool:
    """Say whether it is the client's and the present one of its family; what was just spent is not."""
    if found.client_id != client.client_id or GrantType.REFRESH_TOKEN not in client.metadata.grant_types:
        return False
    verdict = judge(
        presented.generation,
        found.standing,
        now=context.now,
        grace=parts.settings.lifetime("refresh_grace"),
        idle=parts.settings.lifetime("refresh_token_ttl"),
    )
    return verdict is Verdict.ROTATE


def _stands(session: Session, found: Renewal, client: RegisteredClient, context: Context) -> bool:
    stale = found.confirmation.is_stale(now=context.now)
    subject = standing_in(
        session, found.subject, client_account=client.account, admitted=client.admitted, now=context.now
    )
    return subject is not None and not stale

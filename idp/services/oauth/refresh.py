"""Renewing tokens by refresh token (RFC 6749 §6, CONTRACT §6 rule 3, OpenID Connect Core §12). A hot path."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import RefreshReplayed, TokensRefreshed
from idp.domain.authorization import Authorization
from idp.domain.client_words import GrantType
from idp.domain.context import Context
from idp.domain.errors import RefreshTokenReplayed, RefreshTokenUnknown
from idp.domain.refresh_rotation import Verdict, judge
from idp.services.oauth.issuing import TokenSet, token_set
from idp.services.oauth.narrowing import narrowed_resources, narrowed_scope
from idp.services.oauth.standing import standing_in
from idp.services.parts import Parts
from idp.services.registry.clients import RegisteredClient
from idp.store import renewals, token_families
from idp.store.renewals import Renewal
from idp.store.subjects import Subject
from idp.store.unit_of_work import unit_of_work
from idp.tokens import refresh_token
from idp.tokens.refresh_token import Presented


@dataclass(frozen=True, slots=True, kw_only=True)
class _Renewed:
    """What a refresh token is exchanged for."""

    authorization: Authorization
    subject: Subject
    successor: str


def refresh(
    presented_token: str,
    client: RegisteredClient,
    *,
    scope: str | None,
    resources: tuple[str, ...] = (),
    parts: Parts,
    context: Context,
) -> TokenSet:
    """Exchange a refresh token for its successor and fresh tokens.

    One transaction, one row changed. Of concurrent callers with one token all
    get the same successor. A token that comes again later ends its family, and
    that stands although this call fails.

    :param scope: space-separated, a part of what was granted; none for all of it.
    :param resources: narrow the audience of this access token.
    :raises RefreshTokenUnknown: not genuine, another client's, ended, too old, or its person must sign in again.
    :raises RefreshTokenReplayed: it was used before; its family ends.
    :raises ScopeRefused: more than was granted; the token stays unspent.
    :raises ResourceRefused: the same for the audience.
    """
    presented = refresh_token.read(presented_token)
    if presented is None or GrantType.REFRESH_TOKEN not in client.metadata.grant_types:
        raise RefreshTokenUnknown
    with unit_of_work() as session:
        found = _genuine(session, presented, client, parts)
        verdict = _judged(presented, found, parts, context)
        if verdict is Verdict.REPLAYED:
            _end(session, found, context)
            renewed = None
        else:
            renewed = _renew(session, found, verdict, client, scope, resources, parts, context)
    if renewed is None:
        raise RefreshTokenReplayed
    return token_set(
        renewed.authorization,
        renewed.subject,
        client,
        refresh_token=renewed.successor,
        parts=parts,
        context=context,
    )


def _genuine(session: Session, presented: Presented, client: RegisteredClient, parts: Parts) -> Renewal:
    found = renewals.take(session, presented.family_id)
    if found is None or not parts.refresh_tokens.is_genuine(presented, seed=found.seed):
        raise RefreshTokenUnknown
    if found.client_id != client.client_id:
        # Not counted as a replay: another client that got hold of it must not end the owner's family.
        raise RefreshTokenUnknown
    return found


def _judged(presented: Presented, found: Renewal, parts: Parts, context: Context) -> Verdict:
    verdict = judge(
        presented.generation,
        found.standing,
        now=context.now,
        grace=parts.settings.lifetime("refresh_grace"),
        idle=parts.settings.lifetime("refresh_token_ttl"),
    )
    if verdict is Verdict.EXPIRED:
        raise RefreshTokenUnknown
    return verdict


def _end(session: Session, found: Renewal, context: Context) -> None:
    family = found.authorization.family_id
    token_families.revoke(session, family, now=context.now)
    event = RefreshReplayed(
        account=found.subject.account,
        user=found.authorization.user_id,
        client=found.client_id,
        family=family,
        outcome="replayed",
    )
    trail.record(session, event, context)


def _renew(
    session: Session,
    found: Renewal,
    verdict: Verdict,
    client: RegisteredClient,
    scope: str | None,
    resources: tuple[str, ...],
    parts: Parts,
    context: Context,
) -> _Renewed:
    given = found.authorization
    narrowed = replace(
        given,
        scope=narrowed_scope(scope, given, client),
        resources=narrowed_resources(resources, given, client, issuer=parts.settings.issuer),
    )
    subject = _subject(session, found, client, context)
    generation = found.standing.generation
    if verdict is Verdict.ROTATE:
        generation += 1
        renewals.rotate(session, given.family_id, generation=generation, now=context.now)
    event = TokensRefreshed(
        account=subject.account, user=given.user_id, client=client.client_id, family=given.family_id
    )
    trail.record(session, event, context)
    successor = parts.refresh_tokens.make(given.family_id, generation, seed=found.seed)
    return _Renewed(authorization=narrowed, subject=subject, successor=successor)


def _subject(session: Session, found: Renewal, client: RegisteredClient, context: Context) -> Subject:
    """Return the person as the client meets them now.

    :raises RefreshTokenUnknown: they may no longer enter, or their upstream has not confirmed them for too long.
    """
    stale = found.confirmation.is_stale(now=context.now)
    subject = standing_in(
        session, found.subject, client_account=client.account, admitted=client.admitted, now=context.now
    )
    if stale or subject is None:
        raise RefreshTokenUnknown
    return subject

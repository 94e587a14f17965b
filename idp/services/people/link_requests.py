"""Identity collisions: somebody brought an address that another person holds, and managers say who it is.

One request an upstream identity and the person it met, however often it
comes back (CONTRACT §6 rule 6). Nothing is tied before somebody decides.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import IdentityLinked, LinkDecided, LinkRequested
from idp.domain.context import Context
from idp.domain.errors import DecisionTooLate, Invalid
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.secrets import new_identifier
from idp.domain.upstream_identity import UpstreamIdentity
from idp.mails.kinds import CollisionAsked
from idp.services.mailing import links, recipients
from idp.services.mailing.post import post
from idp.services.parts import Parts
from idp.services.sessions import ending
from idp.store import (
    access_requests,
    accounts,
    providers,
    sign_ins,
    upstream_identities,
    users,
)
from idp.store.access_requests import AccessRequest, Collision, RequestKind, RequestStatus
from idp.store.providers import Provider
from idp.store.users import User

MATCH_DECIDED = "decided"
"""In the audit trail: the ground on which a manager's decision ties an identity to a user."""


def ask(
    session: Session,
    provider: Provider,
    identity: UpstreamIdentity,
    holder: User,
    *,
    parts: Parts,
    context: Context,
) -> None:
    """Ask the managers whether an upstream identity is the holder of its address, within the caller's transaction.

    They are mailed once, however often it comes back.
    """
    present = access_requests.of_collision(
        session,
        providers.id_of(provider),
        issuer=identity.issuer,
        subject=identity.subject,
        user_id=UserId(holder.id),
    )
    if present is not None:
        present.attempts = AccessRequest.attempts + 1
        present.last_attempt_at = context.now
        # Approved once, and the tie was removed since: that is a new question. Approved at this very moment: none.
        if present.status == RequestStatus.APPROVED and not _is_tied(session, present):
            present.status = RequestStatus.PENDING
            _asked(session, present, provider, parts, context)
        return
    row = AccessRequest(
        id=new_identifier(),
        account_code=provider.account_code,
        kind=RequestKind.LINK,
        status=RequestStatus.PENDING,
        user_id=holder.id,
        provider_id=provider.id,
        issuer=identity.issuer,
        subject=identity.subject,
        email=holder.email or "",
        email_vouched=identity.email_vouched,
        name=identity.name,
        attempts=1,
        created_at=context.now,
        last_attempt_at=context.now,
    )
    session.add(row)
    _asked(session, row, provider, parts, context)


def approve(session: Session, row: AccessRequest, *, context: Context) -> None:
    """Tie the identity to the person it met, whose roles stay; a denied request can be approved after all.

    :raises DecisionTooLate: it was approved before.
    :raises Invalid: the identity has become another user's meanwhile.
    """
    if row.status == RequestStatus.APPROVED:
        raise DecisionTooLate(f"access request {row.id} was approved already")
    met = row.collision()
    tied = upstream_identities.find(session, met.provider_id, issuer=met.issuer, subject=met.subject)
    if tied is not None:
        raise Invalid(
            f"this sign-in has become user {tied.user_id} meanwhile; delete that user first if they are the same"
        )
    _tie(session, row, context)
    _decide(session, row, RequestStatus.APPROVED, None, context)


def deny(session: Session, row: AccessRequest, *, reason: str | None, context: Context) -> None:
    """Refuse the identity from now on, wherever its address is the person's.

    Denying what was approved undoes it: the tie goes, and all that the person has open: somebody else may be in it.

    :raises DecisionTooLate: it was denied before.
    """
    if row.status == RequestStatus.DENIED:
        raise DecisionTooLate(f"access request {row.id} was denied already")
    if row.status == RequestStatus.APPROVED:
        _untie(session, row, context)
    _decide(session, row, RequestStatus.DENIED, reason, context)


def take_back(session: Session, row: AccessRequest, *, context: Context) -> None:
    """Let a request wait again as if nobody had decided; what an approval tied is untied."""
    if row.status == RequestStatus.APPROVED:
        _untie(session, row, context)
    _decide(session, row, RequestStatus.PENDING, None, context)
    row.decided_at = row.decided_by = None


def _asked(session: Session, row: AccessRequest, provider: Provider, parts: Parts, context: Context) -> None:
    event = LinkRequested(account=row.account_code, user=row.user_id, request=row.id, provider=provider.code)
    trail.record(session, event, context)
    account = accounts.find(session, AccountCode(row.account_code))
    for manager in recipients.managers(session, AccountCode(row.account_code)):
        mail = CollisionAsked(
            account_name=account.name if account else row.account_code,
            link=links.to_decide(row.account_code, parts=parts),
            address=row.email,
            provider_name=provider.display_name,
            asked_at=context.now,
        )
        post(
            session,
            mail,
            to=manager.email or "",
            language=recipients.language_of(manager),
            account=row.account_code,
            parts=parts,
            context=context,
        )


def _is_tied(session: Session, row: AccessRequest) -> bool:
    met = row.collision()
    return upstream_identities.find(session, met.provider_id, issuer=met.issuer, subject=met.subject) is not None


def _tie(session: Session, row: AccessRequest, context: Context) -> None:
    met = row.collision()
    upstream_identities.tie(
        session,
        met.provider_id,
        issuer=met.issuer,
        subject=met.subject,
        user_id=met.user_id,
        now=context.now,
    )
    provider = providers.get(session, met.provider_id)
    event = IdentityLinked(
        account=row.account_code,
        user=row.user_id,
        provider=provider.code if provider else "",
        match=MATCH_DECIDED,
    )
    trail.record(session, event, context)


def _untie(session: Session, row: AccessRequest, context: Context) -> None:
    met = row.collision()
    _give_roles_back(session, met, context)
    upstream_identities.untie(session, met.provider_id, issuer=met.issuer, subject=met.subject, user_id=met.user_id)
    ending.end_all_of_user(session, met.user_id, context=context)


def _give_roles_back(session: Session, met: Collision, context: Context) -> None:
    """Take from the person the roles that the sign-in gave them: those before its first time count again."""
    by_it = sign_ins.by_identity(session, met.user_id, issuer=met.issuer, subject=met.subject)
    user = users.get(session, met.user_id)
    if user is None or user.roles_sign_in_id not in {one.id for one in by_it}:
        return
    user.roles = list(by_it[0].roles_before)
    user.roles_sign_in_id = None
    user.roles_set_at = context.now
    user.roles_set_by = context.actor.id


def _decide(session: Session, row: AccessRequest, status: RequestStatus, reason: str | None, context: Context) -> None:
    row.status = status
    row.decided_at = context.now
    row.decided_by = context.actor.id
    row.reason = reason
    event = LinkDecided(
        account=row.account_code, user=row.user_id, request=row.id, decision=status.value, reason=reason
    )
    trail.record(session, event, context)

"""Identity collisions: somebody brought an address that another person holds, and managers say who it is.

One request an upstream identity and the person it met, however often it
comes back (CONTRACT §6 rule 6). Nothing is tied before somebody decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import IdentityLinked, LinkDecided, LinkRequested
from idp.domain.context import Context
from idp.domain.errors import Invalid, NotFound
from idp.domain.identifiers import AccountCode, ProviderId, UserId
from idp.domain.secrets import new_identifier
from idp.domain.upstream_identity import UpstreamIdentity
from idp.services.registry import accounts
from idp.services.sessions import ending
from idp.store import (
    access_requests,
    providers,
    sign_ins,
    upstream_identities,
    users,
)
from idp.store.access_requests import AccessRequest, RequestKind, RequestStatus
from idp.store.providers import Provider
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.users import User

MAX_REASON_LENGTH = 500
MATCH_DECIDED = "decided"
"""In the audit trail: the ground on which a manager's decision ties an identity to a user."""


def ask(session: Session, provider: Provider, identity: UpstreamIdentity, holder: User, *, context: Context) -> None:
    """Ask the managers whether an upstream identity is the holder of its address, within the caller's transaction."""
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
            _record_asked(session, present, provider, context)
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
    _record_asked(session, row, provider, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A request, with what whoever decides it has to see.

    :param meets: the person whose address the sign-in brought.
    """

    request: AccessRequest
    provider: Provider | None
    meets: User | None


def list_all(account: str | None) -> Sequence[Listed]:
    """Return the requests of one account, or all, the oldest first.

    :raises NotFound: there is no such account.
    """
    with reading() as session:
        if account is not None:
            accounts.require(session, account)
        found = access_requests.of_account(session, None if account is None else AccountCode(account))
        return [
            Listed(
                request=row,
                provider=providers.get(session, ProviderId(row.provider_id)),
                meets=users.get(session, UserId(row.user_id)),
            )
            for row in found
        ]


def approve(request_id: str, *, context: Context) -> AccessRequest:
    """Tie the identity to the person it met, whose roles stay; a denied request can be approved after all.

    :raises NotFound: there is no such request.
    :raises Invalid: it was approved before, or the identity has become another user's meanwhile.
    """
    with unit_of_work() as session:
        row = _require(session, request_id)
        if row.status == RequestStatus.APPROVED:
            raise Invalid(f"access request {request_id} was approved already")
        provider = ProviderId(row.provider_id)
        tied = upstream_identities.find(session, provider, issuer=row.issuer, subject=row.subject)
        if tied is not None:
            raise Invalid(
                f"this sign-in has become user {tied.user_id} meanwhile; delete that user first if they are the same"
            )
        _tie(session, row, context)
        _decide(session, row, RequestStatus.APPROVED, None, context)
    return row


def deny(request_id: str, *, reason: str | None, context: Context) -> AccessRequest:
    """Refuse the identity from now on, wherever its address is the person's.

    Denying what was approved undoes it: the tie goes, and all that the person has open: somebody else may be in it.

    :raises NotFound: there is no such request.
    :raises Invalid: it was denied before, or the reason cannot be kept.
    """
    if reason is not None and (len(reason) > MAX_REASON_LENGTH or not reason.isprintable()):
        raise Invalid(f"--reason must have at most {MAX_REASON_LENGTH} printable characters")
    with unit_of_work() as session:
        row = _require(session, request_id)
        if row.status == RequestStatus.DENIED:
            raise Invalid(f"access request {request_id} was denied already")
        if row.status == RequestStatus.APPROVED:
            _untie(session, row, context)
        _decide(session, row, RequestStatus.DENIED, reason, context)
    return row


def _require(session: Session, request_id: str) -> AccessRequest:
    row = access_requests.take(session, request_id)
    if row is None:
        raise NotFound(f"there is no access request {request_id[:64]!r}; see: idp access-requests list")
    return row


def _record_asked(session: Session, row: AccessRequest, provider: Provider, context: Context) -> None:
    event = LinkRequested(account=row.account_code, user=row.user_id, request=row.id, provider=provider.code)
    trail.record(session, event, context)


def _is_tied(session: Session, row: AccessRequest) -> bool:
    found = upstream_identities.find(session, ProviderId(row.provider_id), issuer=row.issuer, subject=row.subject)
    return found is not None


def _tie(session: Session, row: AccessRequest, context: Context) -> None:
    upstream_identities.tie(
        session,
        ProviderId(row.provider_id),
        issuer=row.issuer,
        subject=row.subject,
        user_id=UserId(row.user_id),
        now=context.now,
    )
    provider = providers.get(session, ProviderId(row.provider_id))
    event = IdentityLinked(
        account=row.account_code,
        user=row.user_id,
        provider=provider.code if provider else "",
        match=MATCH_DECIDED,
    )
    trail.record(session, event, context)


def _untie(session: Session, row: AccessRequest, context: Context) -> None:
    user_id = UserId(row.user_id)
    _give_roles_back(session, row, context)
    upstream_identities.untie(
        session, ProviderId(row.provider_id), issuer=row.issuer, subject=row.subject, user_id=user_id
    )
    ending.end_all_of_user(session, user_id, context=context)


def _give_roles_back(session: Session, row: AccessRequest, context: Context) -> None:
    """Take from the person the roles that the sign-in gave them: those before its first time count again."""
    by_it = sign_ins.by_identity(session, UserId(row.user_id), issuer=row.issuer, subject=row.subject)
    user = users.get(session, UserId(row.user_id))
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

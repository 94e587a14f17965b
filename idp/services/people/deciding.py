"""Access requests and identity collisions as those see them who decide: the list, and one way to decide either.

The transaction and the question who may are here; what a decision does, the kind's own module says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp.domain.access_requests import MAX_REASON_LENGTH, UNDO_WITHIN, Decider, Stage, Standing, stage_of
from idp.domain.context import Context
from idp.domain.errors import AlreadyExists, DecisionNotYours, DecisionTooLate, Invalid, NotFound
from idp.domain.identifiers import AccountCode, ProviderId, UserId
from idp.domain.roles import DEFAULT_ROLE, Role
from idp.services.parts import Parts
from idp.services.people import access_decisions, link_requests
from idp.services.registry import accounts as registry
from idp.services.sign_in.access_requests import patience_of
from idp.store import access_requests, accounts, outbox, providers, users
from idp.store.access_requests import AccessRequest, RequestKind, RequestStatus
from idp.store.outbox import State
from idp.store.providers import Provider
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A request, with what whoever decides it has to see.

    :param provider: at which the sign-in of a collision happened.
    :param meets: the person whose address it brought, or whom an approval made.
    :param stage: whose turn it is by waiting.
    :param decider: who decided it; none where nobody did, or an operator on the command line.
    :param undo_until: when its decision can be taken back no more; none where it cannot.
    :param bounced: the mail about its decision could not be delivered.
    """

    request: AccessRequest
    provider: Provider | None
    meets: User | None
    stage: Stage
    decider: User | None
    undo_until: datetime | None
    bounced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """In whose name somebody decides.

    :param account: whose requests they may see at all.
    """

    account: AccountCode
    decider: Decider


def list_all(account: str | None, *, context: Context) -> Sequence[Listed]:
    """Return the requests of one account, or all, the oldest first.

    :raises NotFound: there is no such account.
    """
    with reading() as session:
        if account is not None:
            registry.require(session, account)
        found = access_requests.of_account(session, None if account is None else AccountCode(account))
        return _listed(session, found, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What somebody who decides sees: what waits, the oldest first, and what was settled last."""

    waiting: Sequence[Listed]
    settled: Sequence[Listed]


def board(by: Authority, *, most: int, context: Context) -> Board:
    """Return the requests that are somebody's to decide, or to look back at.

    :param most: of those that are settled.
    """
    with reading() as session:
        waiting = _listed(session, access_requests.waiting_of(session, by.account), context)
        settled = _listed(session, access_requests.settled_of(session, by.account, most=most), context)
    return Board(
        waiting=[one for one in waiting if _is_theirs_to_decide(one.request, one.stage, by)],
        settled=[one for one in settled if _is_theirs_to_see(one, by, context)],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some requests of an account, the oldest first.

    :param next: where the next page goes on; none at the end.
    """

    requests: Sequence[Listed]
    next: tuple[datetime, str] | None


def page(
    by: Authority,
    *,
    status: RequestStatus | None = None,
    after: tuple[datetime, str] | None = None,
    most: int,
    context: Context,
) -> Page:
    """Return requests that are somebody's to decide or to look back at; a deputy's page may be shorter than asked.

    :param after: where the page before ended.
    """
    with reading() as session:
        found = access_requests.page(session, by.account, status=status, after=after, most=most + 1)
        listed = _listed(session, found[:most], context)
    last = found[:most][-1] if len(found) > most else None
    return Page(
        requests=[one for one in listed if _is_theirs_at_all(one, by, context)],
        next=None if last is None else (last.created_at, last.id),
    )


def one(request_id: str, *, by: Authority, context: Context) -> Listed:
    """Return one request that is somebody's to decide or to look back at.

    :raises NotFound: there is none for them.
    """
    with reading() as session:
        row = access_requests.get(session, request_id)
        listed = [] if row is None or row.account_code != by.account else _listed(session, [row], context)
    if not listed or not _is_theirs_at_all(listed[0], by, context):
        raise NotFound("there is no such access request")
    return listed[0]


def approve(
    request_id: str, role: Role | None, *, by: Authority | None, parts: Parts, context: Context
) -> AccessRequest:
    """Approve a request: let somebody in, or tie a sign-in to the person it met.

    :param role: what they become; agent unless it is said. None for a collision, in which the person's roles stay.
    :param by: none for the operator on the command line, who may everything and means it at once.
    :raises NotFound: there is no such request, or it is another account's.
    :raises DecisionNotYours: they may not decide it, or not give this role.
    :raises DecisionTooLate: it was decided before; the operator can still approve what was denied or has expired.
    :raises Invalid: something else stands in the way; the sentence says what.
    """
    try:
        return _approve(request_id, role, by, parts, context)
    except (IntegrityError, AlreadyExists):
        # Somebody with that address was made, or came by themselves, at the same moment: now that is known.
        return _approve(request_id, role, by, parts, context)


def deny(request_id: str, reason: str | None, *, by: Authority | None, parts: Parts, context: Context) -> AccessRequest:
    """Deny a request: nobody comes in, or the sign-in is refused from then on.

    :param reason: why; whoever asked for access reads it.
    :raises NotFound: as for :func:`approve`; :raises DecisionNotYours: too; :raises DecisionTooLate: too.
    :raises Invalid: the reason cannot be kept.
    """
    if reason is not None and (len(reason) > MAX_REASON_LENGTH or not reason.isprintable()):
        raise Invalid(f"--reason must have at most {MAX_REASON_LENGTH} printable characters")
    with unit_of_work() as session:
        row = _theirs(session, request_id, by, context)
        if row.kind == RequestKind.LINK:
            link_requests.deny(session, row, reason=reason, context=context)
        else:
            access_decisions.deny(session, row, reason, due_at=_due(by, context), parts=parts, context=context)
    return row


def undo(request_id: str, *, by: Authority, context: Context) -> AccessRequest:
    """Take a decision back, seconds after it was made; whoever made it does.

    :raises NotFound: as for :func:`approve`.
    :raises DecisionTooLate: it is in effect.
    """
    try:
        with unit_of_work() as session:
            return _undo(session, request_id, by, context)
    except IntegrityError:
        # The asker has another request that waits by now.
        raise DecisionTooLate(f"access request {request_id[:32]!r} was made again meanwhile") from None


def _approve(request_id: str, role: Role | None, by: Authority | None, parts: Parts, context: Context) -> AccessRequest:
    with unit_of_work() as session:
        row = _theirs(session, request_id, by, context)
        if row.kind == RequestKind.LINK:
            if role is not None:
                raise Invalid("--role: a request of kind link keeps the roles of the person it met; leave it out")
            link_requests.approve(session, row, context=context)
            return row
        given = role or DEFAULT_ROLE
        if by is not None and given not in by.decider.grantable():
            raise DecisionNotYours("the role is above their own")
        access_decisions.approve(session, row, given, due_at=_due(by, context), parts=parts, context=context)
        session.flush()
    return row


def _undo(session: Session, request_id: str, by: Authority, context: Context) -> AccessRequest:
    row = _of_account(session, request_id, by)
    if row.decided_by != context.actor.id or _undo_until(row, context.now) is None:
        raise DecisionTooLate(f"the decision about access request {row.id} is in effect")
    if row.kind == RequestKind.LINK:
        link_requests.take_back(session, row, context=context)
    else:
        access_decisions.take_back(session, row, context=context)
    session.flush()
    return row


def _of_account(session: Session, request_id: str, by: Authority | None) -> AccessRequest:
    seen = access_requests.get(session, request_id) if request_id.isprintable() else None
    if seen is not None and seen.user_id is not None:
        # In the order of whoever signs in, or removes a user: the person before the request.
        users.keep(session, UserId(seen.user_id))
    row = None if seen is None else access_requests.take(session, request_id)
    if row is None or (by is not None and row.account_code != by.account):
        raise NotFound(f"there is no access request {request_id[:64]!r}; see: idp access-requests list")
    return row


def _theirs(session: Session, request_id: str, by: Authority | None, context: Context) -> AccessRequest:
    row = _of_account(session, request_id, by)
    if by is None:
        return row
    if not _is_theirs_to_decide(row, _stage(session, row, context), by):
        raise DecisionNotYours("another person has to decide it")
    if row.kind == RequestKind.ACCESS and row.status != RequestStatus.PENDING:
        # A page that is older than the decision shows it as waiting.
        raise DecisionTooLate(f"access request {row.id} was decided already")
    return row


def _is_theirs_at_all(one: Listed, by: Authority, context: Context) -> bool:
    return _is_theirs_to_decide(one.request, one.stage, by) or _is_theirs_to_see(one, by, context)


def _is_theirs_to_see(one: Listed, by: Authority, context: Context) -> bool:
    """Say whether somebody may look back at a settled request: a deputy at what they decided a moment ago."""
    is_own = one.undo_until is not None and one.request.decided_by == context.actor.id
    return is_own or by.decider.standing is Standing.MANAGER


def _is_theirs_to_decide(row: AccessRequest, stage: Stage, by: Authority) -> bool:
    """Say whether a request is somebody's to decide: a deputy's is only what waits for access."""
    if by.decider.standing is Standing.DEPUTY and (
        row.kind != RequestKind.ACCESS or row.status != RequestStatus.PENDING
    ):
        return False
    return by.decider.may_decide(stage)


def _due(by: Authority | None, context: Context) -> datetime:
    return context.now if by is None else context.now + UNDO_WITHIN


def _stage(session: Session, row: AccessRequest, context: Context) -> Stage:
    account = accounts.find(session, AccountCode(row.account_code))
    return Stage.MANAGERS if account is None else stage_of(row.created_at, patience_of(account), now=context.now)


def _undo_until(row: AccessRequest, now: datetime) -> datetime | None:
    if row.decided_at is None or row.status not in {RequestStatus.APPROVED, RequestStatus.DENIED}:
        return None
    until = row.decided_at + UNDO_WITHIN
    return until if now < until else None


def _listed(session: Session, rows: Sequence[AccessRequest], context: Context) -> Sequence[Listed]:
    standings = outbox.states(session, [row.mail_id for row in rows if row.mail_id])
    return [
        Listed(
            request=row,
            provider=providers.get(session, ProviderId(row.provider_id)) if row.provider_id else None,
            meets=users.get(session, UserId(row.user_id)) if row.user_id else None,
            stage=_stage(session, row, context),
            decider=users.get(session, UserId(row.decided_by)) if row.decided_by else None,
            undo_until=_undo_until(row, context.now),
            bounced=standings.get(row.mail_id or "") is State.DEAD,
        )
        for row in rows
    ]

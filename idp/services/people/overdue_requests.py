"""Requests for access that wait: one reminder, whose turn it is next, and when nobody's any more. A chore."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import AccessEscalated, AccessRequestExpired
from idp.domain.access_requests import Stage, stage_of
from idp.domain.context import Context
from idp.domain.identifiers import AccountCode
from idp.mails.kinds import AccessExpired
from idp.services.mailing import recipients
from idp.services.mailing.post import post
from idp.services.parts import Parts
from idp.services.sign_in.access_requests import patience_of, tell
from idp.store import access_requests, accounts
from idp.store.access_requests import AccessRequest, RequestStatus
from idp.store.accounts import Account
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.users import User

log = structlog.get_logger()


def look_after(*, parts: Parts, context: Context) -> int:
    """Remind, escalate and let expire what is due; each request in a transaction of its own.

    :returns: for how many requests something was done.
    """
    with reading() as session:
        due = [row.id for row in access_requests.pending(session) if _is_due(session, row, context)]
    return sum(_done(request_id, parts, context) for request_id in due)


def _is_due(session: Session, row: AccessRequest, context: Context) -> bool:
    """Say whether there may be something to do, without keeping anybody from the request."""
    account = accounts.find(session, AccountCode(row.account_code))
    if account is None or (row.expires_at is not None and row.expires_at <= context.now):
        return True
    stage = stage_of(row.created_at, patience_of(account), now=context.now)
    return (stage >= Stage.DEPUTIES and row.reminded_at is None) or (stage >= Stage.STAFF and row.escalated_at is None)


def _done(request_id: str, parts: Parts, context: Context) -> bool:
    """Look after one request; one that cannot be keeps nobody from the others."""
    try:
        return _look_after(request_id, parts, context)
    except SQLAlchemyError:
        raise
    except Exception:
        log.exception("request_not_looked_after", request=request_id)
        return False


def _look_after(request_id: str, parts: Parts, context: Context) -> bool:
    with unit_of_work() as session:
        row = access_requests.take(session, request_id)
        account = accounts.find(session, AccountCode(row.account_code)) if row else None
        # Somebody may have decided a moment ago.
        if row is None or account is None or row.status != RequestStatus.PENDING:
            return False
        if row.expires_at is not None and row.expires_at <= context.now:
            _expire(session, row, account, parts, context)
            return True
        return _move_on(session, row, account, parts, context)


def _move_on(session: Session, row: AccessRequest, account: Account, parts: Parts, context: Context) -> bool:
    stage = stage_of(row.created_at, patience_of(account), now=context.now)
    did = False
    if stage >= Stage.DEPUTIES and row.reminded_at is None:
        row.reminded_at = context.now
        code = AccountCode(account.code)
        told = recipients.managers(session, code)
        tell(session, row, told, Stage.MANAGERS, parts=parts, context=context)
        deputies = _others(recipients.deputies(session, code), told)
        _escalate(session, row, deputies, Stage.DEPUTIES, parts, context)
        did = True
    if stage >= Stage.STAFF and row.escalated_at is None:
        row.escalated_at = context.now
        staff = recipients.staff(session, AccountCode(account.code), context=context)
        _escalate(session, row, staff, Stage.STAFF, parts, context)
        did = True
    return did


def _escalate(
    session: Session, row: AccessRequest, people: Sequence[User], stage: Stage, parts: Parts, context: Context
) -> None:
    tell(session, row, people, stage, parts=parts, context=context)
    event = AccessEscalated(account=row.account_code, request=row.id, stage=stage.name.lower(), told=len(people))
    trail.record(session, event, context)


def _expire(session: Session, row: AccessRequest, account: Account, parts: Parts, context: Context) -> None:
    row.status = RequestStatus.EXPIRED
    mail = AccessExpired(account_name=account.name, asked_at=row.created_at)
    row.mail_id = post(
        session,
        mail,
        to=row.email,
        language=row.language or recipients.DEFAULT_LANGUAGE,
        account=row.account_code,
        parts=parts,
        context=context,
    )
    trail.record(session, AccessRequestExpired(account=row.account_code, request=row.id), context)


def _others(people: Sequence[User], told: Sequence[User]) -> Sequence[User]:
    known = {user.id for user in told}
    return [user for user in people if user.id not in known]

"""People who left, or seem to: who was not there for long, and a chore that keeps them out where an account says so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import Change, UserChanged
from idp.domain.context import Context
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.roles import Role
from idp.services.registry import accounts as registry
from idp.services.sessions import ending
from idp.store import accounts, idle_people, user_terms
from idp.store.account_turns import take_turns
from idp.store.idle_people import IdlePerson
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.users import User

PORTION: Final = 100
"""So many people one transaction keeps out: on SQLite everybody else waits for it to end."""
LOOKED_AT: Final = 500
"""So many are looked at at once."""

log = structlog.get_logger()


def list_idle(account: str | None, *, days: int, context: Context) -> Sequence[IdlePerson]:
    """Return who has been idle for so long, of one account or all, the longest first; also who is kept out already.

    :raises NotFound: there is no such account.
    """
    code = None if account is None else AccountCode(account)
    before = context.now - timedelta(days=days)
    found: list[IdlePerson] = []
    with reading() as session:
        if account is not None:
            registry.require(session, account)
        after: str | None = None
        while True:
            page = idle_people.page(session, code, before=before, after=after, most=LOOKED_AT)
            found += page.people
            after = page.last
            if after is None:
                return sorted(found, key=lambda person: (person.since, person.user.id))


def look_after(*, context: Context) -> int:
    """Keep out whoever has been idle for as long as their account says. A chore; several workers may be at it.

    :returns: how many were.
    """
    with reading() as session:
        due = accounts.disabling_idle(session)
    return sum(_done(account, days, context) for account, days in due)


def _done(account: AccountCode, days: int, context: Context) -> int:
    """Look after one account; one that cannot be keeps nobody from the others."""
    try:
        kept_out = _look_after(account, days, context)
    except SQLAlchemyError:
        raise
    except Exception:
        log.exception("leavers_not_looked_after", account=account)
        return 0
    if kept_out:
        log.info("leavers_disabled", account=account, people=kept_out)
    return kept_out


def _look_after(account: AccountCode, days: int, context: Context) -> int:
    before = context.now - timedelta(days=days)
    kept_out, after = 0, None
    with reading() as session:
        spared = _last_manager_there(session, account, before)
    while True:
        with reading() as session:
            page = idle_people.page(session, account, before=before, after=after, most=LOOKED_AT)
        ids = [one.user.id for one in page.people if one.user.enabled and one.user.id != spared]
        for start in range(0, len(ids), PORTION):
            kept_out += _keep_out(account, ids[start : start + PORTION], days, before, context)
        after = page.last
        if after is None:
            return kept_out


def _last_manager_there(session: Session, account: AccountCode, before: datetime) -> str | None:
    """Return the manager who stays where all are idle: the one who was there last."""
    managers = [user.id for user in user_terms.with_role(session, account, Role.MANAGER)]
    idle = idle_people.among(session, managers, before=before)
    if len(idle) < len(managers):
        return None
    return max(idle, key=lambda person: (person.since, person.user.id)).user.id if idle else None


def _keep_out(account: AccountCode, ids: Collection[str], days: int, before: datetime, context: Context) -> int:
    """Keep people out who still are enabled and idle, unless the account says otherwise by now."""
    kept_out = 0
    with unit_of_work() as session:
        take_turns(session, account)  # as whoever changes managers does
        row = accounts.find(session, account)
        if row is None or not row.enabled or row.disable_idle_after_days != days:
            return 0
        for person in idle_people.take(session, ids, before=before):
            if _may_go(session, account, person.user):
                _disable(session, person, days, context)
                kept_out += 1
    return kept_out


def _may_go(session: Session, account: AccountCode, user: User) -> bool:
    """Say whether somebody else manages the account, where this person does."""
    if Role.MANAGER not in user.roles:
        return True
    return any(one.id != user.id for one in user_terms.with_role(session, account, Role.MANAGER))


def _disable(session: Session, person: IdlePerson, days: int, context: Context) -> None:
    user = person.user
    user.enabled = False
    session.flush()
    ending.end_all_of_user(session, UserId(user.id), context=context)
    settings = {"reason": "idle", "idle_since": person.since.isoformat(), "disable_idle_after": days}
    event = UserChanged(account=user.account_code, user=user.id, change=Change.DISABLED, settings=settings)
    trail.record(session, event, context)

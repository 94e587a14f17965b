"""Who did not sign in, and renewed nothing, for long: asked of the rows that say when somebody was there last.

Two steps, so that a large account costs little: columns and indexes find who may be idle, and only of those the
trail is asked for a renewal whose family is gone by now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from idp.domain.identifiers import AccountCode
from idp.store.audit_events import RENEWED, AuditEvent
from idp.store.sso_sessions import SsoSession
from idp.store.token_families import TokenFamily
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class IdlePerson:
    """Somebody who is idle.

    :param since: when they were there last: made, enabled again, signed in, seen in a session, or renewed tokens.
    """

    user: User
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of the idle people.

    :param last: after whom the next page begins; none where this is the last.
    """

    people: Sequence[IdlePerson]
    last: str | None


def page(session: Session, account: AccountCode | None, *, before: datetime, after: str | None, most: int) -> Page:
    """Return people who have been idle since a moment or longer, by id.

    :param account: of which; none for every account.
    :param after: the id after which the page begins; none for the first.
    :param most: so many are looked at; fewer may be idle.
    """
    query = _idle(before).order_by(User.id).limit(most)
    if account is not None:
        query = query.where(User.account_code == account)
    if after is not None:
        query = query.where(User.id > after)
    rows = session.execute(query).all()
    return Page(people=_people(session, rows, before), last=rows[-1][0].id if len(rows) == most else None)


def among(session: Session, ids: Collection[str], *, before: datetime) -> Sequence[IdlePerson]:
    """Return those of some people who are idle, by id."""
    rows = session.execute(_idle(before).where(User.id.in_(ids)).order_by(User.id)).all()
    return _people(session, rows, before)


def take(session: Session, ids: Collection[str], *, before: datetime) -> Sequence[IdlePerson]:
    """Return the same of those who are enabled, and let nobody else change them until this transaction is over.

    Who is signing in at the moment is waited for, and is idle no more.
    """
    taken = select(User.id).where(User.id.in_(ids), User.enabled.is_(True)).order_by(User.id)
    held = session.scalars(taken.with_for_update(key_share=True)).all()
    return among(session, held, before=before)


def _idle(before: datetime) -> Select[User, datetime, datetime]:
    """Return the query for who may be idle: the person, and when they were seen and renewed last."""
    seen = select(func.max(SsoSession.last_seen_at)).where(SsoSession.user_id == User.id).scalar_subquery()
    renewed = select(func.max(TokenFamily.rotated_at)).where(TokenFamily.user_id == User.id).scalar_subquery()
    return select(User, seen, renewed).where(
        User.created_at <= before,
        _unless_after(User.last_sign_in_at, before),
        _unless_after(User.enabled_at, before),
        ~exists().where(SsoSession.user_id == User.id, SsoSession.last_seen_at > before),
        ~exists().where(TokenFamily.user_id == User.id, TokenFamily.rotated_at > before),
    )


def _unless_after(column: Any, before: datetime) -> ColumnElement[bool]:
    return or_(column.is_(None), column <= before)


def _people(session: Session, rows: Sequence[Any], before: datetime) -> Sequence[IdlePerson]:
    told = _renewed_by_the_trail(session, [user.id for user, _, _ in rows])
    found = [
        IdlePerson(user=user, since=_latest(user, seen, renewed, told.get(user.id))) for user, seen, renewed in rows
    ]
    return [person for person in found if person.since <= before]


def _renewed_by_the_trail(session: Session, ids: Sequence[str]) -> Mapping[str, datetime]:
    """Return when people renewed tokens last, as far as the trail goes back: it outlives the tokens' families."""
    if not ids:
        return {}
    query = select(AuditEvent.user_id, func.max(AuditEvent.at)).where(
        AuditEvent.user_id.in_(ids), AuditEvent.kind.in_(RENEWED)
    )
    return {user_id: at for user_id, at in session.execute(query.group_by(AuditEvent.user_id)) if user_id}


def _latest(user: User, *others: datetime | None) -> datetime:
    moments = (user.created_at, user.last_sign_in_at, user.enabled_at, *others)
    return max(moment for moment in moments if moment is not None)

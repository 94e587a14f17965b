"""The outbox: what is to be told to others, written in the transaction that causes it (ARCHITECTURE, decision 7).

A lease says who delivers an item and until when nobody else may. Settling an
item asks for its holder and its number of attempts, so what a worker says
after its lease ran out and somebody else took over changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, case, delete, func, insert, literal, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.secrets import new_identifier
from idp.store.db import Base

MAX_ERROR = 500
"""So much of an error is kept."""


class OutboxKind(StrEnum):
    """What kind of thing is to be delivered."""

    BACKCHANNEL_LOGOUT = "backchannel_logout"
    MAIL = "mail"


class OutboxItem(Base):
    """One delivery: waiting until ``due_at``, leased while somebody delivers, done, or dead after too many attempts.

    ``attempts`` counts leases, so an attempt in which the worker died is one, too.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_open",
            "due_at",
            sqlite_where=text("done_at IS NULL AND dead_at IS NULL"),
            postgresql_where=text("done_at IS NULL AND dead_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    account_code: Mapped[str | None] = mapped_column(String(63))
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    leased_by: Mapped[str | None] = mapped_column(String(64))
    leased_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None] = mapped_column(index=True)
    dead_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(MAX_ERROR))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """An item that its holder may deliver.

    :param attempts: how many there were with this one.
    """

    id: str
    kind: OutboxKind
    account: str | None
    payload: Mapping[str, Any]
    attempts: int
    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How the outbox stands.

    :param due_since: when the item became due that waits longest; none when none is due.
    """

    waiting: int
    dead: int
    due_since: datetime | None


_OPEN = (OutboxItem.done_at.is_(None), OutboxItem.dead_at.is_(None))


def enqueue(
    session: Session,
    kind: OutboxKind,
    payload: Mapping[str, Any],
    *,
    account: str | None,
    now: datetime,
    due_at: datetime | None = None,
    done_at: datetime | None = None,
) -> str:
    """Ask for a delivery, in the caller's transaction.

    :param payload: all that the delivery needs that may be gone by then; no secret, unless sealed.
    :param account: whose matter it is, for the listing.
    :param due_at: not before; none for at once.
    :param done_at: given for what is never to be delivered, and is written only because that takes time.
    :returns: the item's id.
    """
    item = _new(kind, payload, account, now) | {"due_at": due_at or now, "done_at": done_at}
    session.execute(insert(OutboxItem), [item])
    return str(item["id"])


def enqueue_all(
    session: Session, kind: OutboxKind, deliveries: Sequence[tuple[Mapping[str, Any], str | None]], *, now: datetime
) -> Sequence[str]:
    """Ask for several deliveries in one statement.

    :param deliveries: of each the payload and the account, as of :func:`enqueue`.
    :returns: the items' ids, in the same order.
    """
    items = [_new(kind, payload, account, now) for payload, account in deliveries]
    if items:
        session.execute(insert(OutboxItem), items)
    return [str(item["id"]) for item in items]


def _new(kind: OutboxKind, payload: Mapping[str, Any], account: str | None, now: datetime) -> dict[str, Any]:
    return {
        "id": new_identifier(),
        "kind": kind,
        "account_code": account,
        "payload": dict(payload),
        "created_at": now,
        "due_at": now,
        "attempts": 0,
    }


def lease(
    session: Session, *, holder: str, kinds: Collection[OutboxKind], most: int, now: datetime, until: datetime
) -> Sequence[Leased]:
    """Take what is due and nobody delivers, longest due first; no other caller gets the same.

    One statement. On PostgreSQL racing callers pass over what another is taking, on SQLite one writes at a time.

    :param kinds: those that the caller can deliver; of an older release those are not all.
    :param until: when another may take over what was not settled by then.
    """
    free = or_(OutboxItem.leased_until.is_(None), OutboxItem.leased_until <= now)
    # Materialized: inlined, PostgreSQL might run the query again and lock more than it was asked for.
    due = (
        select(OutboxItem.id)
        .where(*_OPEN, free, OutboxItem.due_at <= now, OutboxItem.kind.in_(kinds))
        .order_by(OutboxItem.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    rows = session.execute(
        update(OutboxItem)
        .where(OutboxItem.id.in_(select(due.c.id)))
        .values(leased_by=holder, leased_until=until, attempts=OutboxItem.attempts + 1)
        .returning(OutboxItem.id, OutboxItem.kind, OutboxItem.account_code, OutboxItem.payload, OutboxItem.attempts)
        .execution_options(synchronize_session=False)
    )
    return [
        Leased(
            id=row.id,
            kind=OutboxKind(row.kind),
            account=row.account_code,
            payload=row.payload,
            attempts=row.attempts,
            holder=holder,
        )
        for row in rows
    ]


def settle_done(session: Session, item: Leased, *, now: datetime) -> bool:
    """Note that an item was delivered; false, and nothing changes, when it is the caller's no more.

    What it said is for its receiver, who has it now: nothing of that stays here.
    """
    return _settle(session, item, done_at=now, last_error=None, payload={})


def settle_failed(session: Session, item: Leased, *, error: str, due_at: datetime) -> bool:
    """Let an item be tried again from ``due_at`` on; false as of :func:`settle_done`."""
    return _settle(session, item, due_at=due_at, last_error=error[:MAX_ERROR])


def bury(session: Session, item: Leased, *, error: str, now: datetime) -> bool:
    """Give an item up; false as of :func:`settle_done`."""
    return _settle(session, item, dead_at=now, last_error=error[:MAX_ERROR])


def _settle(session: Session, item: Leased, **values: Any) -> bool:
    settled = session.scalar(
        update(OutboxItem)
        .where(
            OutboxItem.id == item.id,
            OutboxItem.leased_by == item.holder,
            OutboxItem.attempts == item.attempts,
            *_OPEN,
        )
        .values(leased_by=None, leased_until=None, **values)
        .returning(OutboxItem.id)
        .execution_options(synchronize_session=False)
    )
    return settled is not None


def unsettled(session: Session, *, account: str | None) -> Sequence[OutboxItem]:
    """Return what is not delivered, dead items included, the oldest first."""
    query = select(OutboxItem).where(OutboxItem.done_at.is_(None))
    if account is not None:
        query = query.where(OutboxItem.account_code == account)
    return session.scalars(query.order_by(OutboxItem.created_at, OutboxItem.id)).all()


class State(StrEnum):
    """How a delivery stands."""

    OPEN = "open"
    DONE = "done"
    DEAD = "dead"


def states(session: Session, items: Collection[str]) -> Mapping[str, State]:
    """Return how deliveries stand, by the item's id; those that were removed are missing."""
    query = select(OutboxItem.id, OutboxItem.done_at, OutboxItem.dead_at).where(OutboxItem.id.in_(items))
    return {
        row.id: State.DONE if row.done_at else State.DEAD if row.dead_at else State.OPEN
        for row in session.execute(query)
    }


def revive(session: Session, item_id: str, *, now: datetime) -> OutboxItem | None:
    """Make an item due now, a dead one with all its attempts again; none when it is unknown or delivered.

    Whoever delivers it at the moment goes on.
    """
    was_dead = OutboxItem.dead_at.is_not(None)
    return session.scalar(
        update(OutboxItem)
        .where(OutboxItem.id == item_id, OutboxItem.done_at.is_(None))
        .values(due_at=now, attempts=case((was_dead, literal(0)), else_=OutboxItem.attempts), dead_at=None)
        .returning(OutboxItem)
        .execution_options(synchronize_session=False)
    )


def remove(session: Session, item_id: str) -> OutboxItem | None:
    """Delete an item and return what it was; none when it is unknown or delivered."""
    return session.scalar(
        delete(OutboxItem)
        .where(OutboxItem.id == item_id, OutboxItem.done_at.is_(None))
        .returning(OutboxItem)
        .execution_options(synchronize_session=False)
    )


def backlog(session: Session, *, now: datetime) -> Backlog:
    """Return how many items wait or are dead, and since when one is due."""
    waiting, dead = session.execute(
        select(
            func.count().filter(OutboxItem.dead_at.is_(None)), func.count().filter(OutboxItem.dead_at.is_not(None))
        ).where(OutboxItem.done_at.is_(None))
    ).one()
    idle = or_(OutboxItem.leased_until.is_(None), OutboxItem.leased_until <= now)
    due_since = session.scalar(select(func.min(OutboxItem.due_at)).where(*_OPEN, idle, OutboxItem.due_at <= now))
    return Backlog(waiting=waiting, dead=dead, due_since=due_since)


def withdraw(session: Session, item_id: str, *, now: datetime) -> bool:
    """Delete an item that was not due yet; false when somebody may have it already."""
    withdrawn = session.scalar(
        delete(OutboxItem)
        .where(OutboxItem.id == item_id, OutboxItem.due_at > now, OutboxItem.attempts == 0)
        .returning(OutboxItem.id)
        .execution_options(synchronize_session=False)
    )
    return withdrawn is not None


def withdraw_about(session: Session, about: str, *, now: datetime) -> None:
    """Delete the items whose payload names this as what they are ``about``, and that are not due yet."""
    session.execute(
        delete(OutboxItem)
        .where(*_OPEN, OutboxItem.due_at > now, OutboxItem.attempts == 0)
        .where(OutboxItem.payload["about"].as_string() == about)
        .execution_options(synchronize_session=False)
    )

"""Counters within windows of time, for limits that hold over all workers and hosts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import String, case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.secrets import digest
from idp.store.db import Base, core


class Counter(Base):
    """How often something happened since ``window_at``. Named by a digest: names hold addresses."""

    __tablename__ = "counters"

    name_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    window_at: Mapped[datetime]
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)


def add(session: Session, name: str, *, within: timedelta, now: datetime) -> int:
    """Count one more and return how many there are in this window.

    One statement. On PostgreSQL whoever counts the same waits until this transaction is over; on SQLite there is one
    writer anyway.
    """
    window = window_of(now, within)
    row = {"name_digest": digest(name), "window_at": window, "count": 1, "expires_at": window + within}
    # A host whose clock is a little behind counts on in the window that another has begun.
    goes_on = Counter.window_at >= window
    changed = {
        "count": case((goes_on, Counter.count + 1), else_=1),
        "window_at": case((goes_on, Counter.window_at), else_=window),
        "expires_at": case((goes_on, Counter.expires_at), else_=window + within),
    }
    # SQLAlchemy has one construct for each database, and both say the same.
    if core(session).dialect.name == "postgresql":
        first: postgresql.Insert | sqlite.Insert = postgresql.insert(Counter)
    else:
        first = sqlite.insert(Counter)
    counted = first.values(row).on_conflict_do_update(index_elements=[Counter.name_digest], set_=changed)
    return int(session.execute(counted.returning(Counter.count)).scalar_one())


def take_back(session: Session, name: str, *, within: timedelta, now: datetime) -> None:
    """Count one less, for what turned out not to matter; in the transaction that counted it."""
    session.execute(
        update(Counter)
        .where(Counter.name_digest == digest(name), Counter.window_at >= window_of(now, within))
        .values(count=Counter.count - 1)
        .execution_options(synchronize_session=False)
    )


def count(session: Session, name: str, *, within: timedelta, now: datetime) -> int:
    """Return how many there are in this window."""
    query = select(Counter.count).where(
        Counter.name_digest == digest(name), Counter.window_at >= window_of(now, within)
    )
    return session.scalar(query) or 0


def window_of(now: datetime, within: timedelta) -> datetime:
    """Return when the present window began; windows follow one another from 1970 on."""
    epoch = datetime.fromtimestamp(0, UTC)
    return epoch + (now - epoch) // within * within

"""Leases: of several workers one does a chore at a time, and another takes over when it dies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.store.db import Base


class Lease(Base):
    """Who does a chore, and until when nobody else may; when it was last done."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    held_until: Mapped[datetime]
    done_at: Mapped[datetime | None]


def take(
    session: Session, name: str, *, holder: str, now: datetime, until: datetime, unless_done_after: datetime
) -> bool:
    """Take a chore that is due and nobody does; of concurrent callers exactly one is told true.

    One statement: a racing caller waits for the other's transaction, and then finds the chore taken.

    :param until: when another may take over what was not finished by then.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    values = {"holder": holder, "held_until": until}
    taken = session.scalar(
        insert(Lease)
        .values(name=name, **values)
        .on_conflict_do_update(
            index_elements=[Lease.name],
            set_=values,
            where=(Lease.held_until <= now) & or_(Lease.done_at.is_(None), Lease.done_at <= unless_done_after),
        )
        .returning(Lease.name)
        .execution_options(synchronize_session=False)
    )
    return taken is not None


def finish(session: Session, name: str, *, holder: str, now: datetime) -> bool:
    """Note that a chore was done; false, and nothing changes, when it is the caller's no more."""
    finished = session.scalar(
        update(Lease)
        .where(Lease.name == name, Lease.holder == holder)
        .values(held_until=now, done_at=now)
        .returning(Lease.name)
        .execution_options(synchronize_session=False)
    )
    return finished is not None

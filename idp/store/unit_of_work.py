"""One transaction a use case; opened by services only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from idp.store.db import CORE, WRITES, db


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Run a use case that writes: commit at the end, roll back when an error leaves the block.

    What must survive a refusal is written before the block ends; the error is
    raised after it. On SQLite the write lock is taken at the start, so a unit
    never fails half-way for want of it.
    """
    with Session(db.engine, expire_on_commit=False) as session:
        session.info[CORE] = session.connection(execution_options={WRITES: True})
        yield session
        session.commit()


@contextmanager
def reading() -> Iterator[Session]:
    """Run queries in one consistent view that writes nothing and locks nobody out."""
    with Session(db.engine, expire_on_commit=False, autoflush=False) as session:
        session.info[CORE] = session.connection()
        yield session

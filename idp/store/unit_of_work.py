"""One transaction a use case; opened by services only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.orm import Session

from idp.store.db import CORE, WRITES, db

_JOIN: Final = "rollback_only"
"""What a session may end of the transaction that it joins: committing is the unit's."""


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Run a use case that writes: commit at the end, roll back when an error leaves the block.

    What must survive a refusal is written before the block ends; the error is
    raised after it. On SQLite the write lock is taken at the start, so a unit
    never fails half-way for want of it.

    The transaction is the connection's, and the session joins it when it is first used: a hot path, which asks
    the connection itself, does not pay for it.
    """
    with db.engine.connect() as connection:
        connection.execution_options(**{WRITES: True})
        with connection.begin():
            session = Session(connection, expire_on_commit=False, join_transaction_mode=_JOIN)
            session.info[CORE] = connection
            try:
                yield session
                session.flush()
            finally:
                _close(session)


@contextmanager
def reading() -> Iterator[Session]:
    """Run queries in one consistent view that writes nothing and locks nobody out."""
    with db.engine.connect() as connection:
        connection.begin()
        session = Session(connection, expire_on_commit=False, autoflush=False, join_transaction_mode=_JOIN)
        session.info[CORE] = connection
        try:
            yield session
        finally:
            _close(session)


def _close(session: Session) -> None:
    if session.in_transaction():  # or nobody used it
        session.close()

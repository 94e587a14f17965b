"""The database: naming of constraints, aware time, and how SQLite is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, DateTime, Dialect, Engine, MetaData, Table, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

WRITES = "idp_writes"
"""Execution option of a transaction that will write; SQLite then takes its lock at once instead of half-way."""

BUSY_TIMEOUT_MS = 5000


def _utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a moment without a time zone must not be stored")
    return value.astimezone(UTC)


def _as_text(value: datetime | None) -> str | None:
    """Return what SQLAlchemy stores of a moment in SQLite."""
    moment = _utc(value)
    return None if moment is None else moment.replace(tzinfo=None).isoformat(" ", "microseconds")


class UTCDateTime(TypeDecorator[datetime]):
    """Aware moments in UTC, on databases with and without time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive time; hand SQLite, which drops the zone, UTC."""
        moment = _utc(value)
        return moment.replace(tzinfo=None) if moment is not None and dialect.name == "sqlite" else moment

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """Write SQLite's text at once: there is one to three of it in every statement of a hot path."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Root of the tables. Constraints have names, so that migrations can find them on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - the name and its mutability are SQLAlchemy's
        datetime: UTCDateTime(),
        list[str]: JSON(),
        dict[str, str]: JSON(),
        dict[str, Any]: JSON(),
        list[dict[str, Any]]: JSON(),
    }


CORE = "core"
"""Under which name a session keeps the connection of its transaction."""


def core(session: Session) -> Connection:
    """Return the connection of a session's transaction: for compiled statements, past the ORM (hot paths)."""
    return cast(Connection, session.info[CORE])


def table_of(model: type[Base]) -> Table:
    """Return a model's table: statements about it pass the ORM by, as hot paths need."""
    return cast(Table, model.__table__)


db = SQLAlchemy(metadata=Base.metadata)
"""Owns the engine. Tables derive from :class:`Base`, queries take an explicit session."""


def prepare(engine: Engine) -> None:
    """Set an engine up before its first connection. PostgreSQL needs nothing; SQLite does.

    WAL lets readers and one writer work side by side, ``NORMAL`` is durable
    against a crash of the process, foreign keys are off unless asked for.
    """
    if engine.dialect.name != "sqlite":
        return
    event.listen(engine, "connect", _open_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _open_sqlite(connection: Any, _record: object) -> None:
    # The driver's own idea of when to begin is switched off; _begin_sqlite says it.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin with the driver's own call, which costs a third of a statement of SQLAlchemy's."""
    statement = "BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITES, False) else "BEGIN"
    try:
        cast(sqlite3.Connection, connection.connection.dbapi_connection).execute(statement)
    except sqlite3.OperationalError as error:
        raise OperationalError(statement, None, error) from error

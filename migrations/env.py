"""How migrations run: online only, one at a time, on the application's own engine."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

from idp.store.db import WRITES, UTCDateTime, db
from idp.store.tables import metadata

LOCK_KEY = 0x1D9
"""PostgreSQL's advisory lock under which two hosts that deploy at once wait for each other."""


def run() -> None:
    """Run the migrations in one transaction."""
    with db.engine.connect().execution_options(**{WRITES: True}) as connection:
        _prepare(connection)
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_item=_render_item,
            # Alembic thinks otherwise of SQLite; as the application opens it, its DDL rolls back too.
            transactional_ddl=True,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    # The connection that had foreign keys off must not be handed out again.
    db.engine.dispose()


def _render_item(kind: str, item: object, _context: object) -> str | bool:
    """Let migrations name plain SQL types, so that an old one never depends on today's code."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UTCDateTime) else False


def _prepare(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # A batch rebuild drops the old table, which would cascade into its children.
        connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})


run()

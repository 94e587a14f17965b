"""An insert that loses quietly against a row that is there: of racing callers one is told that it inserted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from idp.store.db import Base


def insert_unless_there(session: Session, table: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert a row unless its primary key is taken; true when it was inserted.

    One statement: a racing caller waits for the other's transaction and then loses, without an error.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    key = list(table.__table__.primary_key)
    statement = insert(table).values(**values).on_conflict_do_nothing().returning(*key)
    return session.execute(statement).first() is not None

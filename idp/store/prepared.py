"""Statements of hot paths: SQLAlchemy writes the SQL once a database, and from then on the driver is given it.

Types are SQLAlchemy's, too. What is left out is its work around each execution, which is several times the driver's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, Insert, Select, Update
from sqlalchemy.engine import result_tuple
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from idp.store.db import core

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A statement as one kind of database wants it.

    :param fixed: values that stand in the statement itself.
    :param binds: names of parameters in order, each with what makes the driver's value of ours.
    :param record: makes a row of its values.
    :param columns: for each column what makes our value of the driver's.
    """

    sql: str
    fixed: Mapping[str, Any]
    binds: Sequence[tuple[str, Convert | None]]
    positional: bool
    record: Callable[[Iterable[Any]], Any]
    columns: Sequence[Convert | None]

    def arguments(self, values: Mapping[str, Any]) -> tuple[Any, ...] | dict[str, Any]:
        """Return the parameters as the driver takes them.

        :raises KeyError: one is missing.
        """
        given = {**self.fixed, **values}
        bound = [given[name] if convert is None else convert(given[name]) for name, convert in self.binds]
        return tuple(bound) if self.positional else dict(zip((name for name, _ in self.binds), bound, strict=True))

    def read(self, row: Sequence[Any]) -> Any:
        """Return a row with our values, by the names of its columns."""
        return self.record(
            [value if convert is None else convert(value) for value, convert in zip(row, self.columns, strict=True)]
        )


class Prepared:
    """One statement, ready for whichever database it meets.

    :param statement: parameters are ``bindparam``s; no defaults of columns count.
    :param columns: the columns that an insert sets.
    """

    def __init__(
        self, statement: Select[*tuple[Any, ...]] | Insert | Update, *, columns: Sequence[str] | None = None
    ) -> None:
        self._statement = statement
        self._columns = columns
        self._texts: dict[str, _Text] = {}

    def run(self, session: Session, values: Mapping[str, Any]) -> None:
        """Execute it, for what it changes."""
        connection = core(session)
        text = self._text(connection.dialect)
        connection.exec_driver_sql(text.sql, text.arguments(values))

    def rows(self, session: Session, values: Mapping[str, Any]) -> list[Any]:
        """Execute it and return its rows, each with its columns as attributes."""
        connection = core(session)
        text = self._text(connection.dialect)
        return [text.read(row) for row in connection.exec_driver_sql(text.sql, text.arguments(values)).all()]

    def row(self, session: Session, values: Mapping[str, Any]) -> Any | None:
        """Execute it and return its only row, or none.

        :raises ValueError: there are several.
        """
        found = self.rows(session, values)
        if not found:
            return None
        (only,) = found
        return only

    def _text(self, dialect: Dialect) -> _Text:
        text = self._texts.get(dialect.name)
        if text is None:
            text = self._texts[dialect.name] = self._written(dialect)
        return text

    def _written(self, dialect: Dialect) -> _Text:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - what mypy cannot know
        kinds = {name: _of(bind.type, dialect) for bind, name in compiled.bind_names.items()}
        names = compiled.positiontup if compiled.positional else kinds
        columns = list(self._statement.exported_columns)
        return _Text(
            sql=compiled.string,
            fixed={name: bind.value for bind, name in compiled.bind_names.items() if not bind.required},
            binds=[(name, kinds[name].bind_processor(dialect)) for name in names or ()],
            positional=compiled.positional,
            record=result_tuple([column.name for column in columns]),
            columns=[_of(column.type, dialect).result_processor(dialect, None) for column in columns],
        )


def _of(kind: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return kind.dialect_impl(dialect)

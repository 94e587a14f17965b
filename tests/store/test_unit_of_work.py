"""One transaction a use case: all of it stands, or nothing."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from idp.store.accounts import Account
from idp.store.db import db
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import new_account, new_user
from tests.support.database import database_alone, fresh_sqlite, racing


def codes() -> list[str]:
    with reading() as session:
        return list(session.scalars(select(Account.code).order_by(Account.code)))


def test_what_a_unit_wrote_stands_when_it_ends(database):
    with unit_of_work() as session:
        session.add(new_account("acme"))
    assert codes() == ["acme"]


def test_a_failing_unit_writes_nothing(database):
    def fail_half_way() -> None:
        with unit_of_work() as session:
            session.add(new_account("acme"))
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        fail_half_way()
    assert codes() == []


def test_a_unit_that_the_database_refuses_at_the_end_writes_nothing(acme):
    with pytest.raises(IntegrityError), unit_of_work() as session:
        session.add_all([new_account("globex"), new_user("kim", account="globex")])
    assert codes() == ["acme"]


def test_reading_writes_nothing(database):
    with reading() as session:
        session.add(new_account("acme"))
        session.flush()
    assert codes() == []


def test_a_reference_to_nothing_is_refused(database):
    with pytest.raises(IntegrityError), unit_of_work() as session:
        session.add(new_user("kim", account="nowhere"))


def test_after_a_refusal_the_next_unit_works(database):
    for _ in range(20):
        with pytest.raises(IntegrityError), unit_of_work() as session:
            session.add(new_user("kim", account="nowhere"))
    with unit_of_work() as session:
        session.add(new_account("acme"))
    assert codes() == ["acme"]


def test_a_reader_is_not_blocked_by_a_writer_and_sees_what_stands(acme):
    """Nor does it block one: it goes on in its own view while the writer commits."""
    with unit_of_work() as writer:
        writer.add(new_account("globex"))
        writer.flush()
        assert codes() == ["acme"]
    assert codes() == ["acme", "globex"]


def test_a_writer_is_not_blocked_by_a_reader(acme):
    with reading() as reader:
        reader.scalars(select(Account.code)).all()
        with unit_of_work() as writer:
            writer.add(new_account("globex"))
    assert codes() == ["acme", "globex"]


def test_racing_units_wait_for_each_other_and_none_is_lost(acme):
    """Each reads and then writes: on SQLite this fails half-way unless the lock is taken at the start."""

    def note_one_more() -> str:
        with unit_of_work() as session:
            count = len(session.scalars(select(Account.code)).all())
            threading.Event().wait(0.01)
            session.add(new_account(f"{threading.get_ident()}-{count}"))
            return "written"

    assert racing(acme, note_one_more) == ["written"] * 8
    assert len(codes()) == 9


@pytest.fixture
def sqlite(tmp_path):
    with database_alone(fresh_sqlite(tmp_path)) as app:
        yield app


def pragma(name: str) -> object:
    with reading() as session:
        return session.scalar(text(f"PRAGMA {name}"))


@pytest.mark.parametrize(
    ("name", "value"), [("journal_mode", "wal"), ("foreign_keys", 1), ("synchronous", 1), ("busy_timeout", 5000)]
)
def test_sqlite_is_opened_safe_and_patient(sqlite, name, value):
    assert pragma(name) == value


def test_every_connection_to_sqlite_is_opened_so(sqlite):
    with db.engine.connect() as one, db.engine.connect() as other:
        for connection in (one, other):
            assert connection.scalar(text("PRAGMA foreign_keys")) == 1

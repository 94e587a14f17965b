"""Counters lose no count whoever counts at once, and begin anew with each window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from idp.store import counters
from idp.store.counters import Counter, window_of
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW
from tests.support.database import RACERS, racing

NAME = "magic_link:acme:kim@acme.example"
QUARTER = timedelta(minutes=15)
MOMENT = timedelta(microseconds=1)
ROUNDS = 10


def added(name: str = NAME, *, within: timedelta = QUARTER, now: datetime = NOW) -> int:
    with unit_of_work() as session:
        return counters.add(session, name, within=within, now=now)


def taken_back(name: str = NAME, *, now: datetime = NOW) -> None:
    with unit_of_work() as session:
        counters.take_back(session, name, within=QUARTER, now=now)


def counted(name: str = NAME, *, now: datetime = NOW) -> int:
    with reading() as session:
        return counters.count(session, name, within=QUARTER, now=now)


def test_each_is_one_more(database: Flask) -> None:
    assert [added() for _ in range(3)] == [1, 2, 3]
    assert counted() == 3


def test_of_what_was_never_counted_there_is_none(database: Flask) -> None:
    assert counted() == 0
    taken_back()
    assert counted() == 0


def test_each_name_is_counted_by_itself(database: Flask) -> None:
    assert [added("a"), added("b"), added("a"), added("A")] == [1, 1, 2, 1]


def test_racing_callers_lose_no_count_and_each_gets_another(database: Flask) -> None:
    """Among them the first ever, which inserts the row."""
    outcomes = racing(database, lambda: [added() for _ in range(ROUNDS)])
    assert not [one for one in outcomes if isinstance(one, Exception)]
    numbers = sorted(chain.from_iterable(one for one in outcomes if not isinstance(one, Exception)))
    assert numbers == list(range(1, RACERS * ROUNDS + 1))
    assert counted() == RACERS * ROUNDS


def test_racing_callers_of_a_new_window_lose_none_of_it(database: Flask) -> None:
    added()
    outcomes = racing(database, lambda: added(now=NOW + QUARTER))
    assert sorted(one for one in outcomes if isinstance(one, int)) == list(range(1, RACERS + 1))


def test_a_new_window_begins_with_one(database: Flask) -> None:
    added()
    added(now=NOW + QUARTER - MOMENT)
    assert counted(now=NOW + QUARTER - MOMENT) == 2
    assert counted(now=NOW + QUARTER) == 0
    assert added(now=NOW + QUARTER) == 1


def test_what_is_taken_back_was_never_counted(database: Flask) -> None:
    assert [added(), added()] == [1, 2]
    taken_back()
    assert counted() == 1
    assert added() == 2


def test_what_was_counted_in_another_window_is_not_taken_back(database: Flask) -> None:
    added()
    taken_back(now=NOW + QUARTER)
    assert counted() == 1


def test_what_is_rolled_back_was_not_counted(database: Flask) -> None:
    with pytest.raises(LookupError):
        _count_and_fail()
    assert counted() == 0


def _count_and_fail() -> None:
    with unit_of_work() as session:
        counters.add(session, NAME, within=QUARTER, now=NOW)
        raise LookupError


def test_a_row_goes_when_its_window_is_over(database: Flask) -> None:
    added(now=NOW + MOMENT)
    with reading() as session:
        row = session.scalars(select(Counter)).one()
    assert (row.window_at, row.expires_at) == (NOW, NOW + QUARTER)


def test_no_row_tells_an_address(database: Flask) -> None:
    """A dump of the table would say who asked for mails, and when."""
    added()
    with reading() as session:
        row = session.scalars(select(Counter)).one()
        assert session.scalar(select(func.count()).select_from(Counter)) == 1
    assert not any("kim" in str(getattr(row, column.name)) for column in Counter.__table__.columns)


@given(
    now=st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    within=st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=366)),
)
def test_windows_follow_one_another_without_gap(now: datetime, within: timedelta) -> None:
    window = window_of(now, within)
    assert window <= now < window + within
    assert window_of(window, within) == window
    assert window_of(window + within, within) == window + within
    assert window_of(window + within - MOMENT, within) == window

"""Of several workers one does a chore at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask

from idp.store import leases
from idp.store.unit_of_work import unit_of_work
from tests.store.conftest import NOW
from tests.support.database import RACERS, racing

WITHIN = timedelta(minutes=5)
EVERY = timedelta(minutes=10)


def taken(holder: str = "one", *, at: datetime = NOW, name: str = "tidy") -> bool:
    with unit_of_work() as session:
        return leases.take(session, name, holder=holder, now=at, until=at + WITHIN, unless_done_after=at - EVERY)


def finished(holder: str = "one", *, at: datetime = NOW) -> bool:
    with unit_of_work() as session:
        return leases.finish(session, "tidy", holder=holder, now=at)


def test_of_eight_racing_workers_one_takes_a_chore_that_was_never_done(database: Flask) -> None:
    assert sorted(racing(database, taken)) == [False] * (RACERS - 1) + [True]


def test_of_eight_racing_workers_one_takes_a_chore_that_is_due_again(database: Flask) -> None:
    assert taken()
    assert finished()
    assert sorted(racing(database, lambda: taken(at=NOW + EVERY))) == [False] * (RACERS - 1) + [True]


def test_a_chore_that_somebody_does_is_nobody_elses(database: Flask) -> None:
    assert taken("one")
    assert not taken("two", at=NOW + WITHIN - timedelta(microseconds=1))
    assert not taken("one")


def test_a_chore_whose_worker_died_is_taken_over_and_the_first_finishes_nothing(database: Flask) -> None:
    assert taken("one")
    assert taken("two", at=NOW + WITHIN)
    assert not finished("one", at=NOW + WITHIN)
    assert not taken("three", at=NOW + WITHIN)


def test_a_chore_that_was_done_waits_until_it_is_due_again(database: Flask) -> None:
    assert taken("one")
    assert finished("one")
    assert not taken("two", at=NOW + EVERY - timedelta(microseconds=1))
    assert taken("two", at=NOW + EVERY)


def test_chores_do_not_wait_for_one_another(database: Flask) -> None:
    assert taken()
    assert taken(name="another")

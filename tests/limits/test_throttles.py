"""Throttles let through as many as they say, whoever asks at once, and as many as an operator said instead."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from idp.limits import throttles
from idp.settings import Settings
from idp.settings.rates import LIMITS
from idp.store.unit_of_work import unit_of_work
from tests.limits.conftest import NOW, at
from tests.support.database import RACERS, racing

QUARTER = timedelta(minutes=15)
MOMENT = timedelta(microseconds=1)
ROUNDS = 4
KIM = "acme:kim@acme.example"


def settings(rate_limits: str = "on") -> Settings:
    return Settings.load({"IDP_RATE_LIMITS": rate_limits}, root=Path("/nowhere"))


def waits(
    subject: str = KIM, *, limit: str = "magic_link", limits: str = "on", now: datetime = NOW
) -> timedelta | None:
    with unit_of_work() as session:
        return throttles.wait(session, limit, subject, settings=settings(limits), context=at(now))


@pytest.mark.parametrize("limit", LIMITS)
def test_as_many_as_the_limit_says_and_no_more(database: Flask, limit: str) -> None:
    limits = "on" if limit == "magic_link" else f"{limit}=5/15m"
    assert [waits(limit=limit, limits=limits) for _ in range(6)] == [None] * 5 + [QUARTER]


def test_whoever_has_to_wait_waits_until_the_window_is_over(database: Flask) -> None:
    late = NOW + timedelta(minutes=14, seconds=30)
    assert [waits(limits="magic_link=1", now=late) for _ in range(2)] == [None, timedelta(seconds=30)]
    assert waits(limits="magic_link=1", now=NOW + QUARTER - MOMENT) == MOMENT
    assert waits(limits="magic_link=1", now=NOW + QUARTER) is None


def test_each_subject_and_each_limit_is_counted_by_itself(database: Flask) -> None:
    limits = "magic_link=1,magic_link_network=1"
    assert waits(limits=limits) is None
    assert waits("acme:robin@acme.example", limits=limits) is None
    assert waits("globex:kim@acme.example", limits=limits) is None
    assert waits(limit="magic_link_network", limits=limits) is None
    assert waits(limits=limits) == QUARTER


def test_racing_callers_get_as_many_as_the_limit_says(database: Flask) -> None:
    outcomes = racing(database, lambda: [waits(limits="magic_link=7") for _ in range(ROUNDS)])
    assert not [one for one in outcomes if isinstance(one, Exception)]
    answers = [answer for one in outcomes if not isinstance(one, Exception) for answer in one]
    assert (answers.count(None), answers.count(QUARTER)) == (7, RACERS * ROUNDS - 7)


def test_switched_off_it_is_counted_and_nobody_waits(database: Flask) -> None:
    """Counting lets whoever asks for the same subject take turns, limited or not."""
    assert [waits(limits="off") for _ in range(20)] == [None] * 20
    assert waits() == QUARTER


def test_an_override_moves_number_and_window(database: Flask) -> None:
    moved = "magic_link=2/1h"
    assert [waits(limits=moved) for _ in range(3)] == [None, None, timedelta(hours=1)]
    assert waits(limits=moved, now=NOW + QUARTER) == timedelta(minutes=45)
    assert waits(limits=moved, now=NOW + timedelta(hours=1)) is None


def test_an_override_of_another_limit_moves_nothing(database: Flask) -> None:
    limits = "bridge_people=1/1h,magic_link_account=1"
    assert [waits(limits=limits) for _ in range(6)] == [None] * 5 + [QUARTER]


def test_a_limit_of_none_lets_nobody_through(database: Flask) -> None:
    assert waits(limits="magic_link=0") == QUARTER

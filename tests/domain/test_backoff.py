"""Waits between attempts: short while a receiver restarts, an hour at most, a day in all."""

from __future__ import annotations

from datetime import timedelta
from itertools import accumulate

import pytest

from idp.domain.backoff import MOST_ATTEMPTS, wait_after

ALL = range(1, MOST_ATTEMPTS)
SOONEST, LATEST = 0.999, 0.0


def waits(chance: float) -> list[timedelta]:
    return [wait for attempts in ALL if (wait := wait_after(attempts, chance)) is not None]


def test_the_second_attempt_comes_within_a_second() -> None:
    assert timedelta(milliseconds=800) < (wait_after(1, SOONEST) or timedelta(0)) <= timedelta(seconds=1)
    assert wait_after(1, LATEST) == timedelta(seconds=1)


def test_waits_grow_and_never_exceed_an_hour() -> None:
    assert waits(LATEST) == sorted(waits(LATEST))
    assert max(waits(LATEST)) == timedelta(hours=1)


@pytest.mark.parametrize("chance", [SOONEST, LATEST])
def test_a_receiver_that_was_away_for_a_minute_hears_within_ten_seconds_of_coming_back(chance: float) -> None:
    attempts = list(accumulate(waits(chance), initial=timedelta(0)))
    for seconds in range(1, 61):
        back = timedelta(seconds=seconds)
        assert min(at for at in attempts if at >= back) - back <= timedelta(seconds=10)


def test_all_attempts_together_take_a_day() -> None:
    assert sum(waits(LATEST), timedelta()) // timedelta(hours=1) == 23
    assert sum(waits(SOONEST), timedelta()) > timedelta(hours=18)


def test_after_the_last_attempt_there_is_none() -> None:
    assert wait_after(MOST_ATTEMPTS - 1, LATEST) is not None
    assert wait_after(MOST_ATTEMPTS, LATEST) is None
    assert wait_after(MOST_ATTEMPTS + 1, LATEST) is None


def test_chance_shortens_a_wait_by_a_fifth_at_most() -> None:
    for longest, shortest in zip(waits(LATEST), waits(SOONEST), strict=True):
        assert longest * 0.8 <= shortest < longest

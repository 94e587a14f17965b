"""What a genuine refresh token is good for, at every moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.confirmation import Confirmation
from idp.domain.refresh_rotation import Standing, Verdict, judge

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
GRACE, IDLE = timedelta(seconds=10), timedelta(days=30)
SECOND = timedelta(seconds=1)


def verdict(presented: int, *, generation: int = 5, rotated: timedelta = timedelta(0), **changes) -> Verdict:
    family = Standing(generation=generation, rotated_at=NOW - rotated, expires_at=changes.pop("until", NOW + IDLE))
    return judge(presented, family, now=NOW, grace=changes.pop("grace", GRACE), idle=IDLE)


@pytest.mark.parametrize(
    ("presented", "rotated", "expected"),
    [
        (5, timedelta(0), Verdict.ROTATE),
        (5, IDLE - SECOND, Verdict.ROTATE),
        (5, IDLE, Verdict.EXPIRED),
        (4, timedelta(0), Verdict.REPEAT),
        (4, GRACE - SECOND, Verdict.REPEAT),
        (4, GRACE, Verdict.REPLAYED),
        (3, timedelta(0), Verdict.REPLAYED),
        (1, timedelta(0), Verdict.REPLAYED),
        (6, timedelta(0), Verdict.REPLAYED),
        (4, IDLE, Verdict.EXPIRED),
    ],
)
def test_generation_and_age_decide(presented, rotated, expected):
    assert verdict(presented, rotated=rotated) is expected


def test_the_last_moment_is_too_late():
    assert verdict(5, until=NOW + SECOND) is Verdict.ROTATE
    assert verdict(5, until=NOW) is Verdict.EXPIRED


def test_without_grace_nothing_comes_twice():
    assert verdict(4, grace=timedelta(0)) is Verdict.REPLAYED


@given(
    presented=st.integers(1, 10**6),
    generation=st.integers(1, 10**6),
    rotated=st.timedeltas(timedelta(0), timedelta(days=100)),
)
def test_only_two_generations_ever_renew(presented, generation, rotated):
    renews = verdict(presented, generation=generation, rotated=rotated) in {Verdict.ROTATE, Verdict.REPEAT}
    assert not renews or generation - presented in {0, 1}


DAY = timedelta(hours=24)


@pytest.mark.parametrize(
    ("age", "reverify_after", "role_based_iam", "stale"),
    [
        (None, None, True, False),
        (timedelta(days=99), None, False, False),
        (DAY - SECOND, None, True, False),
        (DAY, None, True, True),
        (timedelta(hours=1), timedelta(hours=1), False, True),
        (timedelta(days=2), timedelta(days=3), True, False),
    ],
)
def test_how_long_an_upstreams_word_lasts(age, reverify_after, role_based_iam, stale):
    confirmed_at = None if age is None else NOW - age
    known = Confirmation(confirmed_at=confirmed_at, reverify_after=reverify_after, role_based_iam=role_based_iam)
    assert known.is_stale(now=NOW) is stale

"""``IDP_RATE_LIMITS``: how the caps of the contract are moved, and that nothing lifts them (CONTRACT §3, §6 rule 4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from idp.settings.rates import Rate, cap, is_readable

AN_HOUR = timedelta(hours=1)


@pytest.mark.parametrize("text", ["on", "off", "magic_link=5/15m", "sign_in=30/1m,magic_link=5/15m"])
def test_by_default_a_key_makes_200_people_an_hour(text):
    assert cap("bridge_people", text) == Rate(200, AN_HOUR)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("bridge_people=3/1h", Rate(3, AN_HOUR)),
        ("bridge_people=3", Rate(3, AN_HOUR)),
        ("bridge_people=0", Rate(0, AN_HOUR)),
        ("bridge_people=500/90s", Rate(500, timedelta(seconds=90))),
        ("bridge_people=500/15m", Rate(500, timedelta(minutes=15))),
        ("bridge_people=5000/1d", Rate(5000, timedelta(days=1))),
        ("magic_link=5/15m, bridge_people=3/1h", Rate(3, AN_HOUR)),
    ],
)
def test_it_can_be_moved(text, rate):
    assert is_readable(text)
    assert cap("bridge_people", text) == rate


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "of",
        "on,off",
        "bridge_people",
        "bridge_people=",
        "bridge_people=many",
        "bridge_people=-1",
        "bridge_people=1.5",
        "bridge_people=3/",
        "bridge_people=3/h",
        "bridge_people=3/1",
        "bridge_people=3/1w",
        "bridge_people=3/1h,",
        "bridge_people=\u0663/1h",
        "bridge_people=3=3",
        "bridge people=3",
        "=3",
    ],
)
def test_what_is_not_understood_is_refused(text):
    assert not is_readable(text)


@pytest.mark.parametrize("window", ["0s", "0h", "367d", "9999999d", "99999999999999999999d"])
def test_a_time_in_which_nothing_could_be_counted_is_refused(window):
    assert not is_readable(f"bridge_people=3/{window}")


def test_a_number_that_no_counter_reaches_is_refused():
    assert not is_readable("bridge_people=" + "9" * 5000)

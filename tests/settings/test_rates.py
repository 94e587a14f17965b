"""``IDP_RATE_LIMITS``: how caps and limits are moved, and what ``off`` lifts (CONTRACT §3, §6 rules 4 and 10)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from idp.settings.rates import LIMITS, Rate, cap, is_readable, limit

AN_HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


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


# Limits, which can be switched off


@pytest.mark.parametrize("text", ["on", "sign_in=30/1m", "bridge_people=3/1h"])
def test_by_default_so_many_are_let_through(text):
    assert {name: limit(name, text) for name in LIMITS} == {
        "magic_link": Rate(5, QUARTER),
        "magic_link_network": Rate(300, QUARTER),
        "magic_link_account": Rate(3000, QUARTER),
        "provider_check": Rate(1, timedelta(minutes=1)),
    }


def test_off_lifts_every_limit_and_no_cap():
    assert {limit(name, "off") for name in LIMITS} == {None}
    assert cap("bridge_people", "off") == Rate(200, AN_HOUR)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("magic_link=3/1h", Rate(3, AN_HOUR)),
        ("magic_link=3", Rate(3, QUARTER)),
        ("magic_link=0", Rate(0, QUARTER)),
        ("bridge_people=3/1h, magic_link=9/90s", Rate(9, timedelta(seconds=90))),
        ("magic_link_network=3/1h", Rate(5, QUARTER)),
        ("magic_link=3/1h,magic_link=4/1h", Rate(3, AN_HOUR)),
    ],
)
def test_a_limit_can_be_moved_and_no_other_with_it(text, rate):
    assert is_readable(text)
    assert limit("magic_link", text) == rate


@pytest.mark.parametrize("name", LIMITS)
def test_each_limit_can_be_named_in_the_setting(name):
    assert limit(name, f"{name}=1/1s") == Rate(1, timedelta(seconds=1))

"""Guesses are counted before they are compared: of whatever threads, at most ten a day get that far."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask

from idp.domain.identifiers import AccountCode, UserId
from idp.domain.mail_sign_in import MOST_WRONG_A_DAY
from idp.limits import guesses
from idp.store.unit_of_work import unit_of_work
from tests.limits.conftest import NOW, at
from tests.support.database import RACERS, racing

KIM = guesses.for_address(AccountCode("acme"), "kim@acme.example")
ROUNDS = 3
THE_NEXT_DAY = NOW.replace(hour=0) + timedelta(days=1)
MOMENT = timedelta(microseconds=1)


def taken(name: str = KIM, *, now: datetime = NOW) -> int:
    with unit_of_work() as session:
        return guesses.take(session, name, context=at(now))


def right(name: str = KIM) -> int:
    """Guess, and turn out to be right; returns which guess of the day it would have been."""
    with unit_of_work() as session:
        counted = guesses.take(session, name, context=at())
        guesses.was_none(session, name, context=at())
        return counted


def test_each_guess_of_a_day_is_one_more(database: Flask) -> None:
    assert [taken() for _ in range(3)] == [1, 2, 3]
    assert taken(now=THE_NEXT_DAY - MOMENT) == 4
    assert taken(now=THE_NEXT_DAY) == 1


def test_of_racing_guesses_ten_are_compared(database: Flask) -> None:
    outcomes = racing(database, lambda: [taken() for _ in range(ROUNDS)])
    assert not [one for one in outcomes if isinstance(one, Exception)]
    counted = [number for one in outcomes if not isinstance(one, Exception) for number in one]
    assert sorted(counted) == list(range(1, RACERS * ROUNDS + 1))
    assert sum(number <= MOST_WRONG_A_DAY for number in counted) == MOST_WRONG_A_DAY


def test_racing_right_codes_use_up_no_guess(database: Flask) -> None:
    outcomes = racing(database, lambda: [right() for _ in range(ROUNDS)])
    assert not [one for one in outcomes if isinstance(one, Exception)]
    assert taken() == 1


def test_among_racing_wrong_codes_a_right_one_takes_back_its_own_alone(database: Flask) -> None:
    turns = iter(range(RACERS))
    racing(database, lambda: right() if next(turns) % 2 else taken())
    assert taken() == RACERS // 2 + 1


def test_an_account_address_link_and_person_is_each_counted_by_itself(database: Flask) -> None:
    """So strangers who guess for an address leave tries to whoever has its mail, or is signed in."""
    names = [
        KIM,
        guesses.for_address(AccountCode("globex"), "kim@acme.example"),
        guesses.for_address(AccountCode("acme"), "robin@acme.example"),
        guesses.for_link("kim"),
        guesses.for_person(UserId("kim")),
        guesses.for_person(UserId("robin")),
    ]
    assert [taken(name) for name in names] == [1] * len(names)
    assert len(set(names)) == len(names)

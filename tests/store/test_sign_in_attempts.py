"""An attempt comes back once, to the browser that left, at the provider's own address, in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from idp.domain.identifiers import ProviderId
from idp.store import sign_in_attempts
from idp.store.sign_in_attempts import Departed, SignInAttempt
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, SOON
from tests.support.database import RACERS, racing

CALLBACK = "https://login.example.com/oauth/callback/acme.okta/"
DEPARTED = Departed(
    provider_id=ProviderId("provider-okta"), parked_id="parked-1", redirect_uri=CALLBACK, remembered_sealed="sealed"
)


@pytest.fixture
def state(acme) -> str:
    with unit_of_work() as session:
        sign_in_attempts.add(
            session, "the-state", browser="the-browser", departed=DEPARTED, created_at=NOW, expires_at=SOON
        )
    return "the-state"


def taken(state: str, **changes) -> Departed | None:
    fitting = {"browser": "the-browser", "redirect_uri": CALLBACK, "now": NOW}
    with unit_of_work() as session:
        return sign_in_attempts.take(session, state, **{**fitting, **changes})


def test_an_attempt_comes_back_as_it_left_and_once(state):
    assert taken(state) == DEPARTED
    assert taken(state) is None


def test_of_eight_racing_callbacks_one_takes_the_attempt(acme, state):
    outcomes = racing(acme, lambda: taken(state))
    assert sorted(outcomes, key=lambda one: one is None) == [DEPARTED] + [None] * (RACERS - 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"browser": "another"},
        {"browser": ""},
        {"redirect_uri": "https://login.example.com/oauth/callback/acme.google/"},
        {"redirect_uri": "https://login.example.com/oauth/callback/"},
        {"now": SOON},
    ],
)
def test_what_does_not_fit_leaves_the_attempt_for_the_browser_that_left(state, wrong):
    """RFC 9700 §4.4 and §4.7: another browser or another provider's address consumes nothing."""
    assert taken(state, **wrong) is None
    assert taken(state) == DEPARTED


@pytest.mark.parametrize("presented", ["", "another", "\ud800", "\x00"])
def test_another_state_gives_nothing(state, presented):
    assert taken(presented) is None


def test_an_attempt_lives_until_its_last_moment(state):
    assert taken(state, now=SOON - timedelta(microseconds=1)) == DEPARTED


def test_neither_state_nor_browser_is_stored_in_clear(state):
    with reading() as session:
        row = session.scalars(select(SignInAttempt)).one()
    assert "the-state" not in row.state_digest
    assert "the-browser" not in row.browser_digest

"""A parked request waits for its browser and is answered once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from idp.domain.authorization_request import AuthorizationRequest
from idp.domain.identifiers import ClientId, UserId
from idp.domain.scope import Scope
from idp.store import parked_requests
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, SOON
from tests.support.database import RACERS, racing

REQUEST = AuthorizationRequest(
    client_id=ClientId("studio"),
    redirect_uri="https://studio.example.com/callback",
    scope=(Scope.OPENID, Scope.EMAIL),
    state="é%\n\"'",
    nonce="",
    code_challenge="c" * 43,
)
KIM, LEE = UserId("kim"), UserId("lee")


@pytest.fixture
def parked(acme) -> str:
    with unit_of_work() as session:
        parked_requests.add(session, "parked-1", REQUEST, browser="the-browser", now=NOW, expires_at=SOON)
    return "parked-1"


def answered(parked_id: str, **changes) -> bool:
    with unit_of_work() as session:
        return parked_requests.answer(session, parked_id, **{"browser": "the-browser", "now": NOW, **changes})


def peeked(parked_id: str, **changes) -> AuthorizationRequest | None:
    with reading() as session:
        return parked_requests.peek(session, parked_id, **{"browser": "the-browser", "now": NOW, **changes})


def test_a_request_waits_as_it_came_however_often_it_is_looked_at(parked):
    waiting = replace(REQUEST, asked_at=NOW)
    assert peeked(parked) == waiting
    assert peeked(parked) == waiting


def test_a_request_is_answered_once_and_waits_no_longer(parked):
    assert answered(parked)
    assert not answered(parked)
    assert peeked(parked) is None


def test_of_eight_racing_answers_one_counts(acme, parked):
    assert sorted(racing(acme, lambda: answered(parked))) == [False] * (RACERS - 1) + [True]


@pytest.mark.parametrize("wrong", [{"browser": "another"}, {"browser": ""}, {"now": SOON}])
def test_another_browser_or_a_late_one_neither_sees_nor_answers_it(parked, wrong):
    assert peeked(parked, **wrong) is None
    assert not answered(parked, **wrong)
    assert answered(parked)


def test_a_request_waits_until_its_last_moment(parked):
    assert answered(parked, now=SOON - timedelta(microseconds=1))


def test_an_unknown_request_is_nobodys(parked):
    assert peeked("parked-2") is None
    assert not answered("parked-2")


# An answer about a waiting request


def consented(parked_id: str, user=KIM, **changes) -> bool:
    with unit_of_work() as session:
        return parked_requests.consent(
            session, parked_id, user_id=user, **{"browser": "the-browser", "now": NOW, **changes}
        )


def by(parked_id: str, **changes) -> UserId | None:
    with reading() as session:
        return parked_requests.consented_by(session, parked_id, **{"browser": "the-browser", "now": NOW, **changes})


def test_a_waiting_request_remembers_who_allowed_it(parked):
    assert by(parked) is None
    assert consented(parked)
    assert by(parked) == KIM
    assert consented(parked, LEE)
    assert by(parked) == LEE


@pytest.mark.parametrize("wrong", [{"browser": "another"}, {"browser": ""}, {"now": SOON}])
def test_another_browser_or_a_late_one_neither_allows_it_nor_sees_who_did(parked, wrong):
    assert not consented(parked, **wrong)
    assert by(parked) is None
    assert consented(parked)
    assert by(parked, **wrong) is None


def test_an_answered_request_cannot_be_allowed_any_more(parked):
    with unit_of_work() as session:
        assert parked_requests.answer(session, parked, browser="the-browser", now=NOW)
    assert not consented(parked)

"""A code gives what it stands for once, to its client, at its redirect URI, with its verifier, in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from idp.domain.authorization import Authorization
from idp.domain.identifiers import ClientId, FamilyId, SessionId, UserId
from idp.domain.scope import Scope
from idp.store import authorization_codes
from idp.store.authorization_codes import AuthorizationCode
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, PROOF, SOON, new_client
from tests.support.database import RACERS, racing

GRANT = Authorization(
    family_id=FamilyId("family-1"),
    user_id=UserId("kim"),
    sid=SessionId("session-kim"),
    scope=(Scope.OPENID, Scope.ROLES),
    nonce="n-1",
    authentication=PROOF,
)
FITTING = {
    "client_id": ClientId("studio"),
    "redirect_uri": "https://studio.example.com/callback",
    "code_challenge": "c" * 43,
    "now": NOW,
}


@pytest.fixture
def code(acme) -> str:
    add("the-code")
    return "the-code"


def add(code: str, code_challenge: str | None = "c" * 43) -> None:
    with unit_of_work() as session:
        authorization_codes.add(
            session,
            code,
            GRANT,
            client_id=FITTING["client_id"],
            redirect_uri=FITTING["redirect_uri"],
            code_challenge=code_challenge,
            expires_at=SOON,
        )


def consumed(code: str, **changes) -> Authorization | None:
    with unit_of_work() as session:
        return authorization_codes.consume(session, code, **{**FITTING, **changes})


def test_a_code_gives_what_it_stands_for(code):
    assert consumed(code) == GRANT


def test_a_code_works_once(code):
    assert consumed(code)
    assert consumed(code) is None


def test_of_eight_racing_callers_one_gets_the_grant(acme, code):
    outcomes = racing(acme, lambda: consumed(code))
    assert sorted(outcomes, key=lambda one: one is None) == [GRANT] + [None] * (RACERS - 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": ClientId("other")},
        {"redirect_uri": "https://studio.example.com/callback/"},
        {"redirect_uri": ""},
        {"code_challenge": "d" * 43},
        {"code_challenge": None},
        {"now": SOON},
        {"now": SOON + timedelta(days=1)},
    ],
)
def test_what_does_not_fit_leaves_the_code_unspent(code, wrong):
    with unit_of_work() as session:
        session.add(new_client("other"))
    assert consumed(code, **wrong) is None
    assert consumed(code) == GRANT


@pytest.mark.parametrize("presented", ["", "another", "THE-CODE", "the-code ", "\ud800", "'; DROP TABLE users; --"])
def test_another_code_gives_nothing(code, presented):
    assert consumed(presented) is None


def test_a_code_without_challenge_is_not_redeemed_with_a_verifier(acme):
    add("without", code_challenge=None)
    assert consumed("without") is None
    assert consumed("without", code_challenge=None) == GRANT


def test_a_code_lives_until_its_last_moment(code):
    assert consumed(code, now=SOON - timedelta(microseconds=1)) == GRANT


def test_a_spent_code_names_what_it_gave_to_its_own_client_only(code):
    with unit_of_work() as session:
        session.add(new_client("other"))
    consumed(code)
    with reading() as session:
        assert authorization_codes.family_of_spent(session, code, client_id=ClientId("studio")) == "family-1"
        assert authorization_codes.family_of_spent(session, code, client_id=ClientId("other")) is None
        assert authorization_codes.family_of_spent(session, "another", client_id=ClientId("studio")) is None


def test_an_unspent_code_names_nothing(code):
    with reading() as session:
        assert authorization_codes.family_of_spent(session, code, client_id=ClientId("studio")) is None


def test_the_clear_code_is_not_stored(code):
    with reading() as session:
        stored = session.scalars(select(AuthorizationCode.code_digest)).one()
        assert code not in stored
        assert session.scalar(select(func.length(AuthorizationCode.code_digest))) == 64

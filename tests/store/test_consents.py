"""What people allowed is remembered once a person and client, and forgotten as a whole."""

from __future__ import annotations

import pytest
from flask import Flask

from idp.domain.identifiers import ClientId, UserId
from idp.store import consents
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, SOON, new_client, new_user
from tests.support.database import RACERS, racing

KIM, LEE = UserId("kim"), UserId("lee")
STUDIO, PLANNER = ClientId("studio"), ClientId("planner")


@pytest.fixture
def two_of_each(acme: Flask) -> Flask:
    """The account with a second user and a second client."""
    with unit_of_work() as session:
        session.add_all([new_user("lee"), new_client("planner")])
    return acme


def keep(user=KIM, client=STUDIO, *, scope=("openid",), claims=(), now=NOW) -> None:
    with unit_of_work() as session:
        consents.keep(session, user, client, scope=scope, claims=claims, now=now)


def found(user=KIM, client=STUDIO):
    with reading() as session:
        row = consents.find(session, user, client)
        return None if row is None else (row.scope, row.claims, row.granted_at)


def withdrawn(user=KIM, client=STUDIO) -> bool:
    with unit_of_work() as session:
        return consents.withdraw(session, user, client)


def test_what_was_allowed_is_remembered_beside_what_was_allowed_before(acme):
    keep(scope=("openid", "email"), claims=("name",))
    keep(scope=("openid", "roles"), claims=("name", "locale"), now=SOON)
    assert found() == ("openid email roles", ["name", "locale"], SOON)


def test_of_eight_racing_answers_none_is_lost(acme):
    claims = iter([f"claim{number}" for number in range(RACERS)])
    assert racing(acme, lambda: keep(claims=(next(claims),))) == [None] * RACERS
    scope, kept, _ = found()
    assert scope == "openid"
    assert sorted(kept) == [f"claim{number}" for number in range(RACERS)]


def test_each_person_and_client_are_remembered_by_themselves(two_of_each):
    keep(KIM, STUDIO)
    keep(KIM, PLANNER, now=SOON)
    keep(LEE, STUDIO)
    assert withdrawn(KIM, STUDIO)
    assert found(KIM, STUDIO) is None
    assert found(LEE, STUDIO) is not None
    with reading() as session:
        assert [row.client_id for row in consents.of_user(session, KIM)] == ["planner"]


def test_the_latest_comes_first(two_of_each):
    keep(KIM, STUDIO)
    keep(KIM, PLANNER, now=SOON)
    with reading() as session:
        assert [row.client_id for row in consents.of_user(session, KIM)] == ["planner", "studio"]


def test_of_eight_racing_withdrawals_one_is_told_that_there_was_something(acme):
    keep()
    assert sorted(racing(acme, withdrawn)) == [False] * (RACERS - 1) + [True]


def test_what_was_never_allowed_cannot_be_withdrawn(acme):
    assert not withdrawn()

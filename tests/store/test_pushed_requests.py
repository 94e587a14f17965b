"""A pushed request can be looked at by its client for a while, and is answered once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from idp.domain.authorization_request import AuthorizationRequest
from idp.domain.identifiers import ClientId
from idp.domain.scope import Scope
from idp.domain.secrets import digest
from idp.store import pushed_requests
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, SOON
from tests.support.database import RACERS, racing

STUDIO, PLANNER = ClientId("studio"), ClientId("planner")
REQUEST = AuthorizationRequest(
    client_id=STUDIO, redirect_uri="https://studio.example.com/callback", scope=(Scope.OPENID, Scope.EMAIL)
)


@pytest.fixture
def reference(acme) -> str:
    with unit_of_work() as session:
        pushed_requests.add(session, "reference-1", REQUEST, now=NOW, expires_at=SOON)
    return "reference-1"


def peeked(reference: str, **changes) -> AuthorizationRequest | None:
    with reading() as session:
        return pushed_requests.peek(session, reference, **{"client_id": STUDIO, "now": NOW, **changes})


def used(reference: str) -> bool:
    with unit_of_work() as session:
        return pushed_requests.use(session, digest(reference), now=NOW)


def test_a_pushed_request_can_be_looked_at_until_it_is_used(reference):
    assert peeked(reference) == peeked(reference) == REQUEST
    assert used(reference)
    assert peeked(reference) is None
    assert not used(reference)


def test_of_eight_racing_uses_one_counts(acme, reference):
    assert sorted(racing(acme, lambda: used(reference))) == [False] * (RACERS - 1) + [True]


@pytest.mark.parametrize("wrong", [{"client_id": PLANNER}, {"now": SOON}])
def test_another_client_or_a_late_one_does_not_see_it(reference, wrong):
    assert peeked(reference, **wrong) is None
    assert peeked(reference, now=SOON - timedelta(microseconds=1)) == REQUEST


def test_an_unknown_reference_stands_for_nothing(reference):
    assert peeked("reference-2") is None
    assert not used("reference-2")

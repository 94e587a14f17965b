"""A family counts until it is revoked, and is revoked once."""

from __future__ import annotations

import pytest

from idp.domain.identifiers import FamilyId, SessionId
from idp.store import endings, subjects, token_families
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, add_family, add_session
from tests.support.database import RACERS, racing


def begin(family: str, *, sid: str = "session-kim") -> FamilyId:
    with unit_of_work() as session:
        add_family(session, family, sid=sid)
    return FamilyId(family)


def revoked(family: FamilyId) -> bool:
    with unit_of_work() as session:
        return token_families.revoke(session, family, now=NOW)


def counts(family: FamilyId) -> bool:
    with reading() as session:
        return subjects.of_live_family(session, family, jti="any") is not None


@pytest.fixture
def family(acme) -> FamilyId:
    return begin("family-1")


def test_a_family_counts_until_it_is_revoked(family):
    assert counts(family)
    assert revoked(family)
    assert not counts(family)


def test_a_family_is_revoked_once(family):
    assert revoked(family)
    assert not revoked(family)
    assert not revoked(FamilyId("unknown"))


def test_of_eight_racing_revocations_one_counts(acme, family):
    assert sorted(racing(acme, lambda: revoked(family))) == [False] * (RACERS - 1) + [True]


def test_the_end_of_a_session_ends_what_hangs_on_it_and_no_more(acme, family):
    with unit_of_work() as session:
        add_session(session, "kim", cookie="elsewhere", sid="session-elsewhere")
    second, elsewhere = begin("family-2"), begin("family-3", sid="session-elsewhere")
    with unit_of_work() as session:
        endings.end(session, endings.of_sessions([SessionId("session-kim")]), now=NOW)
    assert [counts(one) for one in (family, second, elsewhere)] == [False, False, True]

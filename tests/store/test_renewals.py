"""A renewal is read under a lock and changes one row."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from idp.domain.confirmation import Confirmation
from idp.domain.identifiers import AccountCode, FamilyId, UserId
from idp.domain.refresh_rotation import FIRST_GENERATION, Standing
from idp.store import accounts, renewals, token_families, users
from idp.store.unit_of_work import unit_of_work
from tests.store.conftest import NOW, PROOF, add_family
from tests.support.database import RACERS, racing

FAMILY = FamilyId("family-1")


@pytest.fixture
def family(acme) -> FamilyId:
    with unit_of_work() as session:
        return add_family(session, FAMILY)


def take() -> renewals.Renewal | None:
    with unit_of_work() as session:
        return renewals.take(session, FAMILY)


def test_it_tells_what_a_refresh_needs(family):
    found = take()
    assert found is not None
    assert (found.client_id, found.seed) == ("studio", "s" * 43)
    assert found.authorization.authentication == PROOF
    assert found.authorization.nonce is None
    assert (found.subject.user_id, found.subject.account) == ("kim", "acme")
    assert found.standing == Standing(generation=FIRST_GENERATION, rotated_at=NOW, expires_at=NOW + timedelta(days=30))
    assert found.confirmation == Confirmation(confirmed_at=None, reverify_after=None, role_based_iam=False)


def test_it_tells_who_confirmed_the_person_and_what_the_account_says(family):
    with unit_of_work() as session:
        user, account = users.get(session, UserId("kim")), accounts.find(session, AccountCode("acme"))
        user.confirmed_at, user.confirmed_by = NOW, "provider-okta"
        account.reverify_after = 60
    found = take()
    said = Confirmation(confirmed_at=NOW, reverify_after=timedelta(seconds=60), role_based_iam=False)
    assert found.confirmation == said


def test_a_rotation_is_seen_by_the_next(family):
    later = NOW + timedelta(minutes=1)
    with unit_of_work() as session:
        renewals.rotate(session, family, generation=2, now=later)
    assert (take().standing.generation, take().standing.rotated_at) == (2, later)


@pytest.mark.parametrize("what", ["family", "user", "account"])
def test_what_no_longer_counts_is_not_renewed(family, what):
    with unit_of_work() as session:
        if what == "family":
            token_families.revoke(session, family, now=NOW)
        elif what == "user":
            users.get(session, UserId("kim")).enabled = False
        else:
            accounts.find(session, AccountCode("acme")).enabled = False
    assert take() is None


def test_a_family_without_a_seed_has_no_refresh_tokens(family):
    with unit_of_work() as session:
        session.get(token_families.TokenFamily, family).seed = None
    assert take() is None


def test_of_many_at_once_each_sees_what_the_one_before_left(acme, family):
    seen, lock = [], threading.Lock()

    def renew() -> None:
        with unit_of_work() as session:
            generation = renewals.take(session, family).standing.generation
            with lock:
                seen.append(generation)
            renewals.rotate(session, family, generation=generation + 1, now=NOW)

    racing(acme, renew)
    assert sorted(seen) == list(range(1, RACERS + 1))

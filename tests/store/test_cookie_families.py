"""A cookie session is read under a lock, counts while its person does, and is none of the OAuth families."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from idp.domain.authentication import Authentication
from idp.domain.bridges import Bridge
from idp.domain.confirmation import Confirmation
from idp.domain.identifiers import AccountCode, FamilyId, SessionId, UserId
from idp.domain.jars import Jar
from idp.domain.refresh_rotation import FIRST_GENERATION, Standing
from idp.store import accounts, cookie_families, endings, renewals, token_families, users
from idp.store.bridge_people import BridgePerson
from idp.store.cookie_families import CookieFamily, Person
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, PROOF, add_family
from tests.support.database import RACERS, racing

FAMILY, SID = FamilyId("cookies-1"), SessionId("session-kim")
TOMORROW = NOW + timedelta(days=1)


def begin(family: str = FAMILY, *, jar: Jar = Jar.PARTITIONED, exchanged: bool = False) -> CookieFamily | None:
    """Begin a cookie session in Kim's session; none when that has ended."""
    with unit_of_work() as session:
        holder = cookie_families.in_session(session, SID)
        if holder is None:
            return None
        begun = CookieFamily(
            id=FamilyId(family),
            sid=SID,
            person=holder.person,
            authentication=holder.authentication,
            confirmation=holder.confirmation,
            jar=jar,
            exchanged=exchanged,
            seed="s" * 43,
            standing=Standing(generation=FIRST_GENERATION, rotated_at=NOW, expires_at=TOMORROW),
        )
        cookie_families.add(session, begun, now=NOW)
    return begun


def take(family: FamilyId = FAMILY) -> CookieFamily | None:
    with unit_of_work() as session:
        return cookie_families.take(session, family)


def peek(family: FamilyId = FAMILY) -> CookieFamily | None:
    with reading() as session:
        return cookie_families.peek(session, family)


def person() -> Person | None:
    with reading() as session:
        holder = cookie_families.in_session(session, SID)
    return None if holder is None else holder.person


@pytest.fixture
def begun(acme) -> CookieFamily:
    family = begin()
    assert family is not None
    return family


class TestWhoseItIs:
    def test_a_session_tells_its_person_and_their_proof(self, acme):
        with reading() as session:
            holder = cookie_families.in_session(session, SID)
        found = holder.person
        assert (found.user_id, found.account, found.platform_id) == ("kim", "acme", None)
        assert holder.authentication == PROOF
        assert holder.confirmation == Confirmation(confirmed_at=None, reverify_after=None, role_based_iam=False)

    def test_the_platforms_id_is_told(self, acme):
        with unit_of_work() as session:
            users.get(session, UserId("kim")).platform_id = "agent-7"
        assert person().platform_id == "agent-7"

    def test_that_of_a_bridge_first(self, acme):
        with unit_of_work() as session:
            users.get(session, UserId("kim")).platform_id = "agent-7"
            key = {"account_code": "acme", "bridge": Bridge.API_KEY, "platform_id": "4711"}
            session.add(BridgePerson(**key, user_id="kim", made_with="key-1", created_at=NOW))
        assert person().platform_id == "4711"

    def test_a_session_that_ended_has_nobody(self, acme):
        with unit_of_work() as session:
            endings.end(session, endings.of_sessions([SID]), now=NOW)
        assert person() is None

    @pytest.mark.parametrize("gone", ["user", "account"])
    def test_nor_has_one_of_somebody_kept_out(self, acme, gone):
        disable(gone)
        assert person() is None

    def test_nor_an_unknown_one(self, acme):
        with reading() as session:
            assert cookie_families.in_session(session, SessionId("unknown")) is None


class TestWhatCounts:
    @pytest.mark.parametrize("exchanged", [False, True])
    @pytest.mark.parametrize("jar", list(Jar))
    def test_it_is_read_as_it_was_begun(self, acme, jar, exchanged):
        family = begin(jar=jar, exchanged=exchanged)
        assert take() == peek() == family

    def test_it_tells_who_confirmed_the_person_and_what_the_account_says(self, begun):
        with unit_of_work() as session:
            kim, acme = users.get(session, UserId("kim")), accounts.find(session, AccountCode("acme"))
            kim.confirmed_at, kim.confirmed_by = NOW, "provider-okta"
            acme.reverify_after = 60
        said = Confirmation(confirmed_at=NOW, reverify_after=timedelta(seconds=60), role_based_iam=False)
        assert take().confirmation == peek().confirmation == said
        with reading() as session:
            assert cookie_families.in_session(session, SID).confirmation == said

    @pytest.mark.parametrize("gone", ["family", "user", "account", "session"])
    def test_what_no_longer_counts_is_not_found(self, begun, gone):
        disable(gone)
        assert take() is None
        assert peek() is None

    def test_nor_what_is_unknown(self, acme):
        assert take(FamilyId("unknown")) is None

    def test_it_is_never_renewed_as_an_oauth_family(self, begun):
        with unit_of_work() as session:
            assert renewals.take(session, FAMILY) is None
            assert renewals.peek(session, FAMILY) is None

    def test_an_oauth_family_is_never_renewed_as_cookies(self, acme):
        with unit_of_work() as session:
            family = add_family(session, "family-1")
        assert take(family) is None
        assert peek(family) is None


class TestGoingOn:
    def test_it_has_the_new_proof_and_end_and_nothing_else_new(self, begun):
        later = NOW + timedelta(hours=1)
        proof = Authentication(at=later, acr="urn:deepdesk:acr:email", amr=("email",))
        standing = replace(begun.standing, expires_at=TOMORROW + timedelta(hours=1))
        with unit_of_work() as session:
            taken = cookie_families.take(session, FAMILY)
            cookie_families.go_on(session, replace(taken, authentication=proof, standing=standing))
        assert take() == replace(begun, authentication=proof, standing=standing)

    def test_others_stay_what_they_are(self, begun):
        other = begin("cookies-2")
        with unit_of_work() as session:
            cookie_families.go_on(session, replace(begun, standing=replace(begun.standing, expires_at=NOW)))
        assert take(FamilyId("cookies-2")) == other


class TestAtTheSameMoment:
    def test_of_many_renewals_each_sees_what_the_one_before_left(self, acme, begun):
        seen, lock = [], threading.Lock()

        def renew() -> None:
            with unit_of_work() as session:
                generation = cookie_families.take(session, FAMILY).standing.generation
                with lock:
                    seen.append(generation)
                renewals.rotate(session, FAMILY, generation=generation + 1, now=NOW)

        racing(acme, renew)
        assert sorted(seen) == list(range(1, RACERS + 1))

    def test_of_many_replays_one_ends_it(self, acme, begun):
        def end() -> bool:
            with unit_of_work() as session:
                found = cookie_families.take(session, FAMILY)
                return found is not None and token_families.revoke(session, FAMILY, now=NOW)

        assert sorted(racing(acme, end)) == [False] * (RACERS - 1) + [True]

    def test_an_end_waits_for_whoever_begins_in_the_session(self, acme):
        ended = threading.Event()

        def end() -> None:
            with acme.app_context(), unit_of_work() as other:
                endings.end(other, endings.of_sessions([SID]), now=NOW)
            ended.set()

        with unit_of_work() as session:
            assert cookie_families.in_session(session, SID)
            ending = threading.Thread(target=end)
            ending.start()
            assert not ended.wait(0.3)
        ending.join(10)
        assert ended.is_set()

    def test_nothing_begins_in_a_session_that_ends(self, acme):
        """Whichever is first: no cookie session outlives its session."""
        numbers, lock = iter(range(RACERS)), threading.Lock()

        def begin_or_end() -> None:
            with lock:
                number = next(numbers)
            if number == RACERS // 2:
                with unit_of_work() as session:
                    endings.take(session, endings.of_sessions([SID]))
                    endings.end(session, endings.of_sessions([SID]), now=NOW)
            else:
                begin(f"cookies-{number}")

        assert racing(acme, begin_or_end) == [None] * RACERS
        assert [peek(FamilyId(f"cookies-{number}")) for number in range(RACERS)] == [None] * RACERS


def disable(what: str) -> None:
    """Let one of those on whom a cookie session rests count no more."""
    with unit_of_work() as session:
        if what == "family":
            token_families.revoke(session, FAMILY, now=NOW)
        elif what == "user":
            users.get(session, UserId("kim")).enabled = False
        elif what == "account":
            accounts.find(session, AccountCode("acme")).enabled = False
        else:
            endings.end(session, endings.of_sessions([SID]), now=NOW)

"""Who arrived over a bridge is one person by account, bridge and platform id, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from idp.domain.bridges import Bridge
from idp.domain.identifiers import AccountCode, UserId
from idp.store import bridge_people
from idp.store.bridge_people import BridgePerson
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, new_account, new_user
from tests.support.database import RACERS, racing

ACME, GLOBEX = AccountCode("acme"), AccountCode("globex")
KEY, JWT = Bridge.API_KEY, Bridge.PLATFORM_JWT
LATER = NOW + timedelta(minutes=1)


def add(
    user: str,
    platform_id: str = "4711",
    *,
    bridge: Bridge = KEY,
    account: str = "acme",
    made_with: str = "key-1",
    at: datetime = NOW,
) -> None:
    """Let somebody arrive for the first time."""
    with unit_of_work() as session:
        session.add(new_user(user, account=account, vouched=False, address=f"{user}@x.example"))
        session.flush()
        session.add(
            BridgePerson(
                account_code=account,
                bridge=bridge,
                platform_id=platform_id,
                user_id=user,
                made_with=made_with,
                created_at=at,
            )
        )


def found(platform_id: str = "4711", *, bridge: Bridge = KEY, account: AccountCode = ACME) -> str | None:
    with reading() as session:
        person = bridge_people.find(session, account, bridge, platform_id)
        return None if person is None else person.user_id


def made(made_with: str = "key-1", *, since: datetime = NOW - timedelta(hours=1)) -> int:
    with reading() as session:
        return bridge_people.made_since(session, made_with, since=since)


def refused_before(user: str) -> datetime | None:
    with reading() as session:
        return bridge_people.of_user(session, UserId(user)).refused_before


class TestTheKey:
    def test_is_account_bridge_and_platform_id(self, acme):
        with unit_of_work() as session:
            session.add(new_account("globex"))
        add("ann")
        add("bob", bridge=JWT)
        add("cat", account="globex")
        add("dan", "4712")
        assert [found(), found(bridge=JWT), found(account=GLOBEX), found("4712")] == ["ann", "bob", "cat", "dan"]

    def test_is_compared_to_the_letter(self, acme):
        add("ann", "Agent")
        for other in ("agent", "AGENT", " Agent", "Agent ", "Agent%", "Agen_", ""):
            assert found(other) is None

    def test_may_be_any_text(self, acme):
        for number, platform_id in enumerate(("é🦔", "'; --", "x" * 255)):
            add(f"user-{number}", platform_id)
            assert found(platform_id) == f"user-{number}"

    def test_leads_back_from_the_user(self, acme):
        add("ann")
        with reading() as session:
            person = bridge_people.of_user(session, UserId("ann"))
            assert (person.bridge, person.platform_id) == (KEY, "4711")
            assert bridge_people.of_user(session, UserId("kim")) is None

    def test_of_eight_who_arrive_at_once_one_is_made(self, acme):
        numbers = iter(range(RACERS))
        answers = racing(acme, lambda: add(f"user-{next(numbers)}"))
        assert answers.count(None) == 1
        assert sum(isinstance(answer, IntegrityError) for answer in answers) == RACERS - 1
        with reading() as session:
            assert session.query(BridgePerson).count() == 1


class TestCounting:
    def test_tells_how_many_a_key_made_since(self, acme):
        add("ann", "1", at=NOW - timedelta(hours=2))
        add("bob", "2", at=NOW - timedelta(hours=1))
        add("cat", "3")
        add("dan", "4", made_with="key-2")
        assert (made(), made("key-2"), made("key-3")) == (1, 1, 0)


class TestRefusingWhatIsOlder:
    def test_reaches_the_people_who_are_named(self, acme):
        add("ann", "1", bridge=JWT)
        add("bob", "2", bridge=JWT)
        with unit_of_work() as session:
            bridge_people.refuse_older(session, [UserId("ann"), UserId("kim")], now=LATER)
        assert (refused_before("ann"), refused_before("bob")) == (LATER, None)

    def test_of_nobody_reaches_nobody(self, acme):
        add("ann", bridge=JWT)
        with unit_of_work() as session:
            bridge_people.refuse_older(session, [], now=LATER)
        assert refused_before("ann") is None

    def test_of_an_account_reaches_all_of_its_people(self, acme):
        with unit_of_work() as session:
            session.add(new_account("globex"))
        add("ann", "1", bridge=JWT)
        add("bob", "2", bridge=JWT)
        add("cat", "3", bridge=JWT, account="globex")
        with unit_of_work() as session:
            bridge_people.refuse_older_of_account(session, ACME, now=LATER)
        assert [refused_before(one) for one in ("ann", "bob", "cat")] == [LATER, LATER, None]

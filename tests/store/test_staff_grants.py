"""Grants and entries of staff: which of them speak of whom, and what ends with them."""

from __future__ import annotations

import pytest

from idp.domain.identifiers import AccountCode, ClientId, FamilyId, SessionId, UserId
from idp.domain.roles import Role
from idp.domain.staff import Grant
from idp.store import endings, staff_entries, staff_grants, subjects
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, add_family, add_session, new_account, new_client, new_grant, new_user
from tests.support.database import RACERS, racing

CASEY, ROBIN = UserId("casey"), UserId("robin")
ACME, GLOBEX = AccountCode("acme"), AccountCode("globex")
ADDRESS = "casey@deepdesk.example"
CLIENTS = {"studio": "acme", "backend": "globex", "dashboard": "staff", "tools": None}


@pytest.fixture
def staffed(acme):
    """Acme, globex and staff with a client each, one client of no account, and two staff members who signed in."""
    with unit_of_work() as session:
        session.add_all([new_account("globex"), new_account("staff")])
        session.flush()
        session.add_all(new_client(name, account=code) for name, code in CLIENTS.items() if name != "studio")
        session.add_all(new_user(name, account="staff", address=f"{name}@deepdesk.example") for name in (CASEY, ROBIN))
        session.flush()
        for name in (CASEY, ROBIN):
            add_session(session, name, cookie=name, account="staff")
    return acme


@pytest.fixture
def granted(staffed):
    with unit_of_work() as session:
        session.add_all(
            [
                new_grant("waiting", account="acme", address=ADDRESS),
                new_grant("hers", account="globex", user="casey", address="casey.old@deepdesk.example"),
                new_grant("all", account=None, user="casey", address=ADDRESS),
                new_grant("over", account="acme", user="casey", address=ADDRESS, revoked=True),
                new_grant("void", account="acme", address=ADDRESS, revoked=True),
                new_grant("robins", account="acme", user="robin", address=ADDRESS),
                new_grant("others", account="acme", address="robin@deepdesk.example"),
            ]
        )
    return staffed


def ids(found) -> set[str]:
    return {row.id for row in found}


def test_grants_of_a_user_are_those_that_name_them_and_count(granted):
    with reading() as session:
        assert ids(staff_grants.of_user(session, CASEY)) == {"hers", "all"}
        assert ids(staff_grants.unrevoked(session)) == {"waiting", "hers", "all", "robins", "others"}


@pytest.mark.parametrize(("user", "expected"), [(CASEY, {"waiting", "hers", "all"}), (None, {"waiting"})])
def test_grants_of_a_person_are_theirs_and_those_that_wait_for_them(granted, user, expected):
    with reading() as session:
        assert ids(staff_grants.of_person(session, user_id=user, canonical=ADDRESS)) == expected


@pytest.mark.parametrize(
    ("user", "expected"), [(CASEY, {"waiting", "hers", "all", "robins"}), (None, {"waiting", "all", "robins"})]
)
def test_grants_that_name_an_address_are_found_whoever_has_it_now(granted, user, expected):
    with reading() as session:
        assert ids(staff_grants.naming(session, user_id=user, canonical=ADDRESS)) == expected


def test_only_what_waits_for_the_address_is_bound(granted):
    with unit_of_work() as session:
        staff_grants.bind(session, ROBIN, ADDRESS)
    with reading() as session:
        assert ids(staff_grants.of_user(session, ROBIN)) == {"robins", "waiting"}
        assert ids(staff_grants.of_user(session, CASEY)) == {"hers", "all"}
        assert session.get(staff_grants.StaffGrant, "void").user_id is None


def test_of_eight_racing_users_one_has_the_grant(granted):
    users = iter([CASEY, ROBIN] * (RACERS // 2))

    def bind() -> str:
        user = next(users)
        with unit_of_work() as session:
            staff_grants.bind(session, user, ADDRESS)
        return user

    racing(granted, bind)
    with reading() as session:
        first = session.get(staff_grants.StaffGrant, "waiting").user_id
    with unit_of_work() as session:
        staff_grants.bind(session, CASEY if first == ROBIN else ROBIN, ADDRESS)
    with reading() as session:
        assert session.get(staff_grants.StaffGrant, "waiting").user_id == first


def test_a_row_is_a_grant(granted):
    with reading() as session:
        row = session.get(staff_grants.StaffGrant, "all")
    assert row.as_grant() == Grant(id="all", account=None, roles=(Role.MANAGER,), until=None)


# Entries


def enter(user: UserId, client: str) -> None:
    with unit_of_work() as session:
        staff_entries.add(session, SessionId(f"session-{user}"), ClientId(client), [Role.EDITOR], now=NOW)


def entered(user: UserId) -> set[str]:
    with reading() as session:
        return {
            one for one in CLIENTS if staff_entries.entered_as(session, SessionId(f"session-{user}"), ClientId(one))
        }


def test_an_entry_is_remembered_for_a_session_and_a_client(staffed):
    enter(CASEY, "studio")
    enter(CASEY, "studio")
    assert (entered(CASEY), entered(ROBIN)) == ({"studio"}, set())


@pytest.mark.parametrize(("account", "left"), [(ACME, {"backend"}), (GLOBEX, {"studio"}), (None, set())])
def test_entries_are_forgotten_by_account_or_all(staffed, account, left):
    for user in (CASEY, ROBIN):
        for client in ("studio", "backend"):
            enter(user, client)
    with unit_of_work() as session:
        staff_entries.forget(session, CASEY, account)
    assert (entered(CASEY), entered(ROBIN)) == (left, {"studio", "backend"})


# Families


@pytest.fixture
def families(staffed):
    """Each staff member's tokens at each client, and those of acme's own Kim."""
    with unit_of_work() as session:
        for user in (CASEY, ROBIN, UserId("kim")):
            for client in CLIENTS:
                add_family(session, f"{user}-{client}", client=client, user=user, sid=f"session-{user}")
    return staffed


def counting(user: UserId) -> set[str]:
    with reading() as session:
        return {
            one for one in CLIENTS if subjects.of_live_family(session, FamilyId(f"{user}-{one}"), jti="any") is not None
        }


@pytest.mark.parametrize(
    ("account", "left"),
    [
        (ACME, {"backend", "dashboard", "tools"}),
        (GLOBEX, {"studio", "dashboard", "tools"}),
        (None, {"dashboard", "tools"}),
    ],
)
def test_what_a_grant_opened_ends_with_it(families, account, left):
    with unit_of_work() as session:
        endings.end(session, endings.at_account(CASEY, account), now=NOW)
    assert (counting(CASEY), counting(ROBIN)) == (left, set(CLIENTS))


def test_all_of_a_person_ends_and_nobody_elses(families):
    with unit_of_work() as session:
        endings.end(session, endings.of_user(CASEY), now=NOW)
    assert (counting(CASEY), counting(ROBIN)) == (set(), set(CLIENTS))


def test_all_of_an_account_ends_with_what_staff_have_open_there(families):
    with unit_of_work() as session:
        endings.end(session, endings.of_account(ACME), now=NOW)
    assert (counting(UserId("kim")), counting(CASEY)) == (set(), {"backend", "dashboard", "tools"})


@pytest.mark.parametrize(("client", "account"), CLIENTS.items())
def test_a_family_tells_its_client_and_the_clients_account(families, client, account):
    with reading() as session:
        member = subjects.of_live_family(session, FamilyId(f"casey-{client}"), jti="any")
    assert (member.client_id, member.client_account) == (client, account)
    assert (member.subject.user_id, member.subject.account, member.subject.staff) == (CASEY, "staff", True)


def test_a_customers_person_is_no_staff(families):
    with reading() as session:
        assert not subjects.of_live_family(session, FamilyId("kim-studio"), jti="any").subject.staff

"""CONTRACT §6 rule 8: a grant names an address until its first vouched sign-in, then the user."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from idp.domain.errors import Invalid, NotFound, Refusal
from idp.domain.identifiers import AccountCode, ClientId, FamilyId, SessionId, UserId
from idp.domain.roles import Role
from idp.domain.secrets import new_identifier
from idp.services.oauth.standing import standing_in
from idp.services.people import staff
from idp.services.people import users as people
from idp.services.people.staff import GrantTerms
from idp.services.registry import accounts
from idp.services.registry.accounts import AccountSettings
from idp.store import staff_entries, subjects
from idp.store.audit_events import AuditEvent
from idp.store.staff_grants import StaffGrant
from idp.store.unit_of_work import reading, unit_of_work
from tests.services.conftest import CASEY, KIM, NOW, refused, rows, set_account, user_of
from tests.store.conftest import add_family, new_client
from tests.support.database import RACERS, racing

MANAGER, EDITOR = GrantTerms(roles=(Role.MANAGER,)), GrantTerms(roles=(Role.EDITOR,))
ADDRESS = CASEY.email


@pytest.fixture
def grant(staff_provider, context):
    accounts.create("globex", AccountSettings(name="Globex"), context=context)

    def granted(*into: str, terms: GrantTerms = MANAGER, email: str = ADDRESS):
        return staff.grant(email, into or None, terms, context=context)

    return granted


@pytest.fixture
def arrive(staff_provider, enter):
    """Sign a staff member in; returns their id and session."""

    def arrived(identity=CASEY, *, minutes: int = 0) -> tuple[str, str]:
        begun = enter(staff_provider, identity, minutes=minutes)
        return user_of(begun).id, begun.sid

    return arrived


def into(user_id: str, account: str = "acme", *, minutes: int = 0) -> tuple[str, ...] | None:
    """Return as what somebody may enter an account now, or none."""
    with reading() as session:
        found = standing_in(
            session,
            subjects.find(session, UserId(user_id)),
            client_account=AccountCode(account),
            admitted=(),
            now=NOW + timedelta(minutes=minutes),
        )
    if found is None:
        return None
    assert (found.account, found.staff) == (account, True)
    return tuple(role.value for role in found.roles)


def live_grants() -> list[tuple[str | None, list[str], str | None]]:
    return [(one.account_code, one.roles, one.user_id) for one in staff.list_all()]


def open_at(account: str, user_id: str, sid: str) -> FamilyId:
    """Let a staff member have entered a client of an account, with tokens."""
    family, client = FamilyId(new_identifier()), ClientId(f"studio-{account}")
    with unit_of_work() as session:
        session.merge(new_client(client, account=account))
        session.flush()
        staff_entries.add(session, SessionId(sid), client, [Role.MANAGER], now=NOW)
        add_family(session, family, client=client, user=user_id, sid=sid)
    return family


def is_open(family: FamilyId, account: str, sid: str) -> tuple[bool, bool]:
    """Say whether tokens count, and whether the entry is remembered."""
    with reading() as session:
        return (
            subjects.of_live_family(session, family, jti="any") is not None,
            bool(staff_entries.entered_as(session, SessionId(sid), ClientId(f"studio-{account}"))),
        )


# Binding


def test_without_a_grant_nobody_enters(arrive):
    casey, _ = arrive()
    assert into(casey) is None


def test_a_grant_waits_for_the_addresss_first_sign_in(grant, arrive):
    grant("acme", terms=EDITOR)
    assert live_grants() == [("acme", ["deepdesk.editor"], None)]
    casey, _ = arrive()
    assert live_grants() == [("acme", ["deepdesk.editor"], casey)]
    assert into(casey) == ("deepdesk.editor",)
    assert into(casey, "globex") is None


@pytest.mark.parametrize("email", ["Casey@DEEPDESK.example", "CASEY@deepdesk.example"])
def test_a_grant_waits_for_the_canonical_address(grant, arrive, email):
    grant("acme", email=email)
    casey, _ = arrive()
    assert into(casey) is not None


@pytest.mark.parametrize(
    "identity",
    [
        replace(CASEY, email_vouched=False),
        replace(CASEY, email=None),
        replace(CASEY, email="ca\u017fey@deepdesk.example"),
        replace(CASEY, email="casey@deepdesk.example.evil.example"),
    ],
)
def test_only_a_vouched_address_binds_a_grant(grant, arrive, identity):
    grant("acme")
    stranger, _ = arrive(identity)
    assert live_grants() == [("acme", ["deepdesk.manager"], None)]
    assert into(stranger) is None
    casey, _ = arrive(replace(CASEY, subject="g-2"), minutes=1)
    assert into(casey) == ("deepdesk.manager",)


def test_a_grant_to_an_address_that_an_operator_gave_waits_too(grant, make, arrive):
    made = make(ADDRESS, account="staff")
    grant("acme")
    assert live_grants()[0][2] is None
    casey, _ = arrive()
    assert casey == made
    assert into(casey) == ("deepdesk.manager",)


def test_a_grant_to_somebody_present_is_theirs_at_once(grant, arrive):
    casey, _ = arrive()
    grant()
    assert live_grants() == [(None, ["deepdesk.manager"], casey)]
    assert (into(casey), into(casey, "globex")) == (("deepdesk.manager",), ("deepdesk.manager",))


def test_a_grant_stays_with_the_person_whose_address_changed(grant, arrive):
    grant("acme")
    casey, _ = arrive()
    arrive(replace(CASEY, email="casey.new@deepdesk.example"), minutes=1)
    assert into(casey) == ("deepdesk.manager",)


def test_a_new_person_under_an_old_address_has_no_grant(grant, arrive):
    """A lapsed domain, or an address given to somebody else."""
    grant("acme")
    arrive()
    arrive(replace(CASEY, email="casey.new@deepdesk.example"), minutes=1)
    heir, _ = arrive(replace(CASEY, subject="g-2"), minutes=2)
    assert into(heir) is None


def test_a_new_person_under_an_address_that_is_held_does_not_enter(grant, arrive, enter, staff_provider):
    grant("acme")
    arrive()
    assert refused(enter, staff_provider, replace(CASEY, subject="g-2"), minutes=1) is Refusal.ADDRESS_TAKEN
    assert refused(enter, staff_provider, replace(CASEY, issuer="https://other.example"), minutes=1)


def test_a_new_person_after_a_deletion_has_no_grant(grant, arrive, context):
    grant("acme")
    casey, _ = arrive()
    people.delete(casey, account=None, context=context)
    heir, _ = arrive(replace(CASEY, subject="g-2"), minutes=1)
    assert into(heir) is None


def test_an_equal_address_in_a_customers_account_has_no_grant(grant, connect, enter, parts, context):
    """The staff provider, and so its domain, came after them."""
    grant("globex", email="kim@acme.example")
    kim = user_of(enter(connect(), KIM)).id
    with reading() as session:
        assert session.scalars(select(StaffGrant.user_id)).all() == [None]
        subject = subjects.find(session, UserId(kim))
        assert standing_in(session, subject, client_account=AccountCode("globex"), admitted=(), now=NOW) is None


# Terms


def test_a_grant_ends_at_its_time(grant, arrive):
    grant("acme", terms=replace(MANAGER, until=NOW + timedelta(minutes=5)))
    casey, _ = arrive()
    assert into(casey, minutes=4) == ("deepdesk.manager",)
    assert into(casey, minutes=5) is None


def test_another_grant_for_the_same_account_replaces_the_first(grant, arrive):
    grant("acme", "globex")
    casey, sid = arrive()
    family = open_at("acme", casey, sid)
    grant("acme", terms=EDITOR)
    assert (into(casey), into(casey, "globex")) == (("deepdesk.editor",), ("deepdesk.manager",))
    assert is_open(family, "acme", sid) == (True, True)


def test_a_waiting_grant_is_replaced_too(grant, arrive):
    grant("acme")
    grant("acme", terms=EDITOR)
    casey, _ = arrive()
    assert into(casey) == ("deepdesk.editor",)
    assert len(live_grants()) == 1


def test_a_grant_for_all_stands_beside_one_for_an_account(grant, arrive):
    grant(terms=EDITOR)
    grant("acme", terms=GrantTerms(roles=(Role.ASSISTANT_EDITOR,)))
    casey, _ = arrive()
    assert into(casey) == ("deepdesk.editor", "deepdesk.assistant_editor")
    assert into(casey, "globex") == ("deepdesk.editor",)


@pytest.mark.parametrize(
    ("terms", "word"),
    [
        (GrantTerms(roles=()), "--role"),
        (replace(MANAGER, until=NOW), "--until"),
        (replace(MANAGER, reason="x" * 501), "--reason"),
        (replace(MANAGER, reason="a\nb"), "--reason"),
    ],
)
def test_terms_that_make_no_sense_are_refused(grant, terms, word):
    with pytest.raises(Invalid, match=word):
        grant("acme", terms=terms)
    assert rows(StaffGrant) == 0


@pytest.mark.parametrize(("account", "error"), [("nowhere", NotFound), ("staff", Invalid)])
def test_a_grant_is_for_customers_accounts_that_exist(grant, account, error):
    with pytest.raises(error):
        grant("acme", account)
    assert rows(StaffGrant) == 0


def test_what_is_no_address_gets_no_grant(grant):
    with pytest.raises(Invalid, match="not an email address"):
        grant("acme", email="casey")


def test_an_account_named_twice_is_granted_once(grant):
    assert len(grant("acme", "acme")) == 1


# Revoking


def test_a_revoked_grant_ends_what_was_open_through_it_and_no_more(grant, arrive, context):
    grant("acme", "globex")
    casey, sid = arrive()
    acme, globex = open_at("acme", casey, sid), open_at("globex", casey, sid)
    staff.revoke(ADDRESS, ["acme"], context=context)
    assert (into(casey), into(casey, "globex")) == (None, ("deepdesk.manager",))
    assert is_open(acme, "acme", sid) == (False, False)
    assert is_open(globex, "globex", sid) == (True, True)


def test_a_grant_for_all_that_is_revoked_ends_everything_but_staffs_own(grant, arrive, context):
    grant()
    casey, sid = arrive()
    acme, own = open_at("acme", casey, sid), open_at("staff", casey, sid)
    staff.revoke(ADDRESS, None, context=context)
    assert into(casey) is None
    assert is_open(acme, "acme", sid) == (False, False)
    assert is_open(own, "staff", sid)[0]


def test_another_staff_members_entries_stay(grant, arrive, context):
    grant()
    grant(email="robin@deepdesk.example")
    arrive()
    robin, sid = arrive(replace(CASEY, subject="g-2", email="robin@deepdesk.example"))
    family = open_at("acme", robin, sid)
    staff.revoke(ADDRESS, None, context=context)
    assert is_open(family, "acme", sid) == (True, True)


def test_a_waiting_grant_that_is_revoked_never_binds(grant, arrive, context):
    grant("acme")
    staff.revoke(ADDRESS, ["acme"], context=context)
    casey, _ = arrive()
    assert into(casey) is None


def test_a_grant_is_revoked_by_the_address_it_named_or_the_one_its_person_has_now(grant, arrive, context):
    for address in (ADDRESS, "casey.new@deepdesk.example"):
        casey, _ = arrive()
        grant("acme")
        arrive(replace(CASEY, email="casey.new@deepdesk.example"), minutes=1)
        staff.revoke(address, ["acme"], context=context)
        assert into(casey) is None


def test_what_was_never_granted_is_not_revoked(grant, context):
    grant("acme")
    for email, out_of in ((ADDRESS, ["globex"]), ("robin@deepdesk.example", None)):
        with pytest.raises(NotFound, match="no such grant"):
            staff.revoke(email, out_of, context=context)
    assert len(live_grants()) == 1


def test_the_customer_sees_grants_and_revocations_in_their_own_trail(grant, context):
    grant("acme", terms=replace(MANAGER, reason="ticket 12"))
    staff.revoke(ADDRESS, ["acme"], context=context)
    with reading() as session:
        query = select(AuditEvent).where(AuditEvent.account_code == "acme", AuditEvent.kind.startswith("staff."))
        events = session.scalars(query.order_by(AuditEvent.id)).all()
    assert [event.kind for event in events] == ["staff.granted", "staff.revoked"]
    assert (events[0].details["roles"], events[0].details["reason"]) == (["deepdesk.manager"], "ticket 12")


# Accounts


def test_nobody_enters_a_disabled_account_and_nothing_comes_back_with_it(grant, arrive, context):
    grant()
    casey, sid = arrive()
    family = open_at("acme", casey, sid)
    accounts.set_enabled("acme", enabled=False, context=context)
    assert into(casey) is None
    accounts.set_enabled("acme", enabled=True, context=context)
    assert not is_open(family, "acme", sid)[0]


def test_a_deleted_account_takes_its_grants(grant, context):
    grant("acme", "globex")
    accounts.delete("acme", context=context)
    assert [one[0] for one in live_grants()] == ["globex"]


def test_a_disabled_staff_member_enters_nothing(grant, arrive, context):
    grant()
    casey, _ = arrive()
    people.set_enabled(casey, enabled=False, account=None, context=context)
    assert into(casey) is None


def test_trial_is_for_the_customers_own_people(grant, arrive, context):
    set_account(context, trial=True)
    grant("acme")
    casey, _ = arrive()
    assert into(casey) == ("deepdesk.manager",)


# At the same moment


def test_a_first_sign_in_that_comes_eight_times_binds_the_grants_to_one_user(provider_app, grant, arrive):
    grant("acme", "globex")
    arrived = racing(provider_app, arrive)
    (casey,) = {one[0] for one in arrived}
    assert {one[2] for one in live_grants()} == {casey}


def test_entering_eight_times_at_once_is_entering(provider_app, arrive):
    casey, sid = arrive()
    open_at("acme", casey, sid)
    with unit_of_work() as session:
        staff_entries.forget(session, UserId(casey), None)

    def choose() -> str:
        with unit_of_work() as session:
            staff_entries.add(session, SessionId(sid), ClientId("studio-acme"), [Role.MANAGER], now=NOW)
        return "entered"

    assert racing(provider_app, choose) == ["entered"] * RACERS

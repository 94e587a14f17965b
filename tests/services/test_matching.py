"""CONTRACT §6 rule 6: as whom somebody enters, by what an upstream says, and what their record becomes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from idp.domain.errors import AlreadyExists, Invalid, Refusal
from idp.domain.upstream_identity import RoleEvidence
from idp.services.people import users as people
from idp.services.people.users import set_enabled
from idp.services.registry import accounts, providers
from idp.services.registry.accounts import AccountSettings
from idp.store.access_requests import AccessRequest
from idp.store.audit_events import AuditEvent
from idp.store.sign_ins import SignIn
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.upstream_identities import UpstreamIdentityLink
from idp.store.users import User
from tests.services.conftest import KIM, STAFF_DOMAIN, UNVOUCHED, refused, rows, set_account, the, user_of

GENESYS = {"kind": "genesys", "api_url": "https://api.mypurecloud.de", "tenants": ("org-1",)}
AGENT = RoleEvidence(claim="roles", values=("deepdesk.agent",))
LEE = replace(KIM, subject="00u2", email="lee@acme.example", name="Lee", roles=AGENT)


def matches() -> list[str | None]:
    with reading() as session:
        return list(session.scalars(select(SignIn.match).order_by(SignIn.at, SignIn.id)))


def events(kind: str) -> list[AuditEvent]:
    with reading() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.kind == kind)))


# Known


def test_somebody_known_is_known_by_their_id_alone(connect, enter):
    provider = connect()
    first = enter(provider, KIM)
    again = enter(provider, replace(KIM, email=None), minutes=1)
    assert user_of(first).id == user_of(again).id
    assert matches() == ["new", "known"]
    assert events("identity.linked") == []


def test_the_same_id_at_another_provider_is_not_known(connect, enter):
    enter(connect(), replace(KIM, email=None))
    enter(connect(), replace(KIM, email=None))
    assert rows(User) == 2


# Awaited: made beforehand with an id of the platform


def test_whoever_has_the_id_of_the_platform_is_the_one_awaited(make, connect, enter):
    made = make("kim.k@acme.example", platform_id="gen-1", roles=["deepdesk.manager"])
    provider = connect(**GENESYS, role_based_iam=False)
    user = user_of(enter(provider, replace(UNVOUCHED, email="other@acme.example", platform_user_id="gen-1")))
    assert user.id == made
    assert (user.roles, user.email, user.email_held) == (["deepdesk.manager"], "kim.k@acme.example", True)
    assert matches() == ["awaited"]
    assert [one.details["match"] for one in events("identity.linked")] == ["awaited"]


@pytest.mark.parametrize("platform_user_id", ["GEN-1", "gen-1 ", None])
def test_another_id_is_not_awaited(make, connect, enter, platform_user_id):
    make("kim.k@acme.example", platform_id="gen-1")
    enter(connect(**GENESYS), replace(UNVOUCHED, platform_user_id=platform_user_id))
    assert matches() == ["new"]


def test_nobody_is_awaited_twice(make, connect, enter):
    made = make("kim.k@acme.example", platform_id="gen-1")
    provider = connect(**GENESYS)
    enter(provider, replace(UNVOUCHED, platform_user_id="gen-1"))
    other = enter(provider, replace(UNVOUCHED, subject="other", platform_user_id="gen-1"), minutes=1)
    assert user_of(other).id != made
    assert user_of(other).platform_id is None


def test_nobody_is_awaited_in_another_account(make, connect, enter, context):
    make("kim.k@acme.example", platform_id="gen-1")
    accounts.create("globex", AccountSettings(name="Globex"), context=context)
    enter(connect(account="globex", **GENESYS), replace(UNVOUCHED, platform_user_id="gen-1"))
    assert matches() == ["new"]


def test_the_id_on_the_platform_is_noted_once(connect, enter):
    provider = connect(**GENESYS)
    first = enter(provider, replace(UNVOUCHED, platform_user_id="gen-1"))
    enter(provider, replace(UNVOUCHED, platform_user_id="gen-2"), minutes=1)
    assert user_of(first).platform_id == "gen-1"


# Claimed: made beforehand with an address


def test_whoever_brings_the_vouched_address_claims_the_user_made_beforehand(make, connect, enter):
    made = make(roles=["deepdesk.manager"])
    user = user_of(enter(connect(role_based_iam=False), KIM))
    assert (user.id, user.roles, user.email_held, user.email_vouched) == (made, ["deepdesk.manager"], True, True)
    assert matches() == ["claimed"]


def test_a_claim_is_made_once(make, connect, enter):
    make()
    provider = connect()
    enter(provider, KIM)
    assert refused(enter, provider, replace(KIM, subject="another"), minutes=1) is Refusal.ADDRESS_TAKEN


def test_with_role_based_iam_the_claimed_user_has_what_the_upstream_says(make, connect, enter):
    make(roles=["deepdesk.manager"])
    assert user_of(enter(connect(), replace(KIM, roles=AGENT))).roles == ["deepdesk.agent"]


def test_an_unvouched_address_claims_nobody_and_makes_nobody(make, connect, enter):
    """Created with the address: refused, and managers are asked."""
    make(roles=["deepdesk.manager"])
    assert refused(enter, connect(), UNVOUCHED) is Refusal.ADDRESS_TAKEN
    assert (rows(User), rows(UpstreamIdentityLink), rows(AccessRequest)) == (1, 0, 1)


def test_a_disabled_user_is_claimed_by_nobody(make, connect, enter, context):
    made = make()
    set_enabled(made, enabled=False, account=None, context=context)
    assert refused(enter, connect(), KIM) is Refusal.USER_DISABLED
    assert rows(UpstreamIdentityLink) == 0


def test_somebody_whose_provider_was_removed_is_not_beforehand_again(connect, enter, context):
    """They have signed in: whoever brings the address now has to be asked about."""
    first = connect()
    enter(first, KIM)
    providers.delete("acme", first.code, context=context)
    assert rows(UpstreamIdentityLink) == 0
    assert refused(enter, connect(), KIM, minutes=1) is Refusal.ADDRESS_TAKEN


# Linked by email


@pytest.fixture
def lee(connect, enter):
    """An agent who has signed in: their provider and their session."""
    provider = connect()
    return provider, enter(provider, LEE)


@pytest.fixture
def kim(connect, enter):
    """An editor who has signed in."""
    provider = connect()
    return provider, enter(provider, KIM)


def test_by_default_no_address_joins_anybody(lee, connect, enter):
    assert refused(enter, connect(), LEE, lee[1].cookie, minutes=1) is Refusal.ADDRESS_TAKEN


def test_where_the_account_asks_for_it_an_agent_is_joined_by_address(lee, connect, enter, context):
    set_account(context, link_by_email=True)
    elsewhere = connect(role_based_iam=False)
    joined = enter(elsewhere, replace(LEE, subject="x"), minutes=1)
    assert user_of(joined).id == user_of(lee[1]).id
    assert matches() == ["new", "linked"]
    assert [one.details["match"] for one in events("identity.linked")] == ["linked"]
    assert user_of(enter(elsewhere, replace(LEE, subject="x"), minutes=2)).id == user_of(lee[1]).id


def test_above_agent_it_takes_a_session_in_the_same_browser(kim, lee, connect, enter, context):
    set_account(context, link_by_email=True)
    elsewhere = connect()
    assert refused(enter, elsewhere, KIM, minutes=1) is Refusal.PROOF_NEEDED
    assert refused(enter, elsewhere, KIM, lee[1].cookie, minutes=2) is Refusal.PROOF_NEEDED
    assert refused(enter, elsewhere, KIM, "no-such-cookie", minutes=3) is Refusal.PROOF_NEEDED
    assert user_of(enter(elsewhere, KIM, kim[1].cookie, minutes=4)).id == user_of(kim[1]).id
    assert rows(AccessRequest) == 1


def test_a_session_that_has_ended_proves_nothing(kim, connect, enter, context):
    set_account(context, link_by_email=True)
    people.sign_out(user_of(kim[1]).id, account=None, context=context)
    assert refused(enter, connect(), KIM, kim[1].cookie, minutes=1) is Refusal.PROOF_NEEDED


def test_an_unvouched_address_is_joined_to_nobody_whatever_the_account_asks_for(kim, lee, connect, enter, context):
    set_account(context, link_by_email=True)
    elsewhere = connect()
    for victim, session in ((KIM, kim[1]), (LEE, lee[1])):
        assert (
            refused(enter, elsewhere, replace(victim, email_vouched=False), session.cookie, minutes=1)
            is Refusal.ADDRESS_TAKEN
        )
    assert rows(UpstreamIdentityLink) == 2


def test_nobody_is_joined_to_an_address_that_is_only_shown(connect, enter, context):
    """The attacker came first, under the victim's address."""
    set_account(context, link_by_email=True)
    provider = connect()
    attacker = enter(provider, replace(UNVOUCHED, subject="attacker", roles=AGENT))
    victim = enter(connect(), replace(KIM, roles=AGENT), minutes=1)
    assert user_of(attacker).id != user_of(victim).id
    assert (user_of(attacker).email_held, user_of(victim).email_held) == (False, True)


@pytest.mark.parametrize(
    "email", ["k\u0131m@acme.example", "\u212aim@acme.example", "\uff4bim@acme.example", "kim@\uff41cme.example"]
)
def test_a_look_alike_claims_and_joins_nobody(make, connect, enter, context, email):
    set_account(context, link_by_email=True)
    made = make()
    assert user_of(enter(connect(), replace(KIM, email=email))).id != made


def test_a_joined_person_who_is_disabled_stays_out(lee, connect, enter, context):
    set_account(context, link_by_email=True)
    set_enabled(user_of(lee[1]).id, enabled=False, account=None, context=context)
    assert refused(enter, connect(), LEE, minutes=1) is Refusal.USER_DISABLED
    assert rows(UpstreamIdentityLink) == 1


# Addresses that change


@pytest.mark.parametrize(
    ("brought", "email", "held", "vouched"),
    [
        ({"email": "new@acme.example"}, "new@acme.example", True, True),
        ({"email": "new@acme.example", "email_vouched": False}, "new@acme.example", False, False),
        ({"email": None}, "Kim@acme.example", True, False),
        ({"email": "KIM@acme.example"}, "KIM@acme.example", True, True),
    ],
)
def test_a_vouched_address_follows_what_the_upstream_says(kim, enter, brought, email, held, vouched):
    user = user_of(enter(kim[0], replace(KIM, **brought), minutes=1))
    assert (user.email, user.email_canonical) == (email, email.lower())
    assert (user.email_held, user.email_vouched) == (held, vouched)


def test_an_address_that_was_vouched_for_stays_held_while_the_upstream_repeats_it(kim, connect, enter):
    """CONTRACT §6 rule 6: an address that *was* vouched for goes to nobody new."""
    enter(kim[0], UNVOUCHED, minutes=1)
    assert the(User).email_held
    assert refused(enter, connect(), replace(KIM, subject="another"), minutes=2) is Refusal.ADDRESS_TAKEN


@pytest.mark.parametrize(
    ("brought", "email", "vouched"),
    [
        ({"email": "new@acme.example"}, "new@acme.example", True),
        ({"email": "new@acme.example", "email_vouched": False}, "kim@acme.example", False),
        ({"email": "Kim@acme.example", "email_vouched": False}, "kim@acme.example", False),
        ({"email": None}, "kim@acme.example", False),
    ],
)
def test_an_address_that_an_operator_gave_stays_until_another_is_vouched_for(
    make, connect, enter, brought, email, vouched
):
    make(platform_id="gen-1")
    user = user_of(enter(connect(**GENESYS), replace(KIM, platform_user_id="gen-1", **brought)))
    assert (user.email, user.email_held, user.email_vouched) == (email, True, vouched)


def test_an_address_that_an_operator_gave_is_not_swapped_for_somebody_elses(make, connect, enter):
    provider = connect(**GENESYS)
    enter(provider, LEE)
    make(platform_id="gen-1")
    user = user_of(enter(provider, replace(LEE, subject="kim", platform_user_id="gen-1"), minutes=1))
    assert (user.email, user.email_held) == ("kim@acme.example", True)


def test_an_address_that_was_let_go_is_free(kim, connect, enter):
    enter(kim[0], replace(KIM, email="new@acme.example"), minutes=1)
    heir = enter(connect(), replace(KIM, subject="heir"), minutes=2)
    assert user_of(heir).id != user_of(kim[1]).id
    assert user_of(heir).email_held


# Trial, roles, staff addresses


def test_on_trial_nobody_new_enters(connect, enter, context):
    set_account(context, trial=True)
    assert refused(enter, connect(), KIM) is Refusal.NOT_ON_TRIAL
    assert (rows(User), rows(UpstreamIdentityLink)) == (0, 0)


def test_on_trial_whom_the_account_knows_enters(make, connect, enter, context):
    provider = connect(**GENESYS)
    enter(provider, LEE)
    make()
    make("robin@acme.example", platform_id="gen-1")
    set_account(context, trial=True)
    for identity in (LEE, KIM, replace(UNVOUCHED, subject="r", email=None, platform_user_id="gen-1")):
        enter(provider, identity, minutes=1)
    assert sorted(matches(), key=str) == ["awaited", "claimed", "known", "new"]


@pytest.mark.parametrize("role_based_iam", [True, False])
def test_who_brings_no_valid_role_is_not_linked_either(make, connect, enter, role_based_iam):
    make(roles=["deepdesk.manager"])
    provider = connect(require_roles=True, role_based_iam=role_based_iam)
    assert refused(enter, provider, replace(KIM, roles=RoleEvidence(claim="roles"))) is Refusal.NO_VALID_ROLE
    assert (rows(UpstreamIdentityLink), rows(AccessRequest)) == (0, 0)


@pytest.mark.parametrize("vouched", [True, False])
@pytest.mark.parametrize("email", [f"eve@{STAFF_DOMAIN}", f"eve@{STAFF_DOMAIN.upper()}"])
def test_a_staff_address_enters_no_customers_account(staff_provider, connect, enter, email, vouched):
    provider = connect()
    assert refused(enter, provider, replace(KIM, email=email, email_vouched=vouched)) is Refusal.STAFF_ADDRESS
    assert rows(User) == 0


def test_somebody_known_who_takes_a_staff_address_is_refused(staff_provider, connect, enter):
    provider = connect()
    enter(provider, KIM)
    refusal = refused(enter, provider, replace(KIM, email=f"kim@{STAFF_DOMAIN}"), minutes=1)
    assert refusal is Refusal.STAFF_ADDRESS
    assert the(User).email == "Kim@acme.example"


@pytest.mark.parametrize("email", [f"eve@not{STAFF_DOMAIN}", f"eve@mail.{STAFF_DOMAIN}", f"eve@{STAFF_DOMAIN}.example"])
def test_an_address_like_a_staff_address_is_none(staff_provider, connect, enter, email):
    enter(connect(), replace(KIM, email=email))
    assert rows(User) == 1


def test_staff_enter_the_account_of_staff(staff_provider, enter):
    user = user_of(enter(staff_provider, replace(KIM, email=f"eve@{STAFF_DOMAIN}")))
    assert (user.account_code, user.roles) == ("staff", ["deepdesk.agent"])


def test_staff_are_never_linked_by_email(staff_provider, context):
    with pytest.raises(Invalid):
        set_account(context, "staff", link_by_email=True)


def test_an_operator_gives_no_staff_address_to_a_customers_user(staff_provider, make):
    with pytest.raises(Invalid, match="staff address"):
        make(f"eve@{STAFF_DOMAIN}")
    assert make(f"eve@{STAFF_DOMAIN}", account="staff")


def test_what_an_operator_gave_is_given_once(make):
    make()
    with pytest.raises(AlreadyExists):
        make("KIM@ACME.example")


# Records


@pytest.mark.parametrize("identity", [KIM, UNVOUCHED])
def test_a_refused_sign_in_is_recorded_with_what_it_brought(kim, connect, enter, identity):
    stranger = replace(identity, subject="stranger", organisation="org-1")
    refused(enter, connect(role_based_iam=False), stranger, minutes=1)
    with reading() as session:
        row = session.scalars(select(SignIn).where(SignIn.subject == "stranger")).one()
    assert (row.outcome, row.match, row.user_id, row.organisation) == ("address_taken", None, None, "org-1")
    assert (row.email, row.email_canonical, row.email_vouched) == (
        "Kim@acme.example",
        "kim@acme.example",
        identity.email_vouched,
    )
    assert row.role_rules["role_based_iam"] is False
    assert row.roles_before == []


def test_the_roles_until_then_are_recorded(kim, enter):
    with unit_of_work() as session:
        session.scalars(select(User)).one().roles = ["deepdesk.manager", "deepdesk.agent"]
    enter(kim[0], KIM, minutes=1)
    with reading() as session:
        row = session.scalars(select(SignIn).order_by(SignIn.at.desc())).first()
    assert row.roles_before == ["deepdesk.manager", "deepdesk.agent"]
    assert row.roles == ["deepdesk.editor"]

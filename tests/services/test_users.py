"""What operators do with people: make them, give roles, keep them out, sign them out, remove them."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from sqlalchemy import select

from idp.domain.errors import AlreadyExists, Invalid, NotFound
from idp.domain.identifiers import FamilyId
from idp.domain.new_user import NewUser
from idp.domain.roles import Role
from idp.domain.secrets import new_identifier
from idp.services.people import users as people
from idp.services.registry import providers
from idp.services.sessions import sso
from idp.store import subjects
from idp.store.audit_events import AuditEvent
from idp.store.clients import Client
from idp.store.sign_ins import SignIn
from idp.store.sso_sessions import SsoSession
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.upstream_identities import UpstreamIdentityLink
from idp.store.users import User
from tests.services.conftest import KIM, NOW, UNVOUCHED, refused, rows, the, user_of
from tests.store.conftest import add_family, new_client
from tests.support.database import RACERS, racing

LEE = replace(KIM, subject="00u2", email="lee@acme.example", name="Lee")


@pytest.fixture
def okta(connect):
    return connect(role_based_iam=False)


@pytest.fixture
def kim(okta, enter) -> str:
    """The id of somebody who has signed in."""
    return user_of(enter(okta, KIM)).id


def family_of(user_id: str) -> FamilyId:
    """Begin a token family in the user's session."""
    family = FamilyId(new_identifier())
    with unit_of_work() as session:
        sid = session.scalars(select(SsoSession.sid).where(SsoSession.user_id == user_id)).first()
        if session.get(Client, "studio") is None:
            session.add(new_client("studio"))
            session.flush()
        add_family(session, family, user=user_id, sid=sid)
    return family


def counts(family: FamilyId) -> bool:
    with reading() as session:
        return subjects.of_live_family(session, family, jti="any") is not None


def changes(user_id: str) -> list[str]:
    with reading() as session:
        query = select(AuditEvent).where(AuditEvent.kind == "user.changed", AuditEvent.user_id == user_id)
        return [event.details["change"] for event in session.scalars(query.order_by(AuditEvent.id))]


def test_a_user_made_beforehand_holds_the_address_unvouched(make):
    made = make("Kim@acme.example", name="Kim", roles=["deepdesk.agent", "deepdesk.editor"], platform_id="gen-1")
    user = the(User)
    assert (user.id, user.email, user.email_canonical) == (made, "Kim@acme.example", "kim@acme.example")
    assert (user.email_held, user.email_vouched, user.last_sign_in_at) == (True, False, None)
    assert (user.roles, user.platform_id) == (["deepdesk.editor", "deepdesk.agent"], "gen-1")
    assert (user.roles_set_at, user.roles_set_by) == (NOW, "test")
    assert changes(made) == ["created"]


def test_without_a_role_somebody_is_an_agent(make):
    make()
    assert the(User).roles == ["deepdesk.agent"]


def test_a_user_is_made_in_an_account_that_exists(provider_app, parts, context):
    with pytest.raises(NotFound):
        people.create("nowhere", NewUser.parse("kim@acme.example"), parts=parts, context=context)


def test_an_address_that_is_only_shown_can_be_given(okta, enter, make):
    shown = user_of(enter(okta, UNVOUCHED))
    assert make() != shown.id


def test_a_platform_id_is_given_once(make):
    make(platform_id="gen-1")
    with pytest.raises(Invalid, match="gen-1"):
        make("lee@acme.example", platform_id="gen-1")


def test_of_racing_operators_one_makes_the_user_and_the_others_are_told(provider_app, connect, parts, context):
    new = NewUser.parse("kim@acme.example")
    made = racing(provider_app, lambda: people.create("acme", new, parts=parts, context=context))
    assert sorted(type(one).__name__ for one in made) == ["AlreadyExists"] * (RACERS - 1) + ["User"]


def test_racing_operators_are_told_what_is_taken(provider_app, connect, parts, context):
    numbers = count()

    def make() -> User:
        new = NewUser.parse(f"kim{next(numbers)}@acme.example", platform_id="gen-1")
        return people.create("acme", new, parts=parts, context=context)

    lost = [one for one in racing(provider_app, make) if isinstance(one, Exception)]
    assert len(lost) == RACERS - 1
    assert all("gen-1" in str(one) for one in lost)


# Roles


def test_roles_are_set_and_stay(kim, okta, enter, context, parts):
    people.set_roles(kim, [Role.AGENT, Role.MANAGER], account=None, parts=parts, context=replace(context, now=NOW))
    assert (the(User).roles, the(User).roles_set_by) == (["deepdesk.manager", "deepdesk.agent"], "test")
    enter(okta, KIM, minutes=1)
    assert the(User).roles == ["deepdesk.manager", "deepdesk.agent"]


def test_no_roles_make_an_agent(kim, context, parts):
    people.set_roles(kim, [], account=None, parts=parts, context=context)
    assert the(User).roles == ["deepdesk.agent"]


def test_roles_that_follow_the_upstream_are_not_set_by_hand(connect, enter, context, parts):
    kim = user_of(enter(connect(display_name="Acme Okta"), KIM)).id
    with pytest.raises(Invalid, match=r"follow 'Acme Okta' \(Role based IAM\).*--no-role-based-iam"):
        people.set_roles(kim, [Role.MANAGER], account=None, parts=parts, context=context)
    assert the(User).roles == ["deepdesk.editor"]


def test_one_of_several_providers_with_role_based_iam_is_enough(kim, connect, enter, context, parts):
    provider = connect()
    with unit_of_work() as session:
        session.add(
            UpstreamIdentityLink(
                id="second",
                provider_id=provider.id,
                issuer=KIM.issuer,
                subject="x",
                user_id=kim,
                created_at=NOW,
                last_seen_at=NOW,
            )
        )
    with pytest.raises(Invalid, match="Role based IAM"):
        people.set_roles(kim, [Role.MANAGER], account=None, parts=parts, context=context)


def test_with_role_based_iam_off_again_roles_are_ours(connect, enter, parts, context):
    provider = connect()
    kim = user_of(enter(provider, KIM)).id
    providers.update("acme", provider.code, {"role_based_iam": False}, client_secret=None, parts=parts, context=context)
    assert people.set_roles(kim, [Role.MANAGER], account=None, parts=parts, context=context).roles == [
        "deepdesk.manager"
    ]


def test_roles_can_be_set_before_the_first_sign_in(make, connect, context, parts):
    connect()
    people.set_roles(make(), [Role.MANAGER], account=None, parts=parts, context=context)
    assert the(User).roles == ["deepdesk.manager"]


# Ending


@pytest.mark.parametrize("by_address", [True, False])
def test_disabling_ends_what_is_open_and_enabling_does_not_bring_it_back(kim, okta, enter, parts, context, by_address):
    begun, bystander = enter(okta, KIM, minutes=1), enter(okta, LEE)
    mine, others = family_of(kim), family_of(user_of(bystander).id)
    named = ("KIM@acme.example", "acme") if by_address else (kim, None)
    people.set_enabled(named[0], enabled=False, account=named[1], context=context)
    people.set_enabled(named[0], enabled=True, account=named[1], context=context)
    assert sso.live([begun.cookie], parts=parts, context=context) == []
    assert (counts(mine), counts(others)) == (False, True)
    assert len(sso.live([bystander.cookie], parts=parts, context=context)) == 1
    assert changes(kim) == ["disabled", "enabled"]


def test_signing_out_ends_every_session_and_family_of_theirs(kim, okta, enter, parts, context):
    second, bystander = enter(okta, KIM), enter(okta, LEE)
    mine, others = family_of(kim), family_of(user_of(bystander).id)
    assert len(people.sessions(kim, account=None, context=context)) == 2
    assert people.sign_out(kim, account=None, context=context) == 2
    assert people.sessions(kim, account=None, context=context) == []
    assert sso.live([second.cookie], parts=parts, context=context) == []
    assert (counts(mine), counts(others)) == (False, True)
    assert people.sign_out(kim, account=None, context=context) == 0


def test_deleting_takes_all_but_the_trail(kim, okta, enter, context):
    family = family_of(kim)
    people.delete(kim, account=None, context=context)
    assert (rows(User), rows(UpstreamIdentityLink), rows(SsoSession), rows(SignIn)) == (0, 0, 0, 0)
    assert not counts(family)
    assert changes(kim) == ["deleted"]
    assert user_of(enter(okta, KIM, minutes=1)).id != kim


# Finding


def test_somebody_is_found_by_id_or_by_address_and_account(kim):
    for identifier, account in ((kim, None), (kim, "acme"), ("kim@ACME.example", "acme")):
        assert people.show(identifier, account=account).user.id == kim
    assert len(people.show(kim, account=None).links) == 1


@pytest.mark.parametrize(
    ("identifier", "account", "word"),
    [
        ("kim@acme.example", None, "--account"),
        ("no-such-id", None, "idp users list"),
        ("lee@acme.example", "acme", "nobody of"),
        ("k\u0131m@acme.example", "acme", "nobody of"),
        ("kim@acme.example", "nowhere", "no account"),
    ],
)
def test_who_is_not_there_is_not_found(kim, identifier, account, word):
    with pytest.raises(NotFound, match=word):
        people.show(identifier, account=account)


def test_an_id_is_not_found_in_another_account(staff_provider, okta, enter):
    kim = user_of(enter(okta, KIM)).id
    with pytest.raises(NotFound):
        people.show(kim, account="staff")


def test_among_equal_addresses_the_holder_is_meant_and_without_one_an_id_is_asked_for(okta, enter):
    first, second = (user_of(enter(okta, replace(UNVOUCHED, subject=one))).id for one in ("a", "b"))
    with pytest.raises(NotFound, match=r"several people") as several:
        people.show("kim@acme.example", account="acme")
    assert first in str(several.value)
    assert second in str(several.value)
    holder = user_of(enter(okta, KIM, minutes=1)).id
    assert people.show("kim@acme.example", account="acme").user.id == holder


def test_a_disabled_person_is_refused_with_their_reason(kim, okta, enter, context):
    people.set_enabled(kim, enabled=False, account=None, context=context)
    assert refused(enter, okta, KIM, minutes=1).value == "user_disabled"


def test_an_address_somebody_holds_already_is_told_with_what_to_do(make):
    make()
    with pytest.raises(AlreadyExists, match=r"idp users show kim@acme\.example --account acme"):
        make()

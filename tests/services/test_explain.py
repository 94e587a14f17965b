"""Every explanation replays to the roles that somebody has, on every ground."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from idp.domain.errors import NotFound, WrongOrganisation
from idp.domain.explanation import ByGrants, ByOperator, BySignIn
from idp.domain.role_mapping import Rule
from idp.domain.roles import Role
from idp.domain.upstream_identity import RoleEvidence
from idp.services.people import staff
from idp.services.people import users as people
from idp.services.people.explain import Explanation, explain
from idp.services.people.staff import GrantTerms
from idp.services.registry import accounts, providers
from idp.services.registry.accounts import AccountSettings
from idp.services.sign_in import record
from idp.store.sign_ins import SignIn
from idp.store.unit_of_work import unit_of_work
from idp.store.users import User
from tests.services.conftest import CASEY, KIM, UNVOUCHED, refused, user_of


@pytest.fixture
def explained(context):
    """Explain somebody, having checked that each ground replays to the roles they have."""

    def found(identifier: str = "kim@acme.example", account: str | None = "acme", *, minutes: int = 0) -> Explanation:
        now = context.now + timedelta(minutes=minutes)
        explanation = explain(identifier, account=account, context=replace(context, now=now))
        for standing in explanation.standings:
            assert standing.reason.replayed() == standing.roles
        return explanation

    return found


def test_a_sign_in_gave_the_roles(connect, enter, explained):
    enter(
        connect(role_map={"Writers": Role.EDITOR}),
        replace(KIM, roles=RoleEvidence(claim="roles", values=("Writers", "x"))),
    )
    explanation = explained()
    (standing,) = explanation.standings
    assert isinstance(standing.reason, BySignIn)
    assert (standing.account, standing.roles) == ("acme", (Role.EDITOR,))
    assert [(step.value, step.rule) for step in standing.reason.steps] == [
        ("Writers", Rule.MAPPED),
        ("x", Rule.UNKNOWN_VALUE),
    ]
    assert explanation.last_sign_in.outcome == "ok"
    assert explanation.refused is None


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"role_ceiling": Role.AGENT},
        {"role_map": {"deepdesk.editor": Role.MANAGER}},
        {"role_based_iam": False},
        {"require_roles": True},
    ],
)
def test_rules_of_that_moment_replay_although_they_changed_since(connect, enter, parts, context, explained, settings):
    provider = connect(**settings)
    enter(provider, KIM)
    changed = {"role_map": {"nothing": Role.AGENT}, "role_ceiling": None, "role_based_iam": True}
    providers.update("acme", provider.code, changed, client_secret=None, parts=parts, context=context)
    assert isinstance(explained().standings[0].reason, BySignIn)


def test_an_operator_gave_the_roles_and_nobody_signed_in_yet(make, explained):
    make(roles=["deepdesk.manager"])
    explanation = explained()
    (standing,) = explanation.standings
    assert isinstance(standing.reason, ByOperator)
    assert (standing.roles, standing.reason.by) == ((Role.MANAGER,), "test")
    assert explanation.last_sign_in is None


def test_an_operators_word_after_the_sign_in_goes_before_it(connect, enter, context, explained, parts):
    provider = connect(role_based_iam=False)
    kim = user_of(enter(provider, KIM)).id
    later = replace(context, now=context.now + timedelta(minutes=1))
    people.set_roles(kim, [Role.MANAGER], account=None, parts=parts, context=later)
    assert isinstance(explained().standings[0].reason, ByOperator)
    enter(provider, KIM, minutes=2)
    reason = explained().standings[0].reason
    assert isinstance(reason, BySignIn)
    assert [step.rule for step in reason.steps] == [Rule.OURS]


def test_an_operators_word_at_the_moment_of_the_sign_in_counts(connect, enter, context, explained, parts):
    kim = user_of(enter(connect(role_based_iam=False), KIM)).id
    people.set_roles(kim, [Role.MANAGER], account=None, parts=parts, context=context)
    assert explained().standings[0].roles == (Role.MANAGER,)


def test_grants_make_staff_what_they_are_elsewhere(staff_provider, enter, context, explained):
    accounts.create("globex", AccountSettings(name="Globex"), context=context)
    accounts.create("initech", AccountSettings(name="Initech"), context=context)
    accounts.set_enabled("initech", enabled=False, context=context)
    staff.grant(CASEY.email, ["acme"], GrantTerms(roles=(Role.MANAGER,)), context=context)
    until = context.now + timedelta(minutes=5)
    staff.grant(CASEY.email, None, GrantTerms(roles=(Role.EDITOR,), until=until), context=context)
    enter(staff_provider, CASEY)

    def standings(minutes: int) -> dict[str, tuple[Role, ...]]:
        found = explained(CASEY.email, "staff", minutes=minutes).standings
        assert {type(one.reason) for one in found[1:]} <= {ByGrants}
        return {one.account: one.roles for one in found}

    assert standings(1) == {
        "staff": (Role.AGENT,),
        "acme": (Role.MANAGER, Role.EDITOR),
        "globex": (Role.EDITOR,),
    }
    assert standings(5) == {"staff": (Role.AGENT,), "acme": (Role.MANAGER,)}


def test_a_refusal_is_told_until_somebody_is_let_in_again(connect, enter, context, explained):
    provider = connect()
    kim = user_of(enter(provider, KIM)).id
    people.set_enabled(kim, enabled=False, account=None, context=context)
    refused(enter, provider, KIM, minutes=1)
    assert explained().refused.outcome == "user_disabled"
    people.set_enabled(kim, enabled=True, account=None, context=context)
    enter(provider, KIM, minutes=2)
    assert explained().refused is None


def test_a_collision_is_told_of_whom_it_met(connect, enter, explained):
    enter(connect(), KIM)
    refused(enter, connect(), replace(UNVOUCHED, subject="stranger"), minutes=1)
    explanation = explained()
    assert (explanation.refused.outcome, explanation.refused.subject) == ("address_taken", "stranger")
    assert explanation.last_sign_in.subject == KIM.subject


def test_somebody_who_was_never_let_in_is_explained_by_their_refusal(connect, enter, explained):
    refused(enter, connect(require_roles=True), replace(KIM, roles=RoleEvidence(claim="roles", values=("admin",))))
    explanation = explained()
    assert (explanation.user, list(explanation.standings)) == (None, [])
    assert (explanation.refused.outcome, explanation.refused.role_values) == ("no_valid_role", ["admin"])


def test_somebody_of_the_wrong_organisation_is_explained_too(connect, context, explained):
    provider = connect()
    error = WrongOrganisation("tid", "another-tenant", subject="s", email="kim@acme.example")
    with unit_of_work() as session:
        record.keep_stranger(session, provider, error, context)
    refusal = explained().refused
    assert (refusal.outcome, refusal.organisation) == ("wrong_organisation", "another-tenant")


@pytest.mark.parametrize(
    ("identifier", "account"), [("lee@acme.example", "acme"), ("kim@acme.example", None), ("no-such-id", None)]
)
def test_who_never_came_is_not_found(connect, enter, explained, identifier, account):
    enter(connect(), KIM)
    with pytest.raises(NotFound):
        explained(identifier, account)


def test_roles_from_before_rules_were_kept_are_explained_as_far_as_is_known(connect, enter, explained):
    """Migration 0002 found sign-ins without rules, and people of whom nobody noted which of them gave their roles."""
    enter(connect(), KIM)
    with unit_of_work() as session:
        session.execute(update(SignIn).values(role_rules={}, roles_before=[]))
        session.execute(update(User).values(roles_sign_in_id=None))
    (standing,) = explained().standings
    assert standing.roles == (Role.EDITOR,)
    assert standing.reason == ByOperator(roles=(Role.EDITOR,), at=None, by=None)

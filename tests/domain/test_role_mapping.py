"""CONTRACT §6 rule 7: from what an upstream said to roles, and how they came about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.role_mapping import Derivation, RoleRules, Rule, Step, derive
from idp.domain.roles import Role, effective, highest_first, outranks
from idp.domain.upstream_identity import RoleEvidence

AGENT, EDITOR, MANAGER = Role.AGENT, Role.EDITOR, Role.MANAGER
MAP = {"Team leads": MANAGER, "Writers": EDITOR}
FOLLOWING = RoleRules(role_map={}, ceiling=None, role_based_iam=True, require_roles=False)
OURS = replace(FOLLOWING, role_based_iam=False)


def derived(*values: str, rules: RoleRules = FOLLOWING, ours: tuple[Role, ...] = ()) -> Derivation:
    return derive(RoleEvidence(claim="roles", values=values), rules, ours=ours)


def steps(derivation: Derivation) -> list[tuple[str, str, str | None]]:
    return [(step.value, step.rule.value, step.role and step.role.value) for step in derivation.steps]


@pytest.mark.parametrize(
    ("rules", "values", "roles", "expected"),
    [
        (FOLLOWING, ["deepdesk.manager"], [MANAGER], [("deepdesk.manager", "literal", "deepdesk.manager")]),
        (
            FOLLOWING,
            ["deepdesk.agent", "deepdesk.editor"],
            [EDITOR, AGENT],
            [("deepdesk.agent", "literal", "deepdesk.agent"), ("deepdesk.editor", "literal", "deepdesk.editor")],
        ),
        (
            FOLLOWING,
            ["Team leads"],
            [AGENT],
            [("Team leads", "unknown_value", None), ("", "default", "deepdesk.agent")],
        ),
        (FOLLOWING, [], [AGENT], [("", "default", "deepdesk.agent")]),
        (FOLLOWING, ["deepdesk.editor"] * 2, [EDITOR], [("deepdesk.editor", "literal", "deepdesk.editor")]),
        (
            replace(FOLLOWING, role_map=MAP),
            ["Team leads", "Writers"],
            [MANAGER, EDITOR],
            [("Team leads", "mapped", "deepdesk.manager"), ("Writers", "mapped", "deepdesk.editor")],
        ),
        (
            replace(FOLLOWING, role_map=MAP),
            ["deepdesk.manager"],
            [AGENT],
            [("deepdesk.manager", "unknown_value", None), ("", "default", "deepdesk.agent")],
        ),
        (
            replace(FOLLOWING, role_map=MAP),
            ["team leads"],
            [AGENT],
            [("team leads", "unknown_value", None), ("", "default", "deepdesk.agent")],
        ),
        (
            replace(FOLLOWING, ceiling=EDITOR),
            ["deepdesk.manager"],
            [EDITOR],
            [("deepdesk.manager", "capped", "deepdesk.editor")],
        ),
        (
            replace(FOLLOWING, ceiling=EDITOR),
            ["deepdesk.agent"],
            [AGENT],
            [("deepdesk.agent", "literal", "deepdesk.agent")],
        ),
        (
            replace(FOLLOWING, ceiling=EDITOR),
            ["deepdesk.editor"],
            [EDITOR],
            [("deepdesk.editor", "literal", "deepdesk.editor")],
        ),
        (
            replace(FOLLOWING, role_map=MAP, ceiling=AGENT),
            ["Team leads"],
            [AGENT],
            [("Team leads", "capped", "deepdesk.agent")],
        ),
    ],
)
def test_values_become_roles_step_by_step(rules, values, roles, expected):
    derivation = derived(*values, rules=rules)
    assert list(derivation.roles) == roles
    assert steps(derivation) == expected


def test_with_role_based_iam_the_upstream_replaces_what_somebody_was():
    assert derived("deepdesk.agent", ours=(MANAGER,)).roles == (AGENT,)
    assert derived(ours=(MANAGER,)).roles == (AGENT,)


def test_without_role_based_iam_the_roles_are_ours():
    derivation = derived("deepdesk.manager", rules=OURS, ours=(EDITOR,))
    assert derivation.roles == (EDITOR,)
    assert steps(derivation) == [("", "ours", "deepdesk.editor")]


def test_without_role_based_iam_somebody_new_is_an_agent():
    derivation = derived("deepdesk.manager", rules=OURS)
    assert derivation.roles == (AGENT,)
    assert steps(derivation) == [("", "default", "deepdesk.agent")]


@pytest.mark.parametrize("rules", [FOLLOWING, OURS])
def test_what_the_upstream_brought_is_known_in_either_case(rules):
    """Require roles asks for it whether or not roles follow the upstream."""
    assert derived("deepdesk.editor", "nothing", rules=rules).upstream_roles == (EDITOR,)
    assert derived("nothing", rules=rules).upstream_roles == ()


values_sent = st.lists(st.one_of(st.sampled_from([*Role, *MAP, "other"]), st.text(max_size=8)), max_size=6)
any_rules = st.builds(
    RoleRules,
    role_map=st.sampled_from([{}, MAP]),
    ceiling=st.none() | st.sampled_from(list(Role)),
    role_based_iam=st.booleans(),
    require_roles=st.booleans(),
)
any_roles = st.sets(st.sampled_from(list(Role))).map(highest_first)


@given(values=values_sent, rules=any_rules, ours=any_roles)
def test_replaying_the_steps_gives_the_roles(values, rules, ours):
    derivation = derived(*values, rules=rules, ours=ours)
    assert effective(step.role for step in derivation.steps if step.role is not None) == derivation.roles


@given(values=values_sent, rules=any_rules, ours=any_roles)
def test_no_upstream_gives_more_than_its_ceiling(values, rules, ours):
    derivation = derived(*values, rules=rules, ours=ours)
    ceiling = rules.ceiling or Role.MANAGER
    assert not any(outranks(role, ceiling) for role in derivation.upstream_roles)
    if rules.role_based_iam:
        assert not any(outranks(role, ceiling) for role in derivation.roles if role is not Role.AGENT)


@given(values=values_sent, rules=any_rules, ours=any_roles)
def test_every_value_that_was_sent_is_explained_where_roles_follow_the_upstream(values, rules, ours):
    derivation = derived(*values, rules=replace(rules, role_based_iam=True), ours=ours)
    explained = [step.value for step in derivation.steps if step.rule is not Rule.DEFAULT]
    assert explained == list(dict.fromkeys(values))


def test_a_step_says_value_rule_and_role():
    assert derived("deepdesk.agent").steps == (Step(value="deepdesk.agent", rule=Rule.LITERAL, role=AGENT),)


def test_where_anybody_may_come_the_ceiling_holds_for_our_roles_too():
    """CONTRACT §6 rule 5: ``--any-google-account`` caps at agent, whoever the person is in our records."""
    rules = RoleRules(role_map={}, ceiling=Role.AGENT, role_based_iam=False, require_roles=False, caps_ours=True)
    found = derive(RoleEvidence(claim="roles"), rules, ours=(Role.MANAGER,))
    assert found.roles == (Role.AGENT,)
    assert [step.rule for step in found.steps] == [Rule.CAPPED]
    assert derive(RoleEvidence(claim="roles"), replace(rules, caps_ours=False), ours=(Role.MANAGER,)).roles == (
        Role.MANAGER,
    )

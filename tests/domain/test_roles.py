"""Roles, their order and their groups."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.roles import GROUPS, Role, effective, groups_of, highest_first, outranks, parse_role

ORDER = ["deepdesk.manager", "deepdesk.editor", "deepdesk.assistant_editor", "deepdesk.agent"]


def test_the_roles_stand_in_the_order_of_the_contract():
    assert list(Role) == ORDER


def test_every_role_has_the_group_that_services_know():
    assert {role.value: group for role, group in GROUPS.items()} == {
        "deepdesk.manager": "Manager",
        "deepdesk.editor": "Studio Editor",
        "deepdesk.assistant_editor": "Assistants Editor",
        "deepdesk.agent": "Agent",
    }


@pytest.mark.parametrize(("higher", "lower"), list(combinations(ORDER, 2)))
def test_a_higher_role_outranks_a_lower_one(higher, lower):
    assert outranks(Role(higher), Role(lower))
    assert not outranks(Role(lower), Role(higher))


@pytest.mark.parametrize("role", list(Role))
def test_no_role_outranks_itself(role):
    assert not outranks(role, role)


@given(roles=st.lists(st.sampled_from(list(Role))))
def test_roles_are_listed_once_with_the_highest_first(roles):
    assert [role.value for role in highest_first(roles)] == [role for role in ORDER if role in roles]


def test_whoever_has_no_role_is_an_agent():
    assert effective([]) == (Role.AGENT,)
    assert effective([Role.EDITOR]) == (Role.EDITOR,)


def test_groups_follow_the_order_of_the_roles():
    assert groups_of([Role.AGENT, Role.MANAGER, Role.AGENT]) == ("Manager", "Agent")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "manager",
        "Deepdesk.Manager",
        "deepdesk.manager ",
        " deepdesk.manager",
        "deepdesk.\u043canager",
        "deepdesk.admin",
        "deepdesk.*",
    ],
)
def test_a_role_is_named_exactly_or_not_at_all(text):
    assert parse_role(text) is None

"""``idp roles``: what each role may, and what a deployment would change."""

from __future__ import annotations

import pytest

from idp.domain.roles import OF_ROLE, Role, permissions_of
from tests.cli.conftest import Operator


def test_roles_are_listed_with_what_they_may(operator: Operator) -> None:
    listed = operator.gets("roles", "list")
    assert [one["role"] for one in listed] == [role.value for role in Role]
    assert [one["group"] for one in listed] == [group.name for group in OF_ROLE.values()]
    assert [one["default"] for one in listed] == [False, False, False, True]
    assert listed[0]["permissions"] == list(permissions_of((Role.MANAGER,)))
    assert "users.*" in listed[0]["grants"]


def test_the_list_is_the_codes_whatever_was_provisioned(operator: Operator) -> None:
    before = operator.gets("roles", "list")
    operator.gets("roles", "provision")
    assert operator.gets("roles", "list") == before


def test_the_difference_is_shown_and_changes_nothing(operator: Operator) -> None:
    shown = operator.gets("roles", "list", "--diff")
    assert {"change": "add", "permission": "Manager: users.view_user"} in shown
    assert operator.gets("roles", "list", "--diff") == shown
    assert operator.gets("roles", "provision") == shown
    assert operator.gets("roles", "list", "--diff") == []
    assert operator.gets("roles", "provision") == []


def test_init_provisions_and_says_how_much_it_changed(operator: Operator) -> None:
    assert operator.gets("init")["roles_changed"] > 0
    assert operator.gets("roles", "list", "--diff") == []
    assert operator.gets("init")["roles_changed"] == 0


@pytest.mark.parametrize("words", [("list", "--diff"), ("provision",)], ids=" ".join)
def test_people_are_told_that_there_is_nothing_to_change(operator: Operator, words: tuple[str, ...]) -> None:
    operator.gets("init")
    done = operator.types("roles", *words)
    assert (done.exit_code, done.out) == (0, "")
    assert "what the code says" in done.err


def test_provisioning_is_on_record(operator: Operator) -> None:
    operator.gets("roles", "provision")
    assert [event["kind"] for event in operator.gets("audit", "list")].count("roles.provisioned") == 1

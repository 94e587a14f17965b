"""``idp accounts``."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Operator


def test_an_account_is_made_and_shown(operator: Operator) -> None:
    words = ("--name", "Globex", "--email-domain", "globex.example", "--origin", "https://cx.globex.example")
    made = operator.gets("accounts", "create", "globex", *words, "--base-url", "https://globex.deepdesk.com")
    assert made == operator.gets("accounts", "show", "globex")
    assert made["email_domain"] == ["globex.example"]
    assert made["origin"] == ["https://cx.globex.example"]
    assert made["base_url"] == "https://globex.deepdesk.com"
    assert made["enabled"] is True


def test_making_what_exists_is_refused_unless_that_is_ok(operator: Operator) -> None:
    assert operator.types("accounts", "create", "acme", "--name", "Other").exit_code == 1
    assert operator.gets("accounts", "create", "acme", "--name", "Other", "--exist-ok")["name"] == "Acme"


def test_all_problems_are_told_at_once(operator: Operator) -> None:
    words = ("--name", " ", "--origin", "https://a.example/path", "--email-domain", "Not A Domain")
    done = operator.types("accounts", "create", "globex", *words, "--base-url", "ftp://x")
    assert done.exit_code == 1
    assert len(done.problems) == 4
    assert operator.types("accounts", "show", "globex").exit_code == 1


@pytest.mark.parametrize("code", ["Acme", "a:b", "a.b", "-a", "a b", "", "a" * 64, "ä"])
def test_a_code_is_lower_case_and_safe_in_a_url(operator: Operator, code: str) -> None:
    assert operator.types("accounts", "create", "--name", "X", "--", code).exit_code == 1


def test_a_list_replaces_and_an_empty_value_empties(operator: Operator) -> None:
    update = ("accounts", "update", "acme")
    both = operator.gets(*update, "--email-domain", "a.example", "--email-domain", "b.example")
    assert both["email_domain"] == ["a.example", "b.example"]
    assert operator.gets(*update, "--email-domain", "c.example")["email_domain"] == ["c.example"]
    assert operator.gets(*update, "--name", "Acme Ltd")["email_domain"] == ["c.example"]
    assert operator.gets(*update, "--email-domain", "")["email_domain"] == []


def test_a_domain_belongs_to_one_account(operator: Operator) -> None:
    operator.gets("accounts", "update", "acme", "--email-domain", "acme.example")
    done = operator.types("accounts", "create", "globex", "--name", "Globex", "--email-domain", "acme.example")
    assert done.exit_code == 1
    assert "belongs to account 'acme'" in done.err


def test_an_account_is_disabled_and_enabled(operator: Operator) -> None:
    assert operator.gets("accounts", "disable", "acme")["enabled"] is False
    assert operator.gets("accounts", "enable", "acme")["enabled"] is True


def test_deleting_asks_first_and_leaves_the_trail(operator: Operator) -> None:
    assert operator.types("accounts", "delete", "acme", stdin="n\n").exit_code == 1
    assert operator.gets("accounts", "delete", "acme", "--yes") == {"code": "acme", "deleted": True}
    assert operator.types("accounts", "show", "acme").exit_code == 1
    changes = [event["details"]["change"] for event in operator.gets("audit", "list", "--account", "acme")]
    assert changes == ["created", "deleted"]


@pytest.mark.parametrize("option", ["--magic-link=off", "--logo=x", "--deputy=a@b.example"])
def test_what_is_not_built_is_refused(operator: Operator, option: str) -> None:
    assert operator.types("accounts", "update", "acme", option).exit_code == 2

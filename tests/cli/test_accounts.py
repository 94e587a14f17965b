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


ASKING = {"magic_link": "unlinked", "access_domain": [], "request_expiry": 7, "escalate_after": 24, "deputy": []}


def among(wanted: dict[str, object], shown: dict[str, object]) -> dict[str, object]:
    """Return what is shown under the names of what is wanted."""
    return {name: shown[name] for name in wanted}


def test_unless_it_is_said_people_without_single_sign_on_come_by_mail_and_everybody_may_ask(operator: Operator) -> None:
    assert among(ASKING, operator.gets("accounts", "show", "acme")) == ASKING


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("--magic-link", "off"), {"magic_link": "off"}),
        (("--magic-link", "all"), {"magic_link": "all"}),
        (
            ("--access-domain", "a.example", "--access-domain", "b.example"),
            {"access_domain": ["a.example", "b.example"]},
        ),
        (("--request-expiry", "1"), {"request_expiry": 1}),
        (("--request-expiry", "365"), {"request_expiry": 365}),
        (("--escalate-after", "8760"), {"escalate_after": 8760}),
    ],
)
def test_who_may_ask_and_who_decides_is_set_at_once_or_later(
    operator: Operator, words: tuple[str, ...], shown: dict[str, object]
) -> None:
    wanted = ASKING | shown
    for command in (
        ("create", "globex", "--name", "Globex", *words),
        ("update", "acme", *words),
        ("update", "acme", "--name", "Acme 2"),
    ):
        assert among(wanted, operator.gets("accounts", *command)) == wanted


def test_deputies_are_users_by_address_and_replaced_as_a_list(operator: Operator) -> None:
    for email in ("mia@acme.example", "eli@acme.example"):
        operator.gets("users", "create", email, "--account", "acme")
    update = ("accounts", "update", "acme")
    both = operator.gets(*update, "--deputy", "MIA@acme.example", "--deputy", "eli@acme.example")
    assert both["deputy"] == ["eli@acme.example", "mia@acme.example"]
    assert operator.gets(*update, "--trial")["deputy"] == both["deputy"]
    assert operator.gets(*update, "--deputy", "eli@acme.example")["deputy"] == ["eli@acme.example"]
    operator.gets("users", "delete", "eli@acme.example", "--account", "acme", "--yes")
    assert operator.gets("accounts", "show", "acme")["deputy"] == []
    operator.gets(*update, "--deputy", "mia@acme.example")
    assert operator.gets(*update, "--deputy", "")["deputy"] == []


def test_idle_people_are_disabled_where_it_is_said_and_not_any_more(operator: Operator) -> None:
    assert operator.gets("accounts", "show", "acme")["disable_idle_after"] is None
    words = ("accounts", "create", "globex", "--name", "Globex", "--disable-idle-after", "3650")
    assert operator.gets(*words)["disable_idle_after"] == 3650
    update = ("accounts", "update", "acme")
    for nothing in ("", "0"):
        assert operator.gets(*update, "--disable-idle-after", "1")["disable_idle_after"] == 1
        assert operator.gets(*update, "--name", "Acme 2")["disable_idle_after"] == 1
        assert operator.gets(*update, "--disable-idle-after", nothing)["disable_idle_after"] is None
    event = operator.gets("audit", "list", "--account", "acme")[1]
    assert event["details"]["settings"] == {"disable_idle_after_days": 1}


def test_an_empty_value_lets_everybody_ask_again(operator: Operator) -> None:
    operator.gets("accounts", "update", "acme", "--access-domain", "acme.example")
    assert operator.gets("accounts", "update", "acme", "--access-domain", "")["access_domain"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--request-expiry", "0"), "1 to 365 days"),
        (("--request-expiry", "366"), "1 to 365 days"),
        (("--disable-idle-after", "3651"), "1 to 3650 days"),
        (("--escalate-after", "0"), "1 to 8760 hours"),
        (("--escalate-after", "999999999"), "1 to 8760 hours"),
        (("--access-domain", "Acme.example"), "must look like example.com"),
        (("--deputy", "nobody@acme.example"), "is no user of the account"),
        (("--deputy", "no address"), "is no user of the account"),
        (("--deputy", "lee@globex.example"), "is no user of the account"),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_one_line_and_changes_nothing(
    operator: Operator, words: tuple[str, ...], told: str
) -> None:
    operator.gets("accounts", "create", "globex", "--name", "Globex")
    operator.gets("users", "create", "lee@globex.example", "--account", "globex")
    before = operator.gets("accounts", "show", "acme")
    done = operator.types("accounts", "update", "acme", *words, "--name", "Other")
    assert (done.exit_code, len(done.problems)) == (1, 1)
    assert told in done.err
    assert operator.gets("accounts", "show", "acme") == before
    assert operator.types("accounts", "create", "initech", "--name", "Initech", *words).exit_code == 1
    assert operator.types("accounts", "show", "initech").exit_code == 1


@pytest.mark.parametrize(
    "option",
    [
        *("--magic-link=maybe", "--magic-link=", "--magic-link=OFF"),
        *("--request-expiry=soon", "--request-expiry=-1", "--request-expiry=", "--request-expiry=1.5"),
        *("--escalate-after=٣", f"--escalate-after={10**30}"),
        *("--disable-idle-after=never", "--disable-idle-after=-1", "--disable-idle-after=90d"),
    ],
)
def test_what_is_no_value_at_all_cannot_be_parsed(operator: Operator, option: str) -> None:
    done = operator.types("accounts", "update", "acme", option)
    assert (done.exit_code, done.out) == (2, "")


@pytest.mark.parametrize("option", ["--accent=teal", "--logo=x"])
def test_what_is_not_built_is_refused(operator: Operator, option: str) -> None:
    assert operator.types("accounts", "update", "acme", option).exit_code == 2

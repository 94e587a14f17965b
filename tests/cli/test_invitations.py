"""``idp users create --invite``, and the mail about a raised role: what is posted, and what arrives."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Operator
from tests.cli.mailbox import delivered

KIM = ("kim@acme.example", "--account", "acme")


def posted(operator: Operator) -> list[tuple[str, str]]:
    """Return to whom which mails wait, by subject."""
    return [(item["to"], item["subject"]) for item in operator.gets("outbox", "list", "--account", "acme")]


def test_an_invitation_waits_in_the_outbox_and_arrives_with_a_link_and_a_code(operator: Operator) -> None:
    made = operator.gets("users", "create", *KIM, "--role", "deepdesk.editor", "--invite")
    [(to, subject)] = posted(operator)
    assert (to, made["email_proved"]) == ("kim@acme.example", False)
    [letter] = delivered(operator)
    assert (letter.to, letter.subject) == (to, subject)
    assert letter.token
    assert letter.code
    assert posted(operator) == []


def test_an_invitation_is_in_the_trail_and_what_it_carries_is_nowhere(operator: Operator) -> None:
    made = operator.gets("users", "create", *KIM, "--invite")
    told = operator.types("outbox", "list", "--json").out + operator.types("audit", "list", "--json").out
    [event] = [one for one in operator.gets("audit", "list") if one["kind"] == "user.invited"]
    assert (event["user"], event["account"]) == (made["id"], "acme")
    [letter] = delivered(operator)
    assert letter.token not in told
    assert letter.code not in told


def test_unless_it_is_said_nobody_is_mailed(operator: Operator) -> None:
    operator.gets("users", "create", *KIM)
    assert posted(operator) == []


def test_whoever_exists_is_not_mailed(operator: Operator) -> None:
    operator.gets("users", "create", *KIM)
    assert operator.types("users", "create", *KIM, "--invite").exit_code == 1
    operator.gets("users", "create", *KIM, "--invite", "--exist-ok")
    assert posted(operator) == []


def test_where_mail_is_no_way_in_nobody_is_invited_or_made(operator: Operator) -> None:
    operator.gets("accounts", "update", "acme", "--magic-link", "off")
    done = operator.types("users", "create", *KIM, "--invite")
    assert (done.exit_code, len(done.problems)) == (1, 1)
    assert "idp accounts update acme --magic-link unlinked" in done.err
    assert operator.gets("users", "list") == []
    assert posted(operator) == []
    assert operator.gets("users", "create", *KIM)["id"]


def test_staff_are_never_invited(operator: Operator) -> None:
    operator.gets("init")
    done = operator.types("users", "create", "casey@deepdesk.example", "--account", "staff", "--invite")
    assert (done.exit_code, len(done.problems)) == (1, 1)
    assert operator.gets("users", "list") == []


@pytest.mark.parametrize("email", ["kím@acme.example", "kim@äcme.example", '"kim"@acme.example', "kim@localhost"])
def test_an_address_to_which_no_mail_is_sent_can_be_made_and_not_invited(operator: Operator, email: str) -> None:
    done = operator.types("users", "create", email, "--account", "acme", "--invite")
    assert (done.exit_code, len(done.problems)) == (1, 1)
    assert "no mail can be sent" in done.err
    assert operator.gets("users", "list") == []
    assert operator.gets("users", "create", email, "--account", "acme")["email"] == email


@pytest.mark.parametrize(
    ("before", "after", "mails"),
    [
        ("deepdesk.agent", "deepdesk.manager", 1),
        ("deepdesk.manager", "deepdesk.editor", 0),
        ("deepdesk.editor", "deepdesk.editor", 0),
    ],
)
def test_whoever_may_do_more_is_mailed(operator: Operator, before: str, after: str, mails: int) -> None:
    operator.gets("users", "create", *KIM, "--role", before)
    operator.gets("users", "set-roles", *KIM, "--role", after)
    assert [letter.to for letter in delivered(operator)] == ["kim@acme.example"] * mails

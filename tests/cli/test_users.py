"""``idp users``: who came in, and how their roles came about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from idp.domain.context import Context
from idp.domain.upstream_identity import RoleEvidence, UpstreamIdentity
from idp.services.parts import EXTENSION
from idp.services.registry import providers
from idp.services.sign_in import entry
from idp.store.unit_of_work import unit_of_work
from idp.store.users import User
from tests.cli.conftest import Operator

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ISSUER = "https://acme.okta.example"


@pytest.fixture
def signs_in(operator: Operator) -> Callable[..., None]:
    """Lets somebody of acme sign in."""
    words = ("--kind", "oidc", "--issuer", ISSUER, "--client-id", "x", "--client-secret-file", "-", "--role-based-iam")
    operator.gets("providers", "create", "acme", "okta", *words, stdin="secret")

    def sign_in(subject: str, email: str, *, vouched: bool = False) -> None:
        identity = UpstreamIdentity(
            issuer=ISSUER,
            subject=subject,
            authenticated_at=NOW,
            email=email,
            email_vouched=vouched,
            roles=RoleEvidence(claim="roles", values=("deepdesk.editor", "Writers")),
        )
        parts, context = operator.app.extensions[EXTENSION], Context.of_operator("test", NOW)
        with operator.app.app_context():
            entry.enter(providers.show("acme", "okta"), identity, cookies=(), parts=parts, context=context)

    return sign_in


def test_a_user_is_shown_by_id_and_by_address(operator: Operator, signs_in: Callable[..., None]) -> None:
    signs_in("00u1", "Kim@acme.example")
    (listed,) = operator.gets("users", "list", "--account", "acme")
    shown = operator.gets("users", "show", listed["id"])
    assert operator.gets("users", "show", "KIM@acme.example", "--account", "acme") == shown
    assert shown == {**listed, "upstream_identities": [{"provider": "okta", "issuer": ISSUER, "subject": "00u1"}]}


def test_a_user_is_shown_in_words(operator: Operator, signs_in: Callable[..., None]) -> None:
    signs_in("00u1", "kim@acme.example")
    done = operator.types("users", "show", "kim@acme.example", "--account", "acme")
    assert done.exit_code == 0
    assert "deepdesk.editor" in done.out
    assert "kim@acme.example" in operator.types("users", "list").out


def test_no_user_is_shown_as_another_accounts(operator: Operator, signs_in: Callable[..., None]) -> None:
    signs_in("00u1", "kim@acme.example", vouched=True)
    operator.gets("accounts", "create", "globex", "--name", "Globex")
    (listed,) = operator.gets("users", "list")
    assert operator.types("users", "show", listed["id"], "--account", "globex").exit_code == 1
    assert operator.types("users", "show", "kim@acme.example", "--account", "globex").exit_code == 1
    assert operator.gets("users", "list", "--account", "globex") == []


def test_an_address_alone_needs_an_account(operator: Operator, signs_in: Callable[..., None]) -> None:
    signs_in("00u1", "kim@acme.example")
    done = operator.types("users", "show", "kim@acme.example")
    assert done.exit_code == 1
    assert "--account" in done.err


def test_an_address_of_several_people_names_their_ids(operator: Operator, signs_in: Callable[..., None]) -> None:
    signs_in("00u1", "kim@acme.example")
    signs_in("00u2", "kim@acme.example")
    done = operator.types("users", "show", "kim@acme.example", "--account", "acme")
    assert (done.exit_code, len(done.problems)) == (1, 1)
    assert all(one["id"] in done.err for one in operator.gets("users", "list"))


def test_among_several_the_one_somebody_answers_for_is_meant(operator: Operator, signs_in: Callable[..., None]) -> None:
    signs_in("00u1", "kim@acme.example")
    signs_in("00u2", "kim@acme.example", vouched=True)
    assert operator.gets("users", "show", "kim@acme.example", "--account", "acme")["email_vouched"] is True


def test_events_are_narrowed_to_a_user(operator: Operator, signs_in: Callable[..., None]) -> None:
    signs_in("00u1", "kim@acme.example")
    signs_in("00u2", "lee@acme.example")
    one, _ = operator.gets("users", "list")
    (event,) = operator.gets("audit", "list", "--user", one["id"])
    assert (event["kind"], event["user"], event["details"]["new_user"]) == ("sign_in.finished", one["id"], True)


class TestIdlePeople:
    def test_are_listed_with_since_when(self, operator: Operator) -> None:
        made = operator.gets("users", "create", "kim@acme.example", "--account", "acme")
        operator.gets("users", "create", "lee@acme.example", "--account", "acme")
        with operator.app.app_context(), unit_of_work() as session:
            long_ago = {"created_at": NOW - timedelta(days=4000), "last_sign_in_at": NOW - timedelta(days=365)}
            session.execute(update(User).where(User.id == made["id"]).values(long_ago))
        [idle] = operator.gets("users", "list", "--account", "acme", "--idle-for", "90")
        assert (idle["id"], idle["idle_since"]) == (made["id"], "2025-11-26T12:00:00+00:00")
        assert "2025-11-26" in operator.types("users", "list", "--idle-for", "90").out
        assert operator.gets("users", "list", "--account", "acme", "--idle-for", "3650") == []
        assert "idle_since" not in operator.gets("users", "list")[0]

    @pytest.mark.parametrize("days", ["0", "3651", "-1", "soon", ""])
    def test_for_a_number_of_days_that_can_be(self, operator: Operator, days: str) -> None:
        done = operator.types("users", "list", "--idle-for", days)
        assert (done.exit_code, done.out) == (2, "")

    def test_of_nobody_it_says_so(self, operator: Operator) -> None:
        done = operator.types("users", "list", "--idle-for", "90")
        assert (done.exit_code, done.out, done.err) == (0, "", "Nobody has been idle for so long.\n")

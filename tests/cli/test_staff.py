"""``idp staff``, ``idp access-requests`` and ``idp roles``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from idp.domain.context import Context
from idp.domain.errors import NotAdmitted
from idp.domain.upstream_identity import RoleEvidence, UpstreamIdentity
from idp.services.parts import EXTENSION
from idp.services.registry import providers
from idp.services.sign_in import entry
from tests.cli.conftest import Operator

CASEY = "casey.staff@deepdesk.example"
AS_EDITOR = ("--role", "deepdesk.editor")
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ISSUER = "https://acme.okta.example"


class TestGrants:
    @pytest.fixture(autouse=True)
    def beta(self, operator: Operator) -> None:
        operator.gets("accounts", "create", "beta", "--name", "Beta")

    def test_a_grant_names_account_roles_end_and_reason(self, operator: Operator) -> None:
        words = (
            "--role",
            "deepdesk.agent",
            "--role",
            "deepdesk.manager",
            "--until",
            "2099-01-31",
            "--reason",
            "Go-live",
        )
        [made] = operator.gets("staff", "grant", CASEY, "acme", *words)
        assert (made["email"], made["account"], made["user"], made["reason"]) == (CASEY, "acme", None, "Go-live")
        assert made["roles"] == ["deepdesk.manager", "deepdesk.agent"]
        assert made["until"] == "2099-02-01T00:00:00+00:00"
        assert operator.gets("staff", "list") == [made]

    def test_several_accounts_or_all(self, operator: Operator) -> None:
        made = operator.gets("staff", "grant", CASEY, "acme", "beta", *AS_EDITOR)
        assert [one["account"] for one in made] == ["acme", "beta"]
        [everywhere] = operator.gets("staff", "grant", CASEY, "--all", *AS_EDITOR)
        assert (everywhere["account"], everywhere["all"]) == (None, True)

    def test_granting_again_replaces(self, operator: Operator) -> None:
        operator.gets("staff", "grant", CASEY, "acme", *AS_EDITOR)
        operator.gets("staff", "grant", CASEY.upper(), "acme", "--role", "deepdesk.agent")
        assert [one["roles"] for one in operator.gets("staff", "list")] == [["deepdesk.agent"]]

    def test_revoking_one_and_all(self, operator: Operator) -> None:
        operator.gets("staff", "grant", CASEY, "acme", "beta", *AS_EDITOR)
        assert len(operator.gets("staff", "revoke", CASEY, "acme")) == 1
        assert [one["account"] for one in operator.gets("staff", "list")] == ["beta"]
        assert len(operator.gets("staff", "revoke", CASEY, "--all")) == 1
        assert operator.gets("staff", "list") == []

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            ((CASEY,), "--all"),
            ((CASEY, "acme", "--all"), "--all"),
            ((CASEY, "nobody"), "no account 'nobody'"),
            ((CASEY, "staff"), "needs no grant"),
            (("casey", "acme"), "not an email address"),
            ((CASEY, "acme", "--until", "soon"), "--until"),
            ((CASEY, "acme", "--until", "2020-01-01"), "has passed"),
            ((CASEY, "acme", "--reason", "a" * 501), "--reason"),
        ],
    )
    def test_what_cannot_be_is_refused_and_grants_nothing(
        self, operator: Operator, words: tuple[str, ...], told: str
    ) -> None:
        operator.gets("init")
        done = operator.types("staff", "grant", *words, *AS_EDITOR)
        assert done.exit_code == 1
        assert told in done.err
        assert operator.gets("staff", "list") == []

    def test_a_moment_has_a_zone_or_is_utc(self, operator: Operator) -> None:
        moments = {
            "2099-01-31T17:00": "2099-01-31T17:00:00+00:00",
            "2099-01-31T17:00+01:00": "2099-01-31T16:00:00+00:00",
        }
        for given, kept in moments.items():
            operator.gets("staff", "grant", CASEY, "acme", *AS_EDITOR, "--until", given)
            assert datetime.fromisoformat(operator.gets("staff", "list")[0]["until"]) == datetime.fromisoformat(kept)

    def test_revoking_what_is_not_there_says_so(self, operator: Operator) -> None:
        done = operator.types("staff", "revoke", CASEY, "acme")
        assert done.exit_code == 1
        assert "no such grant" in done.err


class TestLinkRequests:
    @pytest.fixture
    def arrives(self, operator: Operator) -> Callable[[], str]:
        """Somebody arrives whose address another person holds; returns what became of it."""
        words = ("--kind", "oidc", "--issuer", ISSUER, "--client-id", "x", "--client-secret-file", "-")
        operator.gets("providers", "create", "acme", "okta", *words, stdin="secret")
        operator.gets("users", "create", "kim@acme.example", "--account", "acme", "--role", "deepdesk.editor")

        def arrive() -> str:
            identity = UpstreamIdentity(
                issuer=ISSUER,
                subject="00u1",
                authenticated_at=NOW,
                email="kim@acme.example",
                roles=RoleEvidence(claim="roles"),
            )
            parts, context = operator.app.extensions[EXTENSION], Context.of_operator("test", NOW)
            with operator.app.app_context():
                try:
                    entry.enter(providers.show("acme", "okta"), identity, cookies=(), parts=parts, context=context)
                except NotAdmitted as refused:
                    return refused.refusal.value
            return "ok"

        return arrive

    def test_an_approved_one_lets_them_in_as_the_person_with_their_roles(
        self, operator: Operator, arrives: Callable[[], str]
    ) -> None:
        assert arrives() == "address_taken"
        [request] = operator.gets("access-requests", "list", "--account", "acme")
        assert (request["kind"], request["status"], request["provider"]) == ("link", "pending", "okta")
        assert operator.gets("access-requests", "approve", request["id"])["status"] == "approved"
        assert arrives() == "ok"
        [kim] = operator.gets("users", "list")
        assert kim["roles"] == ["deepdesk.editor"]
        assert operator.types("access-requests", "approve", request["id"]).exit_code == 1

    def test_a_denied_one_is_refused_from_then_on(self, operator: Operator, arrives: Callable[[], str]) -> None:
        arrives()
        [request] = operator.gets("access-requests", "list")
        denied = operator.gets("access-requests", "deny", request["id"], "--reason", "somebody else")
        assert (denied["status"], denied["reason"]) == ("denied", "somebody else")
        assert arrives() == "link_denied"
        assert operator.types("access-requests", "deny", request["id"]).exit_code == 1
        operator.gets("access-requests", "approve", request["id"])
        assert arrives() == "ok"

    def test_denying_what_was_approved_undoes_it(self, operator: Operator, arrives: Callable[[], str]) -> None:
        arrives()
        [request] = operator.gets("access-requests", "list")
        done = operator.types("access-requests", "approve", request["id"])
        assert f"idp access-requests deny {request['id']}" in done.err
        assert arrives() == "ok"
        operator.gets("access-requests", "deny", request["id"])
        assert operator.gets("users", "sessions", "kim@acme.example", "--account", "acme") == []
        assert operator.gets("users", "show", "kim@acme.example", "--account", "acme")["upstream_identities"] == []
        assert arrives() == "link_denied"

    def test_a_role_has_no_place_in_a_link(self, operator: Operator, arrives: Callable[[], str]) -> None:
        arrives()
        [request] = operator.gets("access-requests", "list")
        done = operator.types("access-requests", "approve", request["id"], "--role", "deepdesk.manager")
        assert done.exit_code == 1
        assert "keeps the roles" in done.err

    def test_the_refused_one_is_explained_by_address(self, operator: Operator, arrives: Callable[[], str]) -> None:
        arrives()
        found = operator.gets("users", "explain", "kim@acme.example", "--account", "acme")
        assert found["refused"]["outcome"] == "address_taken"
        told = operator.types("users", "explain", "kim@acme.example", "--account", "acme").out
        assert "idp access-requests list" in told

    def test_an_unknown_one_is_no_request(self, operator: Operator) -> None:
        for verb in ("approve", "deny"):
            assert operator.types("access-requests", verb, "nothing").exit_code == 1


def test_the_roles_stand_in_order_of_rank(operator: Operator) -> None:
    listed = operator.gets("roles", "list")
    assert [one["role"] for one in listed] == [
        "deepdesk.manager",
        "deepdesk.editor",
        "deepdesk.assistant_editor",
        "deepdesk.agent",
    ]
    assert [one["group"] for one in listed if one["default"]] == ["Agent"]


class TestWhatTheListsTell:
    def test_a_grant_for_every_account_is_named_as_such(self, operator: Operator) -> None:
        operator.gets("staff", "grant", CASEY, "--all", *AS_EDITOR)
        assert "every account" in operator.types("staff", "list").out
        assert len(operator.gets("staff", "list", "--account", "acme")) == 1

    def test_revoking_one_account_tells_of_the_grant_for_all(self, operator: Operator) -> None:
        operator.gets("staff", "grant", CASEY, "--all", *AS_EDITOR)
        operator.gets("staff", "grant", CASEY, "acme", *AS_EDITOR)
        done = operator.types("staff", "revoke", CASEY, "acme")
        assert done.out.startswith("Revoked:")
        assert f"idp staff revoke {CASEY} --all" in done.err

    def test_an_address_of_another_domain_is_noted(self, operator: Operator) -> None:
        operator.gets("init")
        words = ("--kind", "google", "--client-id", "x", "--hosted-domain", "deepdesk.example")
        operator.gets("providers", "create", "staff", "google", *words, "--client-secret-file", "-", stdin="secret")
        assert (
            "pinned to the domain" in operator.types("staff", "grant", "casey@deepdsk.example", "acme", *AS_EDITOR).err
        )
        assert "Note" not in operator.types("staff", "grant", CASEY, "acme", *AS_EDITOR).err


class TestExplainingStaff:
    def test_a_customers_account_is_answered_for(self, operator: Operator) -> None:
        operator.gets("init")
        operator.gets("users", "create", CASEY, "--account", "staff")
        told = operator.types("users", "explain", CASEY, "--account", "acme")
        assert told.exit_code == 0
        assert f"no grant opens acme now; give one with: idp staff grant {CASEY} acme" in told.out

    def test_nobody_at_all_is_told_how_to_go_on(self, operator: Operator) -> None:
        done = operator.types("users", "explain", "nobody@acme.example", "--account", "acme")
        assert done.exit_code == 1
        assert "idp audit list --request CODE" in done.err


def test_events_are_found_by_the_code_of_an_error_page(operator: Operator) -> None:
    [event] = operator.gets("audit", "list", "--account", "acme")
    assert operator.gets("audit", "list", "--request", event["request_id"]) == [event]
    assert operator.gets("audit", "list", "--request", "0123456789ab") == []
    assert operator.types("audit", "list", "--user", "mia@acme.example").exit_code == 1

"""What an upstream said of somebody is text on an operator's terminal: neither markup nor commands to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from idp.domain.context import Context
from idp.domain.upstream_identity import RoleEvidence, UpstreamIdentity
from idp.services.parts import EXTENSION
from idp.services.registry import providers
from idp.services.sign_in import entry
from tests.cli.conftest import Operator
from tests.outbound.servers import says, serving

ISSUER = "https://acme.okta.example"
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
CREATE = ("providers", "create", "acme", "okta", "--kind", "oidc", "--client-id", "x", "--client-secret-file", "-")


@pytest.fixture
def arrives(operator: Operator) -> Callable[[str], None]:
    """Somebody whose upstream calls them so signs in."""
    operator.gets(*CREATE, "--issuer", ISSUER, stdin="secret")

    def arrive(name: str) -> None:
        identity = UpstreamIdentity(
            issuer=ISSUER, subject="00u1", authenticated_at=NOW, name=name, roles=RoleEvidence(claim="roles")
        )
        parts, context = operator.app.extensions[EXTENSION], Context.of_operator("test", NOW)
        with operator.app.app_context():
            entry.enter(providers.show("acme", "okta"), identity, cookies=(), parts=parts, context=context)

    return arrive


@pytest.mark.parametrize("name", ["[/x]", "[bold]Mia[/bold]", "[link=https://evil.example]Mia[/link]", ":smile:"])
def test_a_name_that_looks_like_markup_is_shown_as_it_is(
    operator: Operator, arrives: Callable[[str], None], name: str
) -> None:
    arrives(name)
    done = operator.types("users", "list")
    assert done.exit_code == 0, done.err
    assert name in done.out


@pytest.mark.parametrize("code", ["\x1b]0;title\x07", "\x1b[2J", "\u202egnp.exe", "[/x]"])
def test_an_error_code_of_an_upstream_does_not_reach_the_terminal(operator: Operator, code: str) -> None:
    body = json.dumps({"error": code}).encode()
    with serving(says(body, status="400 Bad Request")) as server:
        address = server.url("")
        words = ("--authorize-url", address, "--token-url", address, "--userinfo-url", address)
        operator.gets("init")
        create = (
            "providers",
            "create",
            "acme",
            "up",
            "--kind",
            "oauth2",
            "--client-id",
            "x",
            "--client-secret-file",
            "-",
        )
        operator.gets(*create, *words, stdin="secret")
        done = operator.types("doctor", "acme")
    assert "\x1b" not in done.out + done.err
    assert "\u202e" not in done.out + done.err
    assert done.exit_code in {0, 1}

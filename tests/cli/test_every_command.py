"""What holds for every command that is built, and what is said of those that are not (CONTRACT §2)."""

from __future__ import annotations

import json

import pytest

from idp.console import cli
from tests.cli.conftest import Operator
from tests.cli.test_commands import every

ISSUER = ("--issuer", "https://acme.okta.example")
PROVIDER = ("providers", "create", "acme", "okta", "--kind", "oidc", "--client-id", "deepdesk", *ISSUER)
PROVIDER_SECRET = ("--client-secret-file", "-")
CLIENT = ("clients", "create", "Studio", "--account", "acme", "--redirect-uri", "https://studio.example/callback")

KIM = ("kim@acme.example", "--account", "acme")

SINGLE = {("init",), ("serve",), ("worker",), ("doctor",), ("sandbox",)}
GROUPS = {
    "accounts": {"create", "list", "show", "update", "disable", "enable", "delete"},
    "providers": {"create", "list", "show", "update", "delete", "check"},
    "clients": {"create", "list", "show", "update", "rotate-secret", "delete"},
    "users": {
        *("create", "list", "show", "set-roles", "disable", "enable", "delete", "sessions", "sign-out"),
        *("explain", "import"),
    },
    "staff": {"grant", "revoke", "list"},
    "access-requests": {"list", "approve", "deny"},
    "api-keys": {"create", "list", "rotate", "revoke"},
    "platform-secrets": {"create", "list", "rotate", "revoke"},
    "roles": {"list", "provision"},
    "keys": {"list", "rotate", "revoke"},
    "outbox": {"list", "retry", "drop"},
    "audit": {"list"},
}

SUCCEEDING = {
    "init": ("init",),
    "doctor": ("doctor",),
    "accounts create": ("accounts", "create", "globex", "--name", "Glöbex"),
    "accounts update": ("accounts", "update", "acme", "--name", "Acme 2"),
    "accounts disable": ("accounts", "disable", "acme"),
    "accounts enable": ("accounts", "enable", "acme"),
    "accounts delete": ("accounts", "delete", "acme", "--yes"),
    "providers create": ("providers", "create", "acme", "entra", *PROVIDER[4:], *PROVIDER_SECRET),
    "providers show": ("providers", "show", "acme", "okta"),
    "providers update": ("providers", "update", "acme", "okta", "--require-roles"),
    "providers delete": ("providers", "delete", "acme", "okta", "--yes"),
    "clients create": CLIENT,
    "clients show": ("clients", "show", "studio"),
    "clients update": ("clients", "update", "studio", "--no-pkce"),
    "clients rotate-secret": ("clients", "rotate-secret", "studio"),
    "clients delete": ("clients", "delete", "studio", "--yes"),
    "users create": ("users", "create", "lee@acme.example", "--account", "acme"),
    "users show": ("users", "show", *KIM),
    "users set-roles": ("users", "set-roles", *KIM, "--role", "deepdesk.editor"),
    "users disable": ("users", "disable", *KIM),
    "users enable": ("users", "enable", *KIM),
    "users create --invite": ("users", "create", "lee@acme.example", "--account", "acme", "--invite"),
    "users sign-out": ("users", "sign-out", *KIM),
    "users explain": ("users", "explain", *KIM),
    "users delete": ("users", "delete", *KIM, "--yes"),
    "keys rotate": ("keys", "rotate", "--force"),
    "api-keys create": ("api-keys", "create", "acme"),
    "platform-secrets create": ("platform-secrets", "create", "acme"),
}
"""Beside the lists, which have their own test."""
SEVERAL = {"doctor", "keys rotate"}
"""Of these what is printed is a list."""


@pytest.fixture
def busy(operator: Operator) -> Operator:
    """At a provider with keys, the account acme, its upstream okta and its client studio."""
    operator.gets("init")
    operator.gets(*PROVIDER, *PROVIDER_SECRET, stdin="the-upstreams-secret")
    operator.gets(*CLIENT, "--client-id", "studio")
    operator.gets("users", "create", *KIM)
    return operator


def test_the_commands_are_those_of_the_contract_that_are_built() -> None:
    assert set(every(cli)) == SINGLE | {(group, name) for group, names in GROUPS.items() for name in names}


@pytest.mark.parametrize("name", SUCCEEDING)
def test_a_command_that_succeeds_prints_one_object_and_nothing_else(busy: Operator, name: str) -> None:
    done = busy.types(*SUCCEEDING[name], "--json", stdin="the-upstreams-secret")
    assert done.exit_code == 0, done.err
    assert isinstance(done.json, list if name in SEVERAL else dict)
    assert done.err == ""


@pytest.mark.parametrize("name", SUCCEEDING)
def test_people_are_told_in_words(busy: Operator, name: str) -> None:
    done = busy.types(*SUCCEEDING[name], stdin="the-upstreams-secret")
    assert done.exit_code == 0, done.err
    assert done.out
    with pytest.raises(json.JSONDecodeError):
        json.loads(done.out)


@pytest.mark.parametrize("group", ["providers", "clients", "users", "api-keys", "platform-secrets"])
def test_an_empty_list_is_an_empty_array_and_says_so_to_people(operator: Operator, group: str) -> None:
    assert operator.gets(group, "list") == []
    done = operator.types(group, "list")
    assert (done.exit_code, done.out) == (0, "")
    assert done.err.startswith("No ")


WITH_A_NAME = [
    *(("accounts", "show"), ("clients", "show"), ("users", "show"), ("keys", "revoke")),
    *(("access-requests", verb) for verb in ("approve", "deny")),
    *(("api-keys", verb) for verb in ("create", "rotate", "revoke")),
    *(("platform-secrets", verb) for verb in ("create", "rotate", "revoke")),
]


@pytest.mark.parametrize("word", ["\udcff", "nul\x00", "a" * 10_000, "é", "", "'; DROP TABLE accounts; --"])
@pytest.mark.parametrize("words", WITH_A_NAME, ids=" ".join)
def test_whatever_is_asked_for_ends_in_one_line(operator: Operator, words: tuple[str, ...], word: str) -> None:
    """A byte that is not UTF-8 comes as a lone surrogate, which no database can be asked for."""
    done = operator.types(*words, "--", word)
    assert (done.exit_code, len(done.problems)) == (1, 1)
    assert operator.gets("accounts", "list")


@pytest.mark.parametrize(
    "words",
    [
        ("accounts",),
        ("accounts", "create", "globex"),
        ("accounts", "list", "--nonsense"),
        ("accounts", "show", "acme", "another"),
        ("providers", "create", "acme", "okta"),
        ("clients", "rotate-secret", "studio", "--keep-old-for", "soon"),
        ("clients", "rotate-secret", "studio", "--keep-old-for", "-1"),
        ("serve", "--workers", "0"),
        ("access-requests", "list", "--status", "forgotten"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_parsed_exits_2_and_prints_nothing(operator: Operator, words: tuple[str, ...]) -> None:
    done = operator.types(*words)
    assert (done.exit_code, done.out) == (2, "")


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "file"),
        ("audit", "verify"),
        ("providers", "dry-run", "acme", "okta"),
        ("accounts", "create", "globex", "--name", "Globex", "--accent", "teal"),
        (*CLIENT, "--profile", "fapi2"),
        (*CLIENT, "--frontchannel-logout-uri", "https://a.example/"),
    ],
    ids=" ".join,
)
def test_a_word_of_the_contract_that_is_not_built_is_no_word_yet(operator: Operator, words: tuple[str, ...]) -> None:
    done = operator.types(*words)
    assert done.exit_code == 2
    assert done.problems[-1].startswith("Error: No such ")


@pytest.mark.parametrize(
    "words",
    [
        ("--grant-type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("--response-type", "code id_token"),
        ("--auth-method", "tls_client_auth"),
        ("--id-token-alg", "EdDSA"),
    ],
    ids=" ".join,
)
def test_a_value_of_the_contract_that_is_not_built_is_refused_in_one_line(
    operator: Operator, words: tuple[str, ...]
) -> None:
    done = operator.types(*CLIENT, *words)
    assert (done.exit_code, len(done.problems)) == (1, 1)
    assert operator.gets("clients", "list") == []

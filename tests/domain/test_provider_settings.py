"""What an operator can say about an upstream provider, with every problem told at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.domain.errors import Invalid
from idp.domain.provider_checks import check
from idp.domain.provider_kinds import Kind
from idp.domain.provider_settings import ProviderSettings, parse_role_map, parse_role_option
from idp.domain.roles import Role

GOOD = ProviderSettings(kind="oidc", display_name="Okta", client_id="deepdesk", issuer="https://acme.okta.example")


def problems(**changes) -> tuple[str, ...]:
    with pytest.raises(Invalid) as refused:
        check(replace(GOOD, **changes))
    return refused.value.problems


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"issuer": "https://login.example.com/tenant/v2.0"},
        {"issuer": "http://127.0.0.1:8001"},
        {"issuer": "http://localhost:8001"},
        {"issuer": "http://[::1]:8001"},
        {"userinfo_url": "https://api.example.com/me?fields=id,email"},
        {"scope": "openid"},
        {"roles_claim": "https://deepdesk.example/roles"},
    ],
)
def test_good_settings_pass(changes):
    check(replace(GOOD, **changes))


def test_all_problems_are_told_at_once():
    told = problems(kind="saml", client_id=" ", display_name="", token_url="http://example.com", scope="email")
    assert [line.split(" ")[0] for line in told] == [
        "--kind",
        "--client-id",
        "--display-name",
        "--token-url",
        "--scope",
    ]


@pytest.mark.parametrize("kind", ["", "OIDC", "saml"])
def test_an_unknown_kind_is_refused(kind):
    assert problems(kind=kind) == (f"--kind {kind!r} is unknown; use one of: {', '.join(Kind)}",)


@pytest.mark.parametrize(
    "url",
    [
        "acme.okta.example",
        "ftp://acme.okta.example",
        "http://acme.okta.example",
        "http://127.0.0.1.evil.example",
        "https://",
        "https:///path",
        "https://user:password@acme.okta.example",
        "https://acme.okta.example#top",
        "https://acme.okta.example:port",
        "https://acme.okta.example:99999",
        "https://acme okta.example",
        "https://acme.okta.example\n",
        "https://acm\u00e9.example",
        "https://[::1",
        "https://acme.example/" + "a" * 2048,
    ],
)
@pytest.mark.parametrize("field", ["issuer", "authorize_url", "token_url", "userinfo_url"])
def test_an_address_that_we_would_not_call_is_refused(field, url):
    (told,) = problems(**{field: url})
    assert told.startswith(f"--{field.replace('_', '-')} ")
    assert "\n" not in told


@pytest.mark.parametrize("text", ["", " ", "a" * 101, "su\nb", "su\x00b"])
@pytest.mark.parametrize(
    "field", ["display_name", "subject_claim", "email_claim", "first_name_claim", "last_name_claim", "roles_claim"]
)
def test_names_are_short_and_printable(field, text):
    assert problems(**{field: text}) == (f"--{field.replace('_', '-')} must have 1 to 100 printable characters",)


@pytest.mark.parametrize("scope", ["", "profile email", "OPENID", "openid,email"])
def test_a_scope_without_openid_is_refused(scope):
    assert len(problems(scope=scope)) == 1


def test_the_rules_are_those_that_were_set():
    settings = replace(
        GOOD, role_map={"a": Role.EDITOR}, role_ceiling=Role.EDITOR, role_based_iam=True, require_roles=True
    )
    rules = settings.rules()
    assert (rules.role_map, rules.ceiling) == ({"a": Role.EDITOR}, Role.EDITOR)
    assert rules.role_based_iam
    assert rules.require_roles
    assert not GOOD.rules().role_based_iam
    assert not GOOD.rules().require_roles


def test_a_role_map_divides_at_the_last_equals_sign():
    assert parse_role_map(["Team leads=deepdesk.manager", "cn=writers,ou=acme=deepdesk.editor"]) == {
        "Team leads": Role.MANAGER,
        "cn=writers,ou=acme": Role.EDITOR,
    }


def test_every_pair_that_cannot_be_read_is_told():
    with pytest.raises(Invalid) as refused:
        parse_role_map(["Team leads", "=deepdesk.agent", "x=manager", "", "y=deepdesk.agent"])
    assert [line.split(" must ")[0] for line in refused.value.problems] == [
        "--role-map 'Team leads'",
        "--role-map '=deepdesk.agent'",
        "--role-map 'x=manager'",
        "--role-map ''",
    ]


def test_an_option_that_names_no_role_lists_the_roles():
    assert parse_role_option("deepdesk.editor", option="--role-ceiling") is Role.EDITOR
    with pytest.raises(Invalid, match=r"choose from: deepdesk\.manager, deepdesk\.editor"):
        parse_role_option("editor", option="--role-ceiling")


@pytest.mark.parametrize("issuer", ["https://accounts.google.com", "accounts.google.com"])
def test_google_needs_its_own_kind_since_nothing_else_pins_it(issuer):
    with pytest.raises(Invalid, match="--kind google"):
        check(ProviderSettings(kind="oidc", display_name="Google", client_id="us", issuer=issuer))

"""``idp providers``: what an upstream gave us is sealed, and what to register there is printed."""

from __future__ import annotations

import pytest

from idp.store.db import db
from idp.store.providers import Provider
from tests.cli.conftest import Operator

SECRET = "what-the-upstream-gave-us"
CREATE = (
    *("providers", "create", "acme", "okta", "--kind", "oidc", "--issuer", "https://acme.okta.example"),
    *("--client-id", "deepdesk", "--client-secret-file", "-"),
)


def test_a_provider_prints_its_own_redirect_uri_and_never_its_secret(operator: Operator) -> None:
    made = operator.gets(*CREATE, stdin=SECRET)
    assert made["redirect_uri"] == "http://127.0.0.1:8000/oauth/callback/acme.okta/"
    assert made == operator.gets("providers", "show", "acme", "okta")
    printed = operator.types("providers", "list", "--json").out + operator.types("audit", "list", "--json").out
    assert SECRET not in printed
    with operator.app.app_context():
        sealed = db.session.scalar(db.select(Provider.client_secret_sealed))
    assert SECRET not in sealed


def test_the_generic_callback_is_for_existing_registrations(operator: Operator) -> None:
    made = operator.gets(*CREATE, "--generic-callback", stdin=SECRET)
    assert made["redirect_uri"] == "http://127.0.0.1:8000/oauth/callback/"
    changed = operator.gets("providers", "update", "acme", "okta", "--no-generic-callback")
    assert changed["redirect_uri"].endswith("/acme.okta/")


def test_maps_and_ceilings_are_set_replaced_and_emptied(operator: Operator) -> None:
    words = ("--role-map", "admins=deepdesk.manager", "--role-map", "a=b=deepdesk.editor")
    made = operator.gets(*CREATE, *words, "--role-ceiling", "deepdesk.editor", "--role-based-iam", stdin=SECRET)
    assert made["role_map"] == ["admins=deepdesk.manager", "a=b=deepdesk.editor"]
    assert made["role_ceiling"] == "deepdesk.editor"
    update = ("providers", "update", "acme", "okta")
    assert operator.gets(*update, "--role-map", "")["role_map"] == []
    assert operator.gets(*update, "--role-ceiling", "")["role_ceiling"] is None
    assert operator.gets(*update, "--no-role-based-iam")["role_based_iam"] is False


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--issuer", "http://okta.example"), "must be https"),
        (("--issuer", ""), "--issuer is needed"),
        (("--issuer", "https://accounts.google.com"), "--kind google"),
        (("--scope", "profile"), "must contain openid"),
        (("--role-map", "admins"), "THEIRS=ROLE"),
        (("--role-ceiling", "boss"), "not a role"),
        (("--kind", "entra"), "--tenant is needed"),
        (("--kind", "saml"), "is unknown; use one of: oidc"),
        (("--kind", "google"), "--hosted-domain is needed"),
        (("--tenant", "t"), "--tenant has no meaning for --kind oidc"),
        (("--hosted-domain", "acme.example"), "has no meaning for --kind oidc"),
        (("--client-secret-expires", "soon"), "must be a day"),
        (("--kind", "saml"), "unknown"),
    ],
)
def test_what_cannot_work_is_refused_with_its_mend(operator: Operator, words: tuple[str, ...], told: str) -> None:
    done = operator.types(*CREATE, *words, stdin=SECRET)
    assert done.exit_code == 1
    assert told in done.err
    assert operator.gets("providers", "list") == []


def test_an_empty_secret_is_refused(operator: Operator) -> None:
    assert operator.types(*CREATE, stdin="").exit_code == 1


def test_a_changed_issuer_is_said_to_make_strangers(operator: Operator) -> None:
    operator.gets(*CREATE, stdin=SECRET)
    done = operator.types("providers", "update", "acme", "okta", "--issuer", "https://other.example")
    assert done.exit_code == 0
    assert "stranger" in done.err


def test_checking_what_does_not_answer_exits_1(operator: Operator) -> None:
    operator.gets(*CREATE, "--issuer", "http://127.0.0.1:1", stdin=SECRET)
    done = operator.types("providers", "check", "acme", "okta", "--json")
    assert done.exit_code == 1
    assert len(done.json["problems"]) == 1
    assert done.problems == [f"Error: {done.json['problems'][0]}"]


def test_settings_are_looked_at_before_anybody_is_asked_for_a_secret(operator: Operator) -> None:
    done = operator.types(*CREATE[:-2], "--kind", "entra", "--client-secret-file", "/nowhere")
    assert done.exit_code == 1
    assert "--tenant is needed" in done.err

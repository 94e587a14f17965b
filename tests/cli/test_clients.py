"""``idp clients``: secrets are shown once, lists replace, nothing half-right is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp.store.clients import ClientSecret
from idp.store.db import db
from tests.cli.conftest import Operator

CALLBACK = "https://studio.example/callback"
CREATE = ("clients", "create", "Studio", "--account", "acme", "--redirect-uri", CALLBACK)


def test_a_secret_is_printed_once_and_kept_as_a_digest(operator: Operator) -> None:
    made = operator.gets(*CREATE)
    secret = made.pop("client_secret")
    assert len(secret) >= 43
    assert operator.gets("clients", "show", made["client_id"]) == made
    everything = operator.types("audit", "list", "--json").out + operator.types("clients", "list", "--json").out
    assert secret not in everything
    with operator.app.app_context():
        digests = db.session.scalars(db.select(ClientSecret.digest)).all()
    assert [len(digest) for digest in digests] == [64]
    assert secret not in digests


def test_the_defaults_are_the_contracts(operator: Operator) -> None:
    made = operator.gets(*CREATE)
    assert made["grant_types"] == ["authorization_code", "refresh_token"]
    assert made["response_types"] == ["code"]
    assert made["scope"] == "openid profile email offline_access roles permissions"
    assert made["pkce"] == "required"
    assert made["id_token_signed_response_alg"] == "RS256"


def test_an_id_and_a_secret_can_be_brought_along(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("a-secret-from-elsewhere\n")
    words = (*CREATE, "--client-id", "studio", "--client-secret-file", str(file))
    made = operator.gets(*words)
    assert made["client_id"] == "studio"
    assert "client_secret" not in made
    assert operator.types(*words).exit_code == 1
    assert operator.gets(*words, "--exist-ok")["client_id"] == "studio"


def test_a_secret_is_read_from_standard_input(operator: Operator) -> None:
    words = (*CREATE, "--client-secret-file", "-")
    assert "client_secret" not in operator.gets(*words, stdin="a-secret-from-elsewhere\n")
    assert operator.types(*words, stdin="short\n").exit_code == 1


def test_a_secret_file_that_cannot_be_read_is_named(operator: Operator) -> None:
    done = operator.types(*CREATE, "--client-secret-file", "/nowhere/secret")
    assert (done.exit_code, done.problems) == (1, ["Error: the file '/nowhere/secret' cannot be read"])


def test_a_public_client_has_no_secret_and_always_pkce(operator: Operator) -> None:
    made = operator.gets(*CREATE, "--public")
    assert "client_secret" not in made
    assert made["token_endpoint_auth_method"] == "none"
    assert operator.types(*CREATE, "--public", "--no-pkce").exit_code == 1
    assert operator.types("clients", "update", made["client_id"], "--no-pkce").exit_code == 1
    assert operator.types("clients", "rotate-secret", made["client_id"]).exit_code == 1


def test_every_problem_of_a_registration_is_a_line(operator: Operator) -> None:
    words = ("--redirect-uri", "http://studio.example/", "--redirect-uri", "https://studio.example/#x")
    done = operator.types("clients", "create", " ", "--account", "acme", *words, "--scope", "openid everything")
    assert done.exit_code == 1
    assert len(done.problems) == 4
    assert operator.gets("clients", "list") == []


def test_updating_replaces_lists_and_has_opposites(operator: Operator) -> None:
    client_id = operator.gets(*CREATE)["client_id"]
    update = ("clients", "update", client_id)
    assert operator.gets(*update, "--no-pkce")["pkce"] == "optional"
    assert operator.gets(*update, "--pkce")["pkce"] == "required"
    uris = ("--redirect-uri", "https://a.example/", "--redirect-uri", "https://b.example/")
    assert operator.gets(*update, *uris)["redirect_uris"] == ["https://a.example/", "https://b.example/"]
    assert operator.gets(*update, "--name", "Editor")["client_name"] == "Editor"
    assert operator.types(*update, "--redirect-uri", "").exit_code == 1
    assert operator.gets("clients", "show", client_id)["redirect_uris"] == ["https://a.example/", "https://b.example/"]


def test_rotating_prints_a_new_secret_once(operator: Operator) -> None:
    made = operator.gets(*CREATE)
    rotated = operator.gets("clients", "rotate-secret", made["client_id"], "--keep-old-for", "60")
    assert rotated["client_secret"] != made["client_secret"]
    assert rotated["client_secret"] not in operator.types("audit", "list", "--json").out


@pytest.mark.parametrize("option", ["--frontchannel-logout-uri=https://a.example/", "--profile=fapi2"])
def test_what_is_not_built_is_refused(operator: Operator, option: str) -> None:
    assert operator.types(*CREATE, option).exit_code == 2


def test_a_clients_accounts_must_exist(operator: Operator) -> None:
    for words in (("--account", "nobody"), ("--admit-account", "nobody")):
        done = operator.types("clients", "create", "Studio", "--redirect-uri", CALLBACK, *words)
        assert done.exit_code == 1
        assert len(done.problems) == 1


def test_a_client_without_account_says_whom_it_admits(operator: Operator) -> None:
    words = ("clients", "create", "Back office", "--redirect-uri", CALLBACK)
    made = operator.gets(*words, "--admit-account", "acme")
    assert (made["account"], made["admit_account"]) == (None, ["acme"])
    changed = operator.gets("clients", "update", made["client_id"], "--admit-account", "")
    assert changed["admit_account"] == []


@pytest.mark.parametrize("words", [("--account", "acme", "--admit-account", "acme"), ("--admit-account", "staff")])
def test_whom_a_client_admits_anyway_is_not_listed(operator: Operator, words: tuple[str, ...]) -> None:
    done = operator.types("clients", "create", "Studio", "--redirect-uri", CALLBACK, *words)
    assert done.exit_code == 1
    assert "--admit-account" in done.err


EVERYTHING = {
    "--grant-type": ("client_credentials", "authorization_code"),
    "--audience": ("https://api.example/", "urn:deepdesk:backend"),
    "--serves": ("https://studio.example.com/api",),
    "--role": ("deepdesk.editor",),
    "--post-logout-redirect-uri": ("https://studio.example.com/bye",),
    "--backchannel-logout-uri": ("https://studio.example.com/backchannel",),
    "--claims": ("standard",),
}


def test_a_registration_says_what_it_was_given(operator: Operator) -> None:
    words = [word for option, values in EVERYTHING.items() for value in values for word in (option, value)]
    made = operator.gets(*CREATE, *words, "--third-party")
    told = {
        "grant_types": list(EVERYTHING["--grant-type"]),
        "audience": list(EVERYTHING["--audience"]),
        "serves": list(EVERYTHING["--serves"]),
        "role": list(EVERYTHING["--role"]),
        "post_logout_redirect_uris": list(EVERYTHING["--post-logout-redirect-uri"]),
        "backchannel_logout_uri": EVERYTHING["--backchannel-logout-uri"][0],
        "claims": "standard",
        "party": "third",
    }
    assert {name: made[name] for name in told} == told
    assert operator.gets("clients", "show", made["client_id"])["audience"] == told["audience"]


def test_an_empty_value_empties_and_a_flag_has_its_opposite(operator: Operator) -> None:
    words = [word for option, values in EVERYTHING.items() for value in values for word in (option, value)]
    update = ("clients", "update", operator.gets(*CREATE, *words, "--third-party")["client_id"])
    emptied = operator.gets(*update, "--audience", "", "--serves", "", "--backchannel-logout-uri", "")
    assert (emptied["audience"], emptied["serves"], emptied["backchannel_logout_uri"]) == ([], [], None)
    assert operator.gets(*update, "--first-party")["party"] == "first"

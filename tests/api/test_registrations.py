"""Clients, providers, API keys and platform secrets in the management API: secrets come out once, or never."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.app import OpenIdProvider
from tests.support.management import API, Caller, is_a_problem
from tests.support.rp import RelyingParty

CLIENT = {"client_name": "Reports", "redirect_uris": ["https://reports.example.com/callback"]}
PROVIDER = {
    "code": "okta",
    "kind": "oidc",
    "issuer": "https://acme.okta.example",
    "client_id": "0oa1",
    "client_secret": "the upstream's own secret",
    "role_map": {"admins": "deepdesk.manager"},
    "role_ceiling": "deepdesk.editor",
}
BROUGHT = "a key that was made elsewhere".replace(" ", "-")
LONG = "a secret of thirty-two bytes or more"


class TestClients:
    def test_one_is_registered_changed_and_removed(self, casey: Caller) -> None:
        made = casey.calls("POST", "/clients", json=CLIENT)
        assert made.status_code == 201, made.text
        client = made.get_json()
        assert made.headers["Location"] == f"{API}/accounts/acme/clients/{client['client_id']}"
        assert len(client["client_secret"]) == 43
        assert (client["account"], client["party"], client["claims"]) == ("acme", "first", "deepdesk")
        where = f"/clients/{client['client_id']}"
        changed = casey.calls("PATCH", where, json={"client_name": "Numbers", "pkce": "optional"})
        assert (changed.get_json()["client_name"], changed.get_json()["pkce"]) == ("Numbers", "optional")
        assert changed.get_json()["redirect_uris"] == CLIENT["redirect_uris"]
        assert casey.calls("DELETE", where).status_code == 204
        assert is_a_problem(casey.calls("GET", where), 404, "not_found")

    def test_the_secret_is_seen_once(self, op: OpenIdProvider, casey: Caller) -> None:
        client = casey.calls("POST", "/clients", json=CLIENT).get_json()
        where = f"/clients/{client['client_id']}"
        rotated = casey.calls("POST", f"{where}/secret", json={"keep_old_for": 60}).get_json()
        assert rotated["client_secret"] not in {None, client["client_secret"]}
        for path in ("/clients", where, "/audit"):
            text = casey.calls("GET", path).text
            assert client["client_secret"] not in text
            assert rotated["client_secret"] not in text

    def test_one_with_keys_of_its_own_has_no_secret(self, casey: Caller) -> None:
        key = {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        }
        with_keys = {**CLIENT, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key]}}
        made = casey.calls("POST", "/clients", json=with_keys)
        assert made.status_code == 201, made.text
        assert made.get_json()["client_secret"] is None
        assert made.get_json()["jwks"] == {"keys": [key]}
        refused = casey.calls("POST", f"/clients/{made.get_json()['client_id']}/secret", json={})
        assert is_a_problem(refused, 409, "refused")

    def test_contradictions_are_named_by_members(self, casey: Caller) -> None:
        refused = casey.calls(
            "POST", "/clients", json={**CLIENT, "party": "third", "claims": "deepdesk", "role": ["deepdesk.agent"]}
        )
        assert is_a_problem(refused, 409, "refused")
        assert {one["field"] for one in refused.get_json()["problems"]} == {"claims", "role"}

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("redirect_uris", ["http://reports.example.com/"]),
            ("redirect_uris", ["javascript:alert(1)"]),
            ("scope", "openid everything"),
            ("grant_types", ["password"]),
            ("client_id", "chosen"),
            ("client_secret", "chosen-by-the-caller"),
            ("account", "beta"),
            ("admit_account", ["beta"]),
        ],
    )
    def test_what_cannot_be_is_refused(self, casey: Caller, member: str, value: object) -> None:
        refused = casey.calls("POST", "/clients", json={**CLIENT, member: value})
        assert is_a_problem(refused, 422, "invalid")

    def test_clients_of_others_are_not_there(self, op: OpenIdProvider, casey: Caller) -> None:
        op.account("beta")
        others = [
            RelyingParty.registered_at(op, "Beta's", account="beta").client_id,
            RelyingParty.registered_at(op, "Admin", account=None).client_id,
        ]
        listed = {one["client_id"] for one in casey.gets("/clients")["items"]}
        for other in others:
            assert other not in listed
            for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/secret")):
                answer = casey.calls(method, f"/clients/{other}{path}", json={})
                assert is_a_problem(answer, 404, "not_found"), path


class TestProviders:
    def test_one_is_connected_changed_and_removed(self, casey: Caller) -> None:
        made = casey.calls("POST", "/providers", json=PROVIDER)
        assert made.status_code == 201, made.text
        told = made.get_json()
        assert told["redirect_uri"].endswith("/oauth/callback/acme.okta/")
        assert (told["role_map"], told["role_ceiling"]) == ({"admins": "deepdesk.manager"}, "deepdesk.editor")
        changed = casey.calls("PATCH", "/providers/okta", json={"role_ceiling": None, "display_name": "Okta"})
        assert (changed.get_json()["role_ceiling"], changed.get_json()["display_name"]) == (None, "Okta")
        assert changed.get_json()["issuer"] == PROVIDER["issuer"]
        assert casey.calls("DELETE", "/providers/okta").status_code == 204
        assert is_a_problem(casey.calls("GET", "/providers/okta"), 404, "not_found")

    def test_its_secret_goes_in_and_never_out(self, op: OpenIdProvider, casey: Caller) -> None:
        casey.calls("POST", "/providers", json=PROVIDER)
        answers = [
            casey.calls("GET", "/providers"),
            casey.calls("GET", "/providers/okta"),
            casey.calls("PATCH", "/providers/okta", json={"client_secret": "another secret of theirs"}),
            casey.calls("GET", "/audit"),
        ]
        for answer in answers:
            assert answer.status_code == 200
            assert "secret of theirs" not in answer.text
            assert "own secret" not in answer.text
        assert not op.stores("another secret of theirs")

    def test_a_manager_reads_them(self, mia: Caller) -> None:
        assert [one["code"] for one in mia.gets("/providers")["items"]] == ["platform"]

    def test_what_the_kind_misses_is_named_by_members(self, casey: Caller) -> None:
        refused = casey.calls("POST", "/providers", json={**PROVIDER, "kind": "google", "issuer": None})
        assert is_a_problem(refused, 409, "refused")
        assert "hosted_domain" in {one["field"] for one in refused.get_json()["problems"]}

    def test_it_is_looked_at(self, casey: Caller) -> None:
        casey.calls("POST", "/providers", json={**PROVIDER, "issuer": "http://127.0.0.1:9"})
        told = casey.calls("POST", "/providers/okta/check").get_json()
        assert told["problems"]
        assert told["redirect_uri"].endswith("/oauth/callback/acme.okta/")

    def test_providers_of_others_are_not_there(self, op: OpenIdProvider, casey: Caller) -> None:
        op.account("beta")
        op.upstream("theirs", account="beta")
        for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/check")):
            assert is_a_problem(casey.calls(method, f"/providers/theirs{path}", json={}), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "member", "brought"),
    [("/api-keys", "api_key", BROUGHT), ("/platform-secrets", "secret", LONG)],
    ids=["api-keys", "platform-secrets"],
)
class TestIntegrationSecrets:
    def test_one_is_made_seen_once_and_revoked(self, casey: Caller, path: str, member: str, brought: str) -> None:
        made = casey.calls("POST", path, json={})
        assert made.status_code == 201, made.text
        clear = made.get_json()[member]
        assert len(clear) == 43
        [listed] = casey.gets(path)["items"]
        assert (listed["id"], listed["state"]) == (made.get_json()["id"], "live")
        for place in (path, "/audit"):
            assert clear not in casey.calls("GET", place).text
        where = f"{path}/{listed['id']}"
        assert casey.calls("DELETE", where).status_code == 204
        assert is_a_problem(casey.calls("DELETE", where), 409, "refused")
        assert [one["state"] for one in casey.gets(path)["items"]] == ["revoked"]

    def test_one_is_brought_along_and_not_repeated(self, casey: Caller, path: str, member: str, brought: str) -> None:
        made = casey.calls("POST", path, json={member: brought})
        assert made.status_code == 201, made.text
        assert made.get_json()[member] is None
        assert is_a_problem(casey.calls("POST", path, json={member: brought}), 409, "already_exists")
        assert is_a_problem(casey.calls("POST", path, json={member: "short"}), 422, "invalid")

    def test_one_replaces_another(self, casey: Caller, path: str, member: str, brought: str) -> None:
        first = casey.calls("POST", path, json={}).get_json()
        second = casey.calls("POST", f"{path}/{first['id']}/rotation")
        assert second.status_code == 201, second.text
        assert second.get_json()[member] not in {None, first[member]}
        casey.calls("POST", path, json={})
        assert is_a_problem(casey.calls("POST", path, json={}), 409, "refused")

    def test_those_of_others_are_not_there(
        self, op: OpenIdProvider, casey: Caller, path: str, member: str, brought: str
    ) -> None:
        op.account("beta")
        words = [path.strip("/"), "create", "beta", "--json"]
        other = _json(op.runs(*words))["id"]
        assert is_a_problem(casey.calls("DELETE", f"{path}/{other}"), 404, "not_found")
        assert is_a_problem(casey.calls("POST", f"{path}/{other}/rotation"), 404, "not_found")
        assert casey.gets(path)["items"] == []


def _json(text: str) -> Any:
    return json.loads(text)

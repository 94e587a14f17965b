"""``users`` of the management API: lists, changes, sessions, explanations."""

from __future__ import annotations

import pytest

from tests.support.app import MIA, SAM, OpenIdProvider
from tests.support.management import API, Caller, is_a_problem

NEW = {"email": "new@acme.example", "name": "Nele New"}


@pytest.fixture
def nele(mia: Caller) -> str:
    """Somebody who was made beforehand; their id."""
    return str(mia.calls("POST", "/users", json=NEW).get_json()["id"])


def names(mia: Caller, path: str) -> list[str]:
    return [one["name"] for one in mia.gets(path)["items"]]


class TestLists:
    def test_a_list_goes_on_where_its_page_ended(self, op: OpenIdProvider, mia: Caller) -> None:
        for number in range(5):
            op.makes(f"p{number}@acme.example", name=f"Person {number}")
        path, found = "/users?limit=2", []
        while path:
            answer = mia.calls("GET", path)
            body = answer.get_json()
            found += [one["name"] for one in body["items"]]
            assert len(body["items"]) <= 2
            link = answer.headers.get("Link", "")
            assert (body["next"] is None) == (not link)
            path = link.partition(f"<{op.issuer}")[2].partition(">")[0]
            assert body["next"] is None or f"cursor={body['next']}" in path
        assert found == ["Mia Manager", *(f"Person {number}" for number in range(5))]

    def test_people_are_found_by_words_role_and_state(self, op: OpenIdProvider, mia: Caller) -> None:
        op.makes("zoe@acme.example", name="Zoë Zwart", roles=["deepdesk.editor"])
        op.disables(op.makes("old@acme.example", name="Olaf Old"))
        assert names(mia, "/users?q=zoe zw") == ["Zoë Zwart"]
        assert names(mia, "/users?role=deepdesk.editor") == ["Zoë Zwart"]
        assert names(mia, "/users?role=deepdesk.editor&q=mia") == []
        assert names(mia, "/users?nonsense=1&limit=1&disabled=false") == ["Mia Manager"]

    @pytest.mark.parametrize(
        "query",
        ["limit=0", "limit=101", "limit=x", "limit=1&limit=2", "limit=", "role=boss", "disabled=maybe", "limit=1e1"],
    )
    def test_what_is_asked_for_wrongly_is_named(self, mia: Caller, query: str) -> None:
        refused = mia.calls("GET", f"/users?{query}")
        assert is_a_problem(refused, 422, "invalid")
        assert refused.get_json()["problems"][0]["field"] == query.partition("=")[0]

    def test_a_cursor_is_good_for_its_own_list_only(self, op: OpenIdProvider, mia: Caller) -> None:
        op.makes("b@acme.example", name="Bea")
        cursor = mia.gets("/users?limit=1")["next"]
        assert mia.calls("GET", f"/users?cursor={cursor}").status_code == 200
        for path in (
            f"/users?cursor={cursor[:-2]}xx",
            f"/users?cursor=x{cursor}",
            "/users?cursor=x",
            f"/users?q=b&cursor={cursor}",
            f"/audit?cursor={cursor}",
            f"/access-requests?cursor={cursor}",
        ):
            assert is_a_problem(mia.calls("GET", path), 404, "cursor_unknown"), path


class TestChanges:
    def test_somebody_is_made_read_renamed_kept_out_and_removed(self, mia: Caller) -> None:
        made = mia.calls("POST", "/users", json={**NEW, "roles": ["deepdesk.editor"], "platform_id": "p-1"})
        assert made.status_code == 201
        user = made.get_json()
        assert made.headers["Location"] == f"{API}/accounts/acme/users/{user['id']}"
        assert made.headers["ETag"] == f'"{user["version"]}"'
        read = mia.gets(f"/users/{user['id']}")
        assert (read["name"], read["roles"], read["platform_id"]) == ("Nele New", ["deepdesk.editor"], "p-1")
        assert (read["email_vouched"], read["upstream_identities"]) == (False, [])
        where, seen = f"/users/{user['id']}", {"If-Match": made.headers["ETag"]}
        changed = mia.calls("PATCH", where, json={"name": "Nele Neu", "enabled": False}, headers=seen)
        assert (changed.get_json()["name"], changed.get_json()["enabled"]) == ("Nele Neu", False)
        seen = {"If-Match": changed.headers["ETag"]}
        raised = mia.calls("PUT", f"{where}/roles", json={"roles": ["deepdesk.manager"]}, headers=seen)
        assert raised.get_json()["roles"] == ["deepdesk.manager"]
        gone = mia.calls("DELETE", where, headers={"If-Match": raised.headers["ETag"]})
        assert (gone.status_code, gone.data) == (204, b"")
        assert is_a_problem(mia.calls("GET", where), 404, "not_found")

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [("PATCH", "", {"name": "X"}), ("PUT", "/roles", {"roles": []}), ("DELETE", "", None)],
        ids=["rename", "roles", "delete"],
    )
    def test_a_change_names_what_it_changes(
        self, op: OpenIdProvider, mia: Caller, nele: str, method: str, path: str, body: object
    ) -> None:
        where = f"/users/{nele}{path}"
        assert is_a_problem(mia.calls(method, where, json=body), 428, "if_match_missing")
        for none_of_ours in ("*", "x", 'W/"0123456789abcdef"', '"0123"'):
            refused = mia.calls(method, where, json=body, headers={"If-Match": none_of_ours})
            assert is_a_problem(refused, 400, "malformed")
        seen = mia.etag(nele)
        assert mia.calls("PATCH", f"/users/{nele}", json={"name": "Else"}, headers=seen).status_code == 200
        assert is_a_problem(mia.calls(method, where, json=body, headers=seen), 412, "changed_meanwhile")
        assert mia.calls(method, where, json=body, headers=mia.etag(nele)).status_code in {200, 204}

    def test_the_last_manager_stays(self, mia: Caller) -> None:
        me = mia.gets(f"{API}/session")["user"]
        seen = mia.etag(me)
        for method, path, body in (
            ("PATCH", f"/users/{me}", {"enabled": False}),
            ("DELETE", f"/users/{me}", None),
        ):
            assert is_a_problem(mia.calls(method, path, json=body, headers=seen), 409, "last_manager")

    def test_what_follows_the_upstream_is_refused_in_words_of_this_api(self, op: OpenIdProvider, mia: Caller) -> None:
        op.signs_in(op.browser(), SAM)
        [sam] = mia.gets("/users?q=sam")["items"]
        refused = mia.calls(
            "PUT", f"/users/{sam['id']}/roles", json={"roles": ["deepdesk.editor"]}, headers=mia.etag(sam["id"])
        )
        assert is_a_problem(refused, 409, "refused")
        [problem] = refused.get_json()["problems"]
        assert "Role based IAM" in problem["message"]
        assert "idp " not in problem["message"]
        assert "--" not in problem["message"]

    def test_an_address_is_somebodys_once(self, mia: Caller, nele: str) -> None:
        assert is_a_problem(mia.calls("POST", "/users", json=NEW), 409, "already_exists")

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "email"),
            ({"email": "no address"}, "email"),
            ({**NEW, "roles": ["boss"]}, "roles.0"),
            ({**NEW, "roles": "deepdesk.agent"}, "roles"),
            ({**NEW, "invite": "yes"}, "invite"),
            ({**NEW, "admin": True}, "admin"),
            ({**NEW, "name": "a" * 256}, "name"),
            ({**NEW, "name": "a\nb"}, "name"),
        ],
        ids=["empty", "address", "role", "no-list", "no-flag", "unknown", "long", "line"],
    )
    def test_a_body_is_as_described(self, mia: Caller, body: object, field: str) -> None:
        refused = mia.calls("POST", "/users", json=body)
        assert is_a_problem(refused, 422, "invalid")
        assert [one["field"] for one in refused.get_json()["problems"]] == [field]

    @pytest.mark.parametrize("sent", [b"", b"{", b"\xff", b"[" * 10000, b'{"email":"\\ud800@acme.example"}'])
    def test_what_is_no_json_is_malformed(self, mia: Caller, sent: bytes) -> None:
        refused = mia.calls("POST", "/users", data=sent, headers={"Content-Type": "application/json"})
        assert is_a_problem(refused, 400, "malformed")

    def test_a_body_has_bounds(self, mia: Caller) -> None:
        sent = b'{"email": "' + b"a" * 70000 + b'"}'
        refused = mia.calls("POST", "/users", data=sent, headers={"Content-Type": "application/json"})
        assert is_a_problem(refused, 413, "request_entity_too_large")

    def test_an_address_is_no_identifier(self, mia: Caller, nele: str) -> None:
        for path in ("/users/new@acme.example", "/users/new%40acme.example/sessions", "/users/nobody/explanation"):
            assert is_a_problem(mia.calls("GET", path), 404, "not_found")

    def test_people_of_other_accounts_are_not_there(self, op: OpenIdProvider, mia: Caller) -> None:
        op.account("beta")
        other = op.makes("b@beta.example", account="beta")
        seen = {"If-Match": '"0123456789abcdef"'}
        for method, path, body in (
            ("GET", "", None),
            ("PATCH", "", {"name": "x"}),
            ("DELETE", "", None),
            ("PUT", "/roles", {"roles": []}),
            ("GET", "/explanation", None),
            ("GET", "/sessions", None),
            ("POST", "/sign-out", None),
            ("DELETE", "/sessions/x", None),
        ):
            answer = mia.calls(method, f"/users/{other}{path}", json=body, headers=seen)
            assert is_a_problem(answer, 404, "not_found"), path


class TestSessions:
    def test_one_is_ended_or_all(self, op: OpenIdProvider, mia: Caller) -> None:
        first, second = op.browser(), op.browser()
        op.signs_in(first, SAM)
        op.signs_in(second, SAM)
        [sam] = mia.gets("/users?q=sam")["items"]
        found = mia.gets(f"/users/{sam['id']}/sessions")["items"]
        assert len(found) == 2
        assert found[0]["amr"] == ["fed", "pwd"]
        ended = f"/users/{sam['id']}/sessions/{found[0]['sid']}"
        assert mia.calls("DELETE", ended).status_code == 204
        assert is_a_problem(mia.calls("DELETE", ended), 404, "not_found")
        assert mia.calls("POST", f"/users/{sam['id']}/sign-out").get_json() == {"sessions_ended": 1}
        assert mia.gets(f"/users/{sam['id']}/sessions")["items"] == []


class TestExplanations:
    def test_roles_are_explained_by_the_sign_in_that_gave_them(self, mia: Caller) -> None:
        told = mia.gets(f"/users/{mia.gets(f'{API}/session')['user']}/explanation")
        [standing] = told["standings"]
        assert standing["roles"] == standing["replayed"] == ["deepdesk.manager"]
        assert standing["because"]["basis"] == "sign_in"
        assert standing["because"]["steps"] == [
            {"value": "deepdesk.manager", "rule": "literal", "role": "deepdesk.manager"}
        ]
        assert told["last_sign_in"]["outcome"] == "ok"
        assert told["last_sign_in"]["email"] == MIA.email

    def test_or_by_whoever_gave_them(self, mia: Caller, nele: str) -> None:
        [standing] = mia.gets(f"/users/{nele}/explanation")["standings"]
        assert standing["because"]["basis"] == "operator"
        assert standing["because"]["by"] == mia.gets(f"{API}/session")["user"]

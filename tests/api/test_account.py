"""The account's own settings, its audit trail, the grants of staff, and the roles, in the management API."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from idp.domain.roles import Role
from tests.support.app import CASEY, OpenIdProvider
from tests.support.management import API, Caller, by_token, in_browser, is_a_problem
from tests.support.rp import RelyingParty

ALEX = "alex@deepdesk.example"


class TestSettings:
    def test_managers_read_and_staff_change_them(self, mia: Caller, casey: Caller) -> None:
        assert mia.gets("")["email_domain"] == ["acme.example"]
        changed = casey.calls(
            "PATCH",
            "",
            json={
                "name": "Acme GmbH",
                "origin": ["https://platform.acme.example"],
                "trial": True,
                "disable_idle_after": 90,
                "deputy": ["mia@acme.example"],
            },
        )
        assert changed.status_code == 200, changed.text
        told = mia.gets("")
        assert (told["name"], told["trial"], told["disable_idle_after"]) == ("Acme GmbH", True, 90)
        assert (told["origin"], told["deputy"]) == (["https://platform.acme.example"], ["mia@acme.example"])
        assert told["email_domain"] == ["acme.example"]
        emptied = casey.calls("PATCH", "", json={"disable_idle_after": None, "origin": [], "name": None})
        assert (emptied.get_json()["disable_idle_after"], emptied.get_json()["origin"]) == (None, [])
        assert emptied.get_json()["name"] == "Acme GmbH"

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"origin": ["https://platform.acme.example/path"]}, 422),
            ({"enabled": False}, 422),
            ({"code": "other"}, 422),
            ({"request_expiry": 0}, 422),
            ({"magic_link": "sometimes"}, 422),
            ({"deputy": ["nobody@acme.example"]}, 409),
        ],
        ids=["origin", "enabled", "code", "expiry", "word", "deputy"],
    )
    def test_what_cannot_be_is_refused(self, casey: Caller, body: object, status: int) -> None:
        assert casey.calls("PATCH", "", json=body).status_code == status


class TestAudit:
    def test_the_latest_comes_first_page_by_page(self, mia: Caller) -> None:
        user = mia.calls("POST", "/users", json={"email": "new@acme.example"}).get_json()["id"]
        first = mia.gets("/audit?limit=1")
        assert [one["kind"] for one in first["items"]] == ["user.changed"]
        assert first["items"][0]["actor"] == f"user:{mia.gets(f'{API}/session')['user']}"
        second = mia.gets(f"/audit?limit=1&cursor={first['next']}")
        assert second["items"][0]["id"] < first["items"][0]["id"]
        assert {one["user"] for one in mia.gets(f"/audit?user={user}")["items"]} == {user}
        code = first["items"][0]["request_id"]
        assert mia.gets(f"/audit?request={code}&kind=user.changed")["items"] == first["items"]
        assert mia.gets("/audit?kind=no.such")["items"] == []

    def test_what_happened_elsewhere_is_not_told(self, op: OpenIdProvider, mia: Caller) -> None:
        op.account("beta")
        op.makes("b@beta.example", account="beta")
        assert {one["account"] for one in mia.gets("/audit?limit=100")["items"]} == {"acme"}


class TestStaffGrants:
    def test_whoever_entered_lets_others_in_and_ends_it(self, op: OpenIdProvider, casey: Caller) -> None:
        made = casey.calls(
            "POST", "/staff-grants", json={"email": ALEX, "roles": ["deepdesk.editor"], "reason": "holiday"}
        )
        assert made.status_code == 201, made.text
        told = made.get_json()
        assert (told["account"], told["all"], told["until"], told["reason"]) == ("acme", False, None, "holiday")
        assert {one["email"] for one in casey.gets("/staff-grants")["items"]} == {ALEX, CASEY.email}
        assert casey.calls("DELETE", f"/staff-grants/{told['id']}").status_code == 204
        assert is_a_problem(casey.calls("DELETE", f"/staff-grants/{told['id']}"), 404, "not_found")

    def test_never_for_longer_than_they_may_themselves(self, op: OpenIdProvider, rp: RelyingParty) -> None:
        op.staff_sign_in_with_google()
        end = op.clock.now() + timedelta(days=2)
        op.grants(CASEY.email or "", "acme", until=end)
        casey = by_token(op, rp, CASEY)
        grant = {"email": ALEX, "roles": ["deepdesk.manager"]}
        later = {**grant, "until": (end + timedelta(seconds=1)).isoformat()}
        refused = casey.calls("POST", "/staff-grants", json=later)
        assert is_a_problem(refused, 409, "refused")
        assert refused.get_json()["problems"][0]["field"] == "until"
        silent = casey.calls("POST", "/staff-grants", json=grant).get_json()
        assert silent["until"] == "2026-11-28T12:00:00.000Z"
        sooner = {**grant, "until": (end - timedelta(days=1)).isoformat()}
        assert casey.calls("POST", "/staff-grants", json=sooner).get_json()["until"] == "2026-11-27T12:00:00.000Z"

    def test_a_role_by_a_short_grant_is_not_passed_on_for_longer_by_a_lower_one(
        self, op: OpenIdProvider, rp: RelyingParty
    ) -> None:
        op.staff_sign_in_with_google()
        op.grants(CASEY.email or "", roles=(Role.AGENT,))
        op.grants(CASEY.email or "", "acme", until=op.clock.now() + timedelta(days=1))
        casey = by_token(op, rp, CASEY)
        manager = casey.calls("POST", "/staff-grants", json={"email": ALEX, "roles": ["deepdesk.manager"]})
        assert manager.get_json()["until"] == "2026-11-27T12:00:00.000Z"
        agent = casey.calls("POST", "/staff-grants", json={"email": ALEX, "roles": ["deepdesk.agent"]})
        assert agent.get_json()["until"] is None

    def test_a_grant_for_every_account_is_not_theirs_to_end(self, casey: Caller) -> None:
        [own] = casey.gets("/staff-grants")["items"]
        assert (own["account"], own["all"]) == (None, True)
        assert is_a_problem(casey.calls("DELETE", f"/staff-grants/{own['id']}"), 404, "not_found")

    def test_nor_one_for_another_account(self, op: OpenIdProvider, casey: Caller) -> None:
        op.account("beta")
        op.grants(ALEX, "beta")
        [other] = [one for one in _grants(op) if one["account"] == "beta"]
        assert is_a_problem(casey.calls("DELETE", f"/staff-grants/{other['id']}"), 404, "not_found")
        assert other["id"] not in {one["id"] for one in casey.gets("/staff-grants")["items"]}

    @pytest.mark.parametrize(
        "body",
        [
            {"email": ALEX, "roles": []},
            {"email": ALEX},
            {"email": ALEX, "roles": ["deepdesk.manager"], "until": "2027-01-01T00:00:00"},
            {"email": ALEX, "roles": ["deepdesk.manager"], "account": None},
        ],
        ids=["none", "missing", "zone", "everywhere"],
    )
    def test_what_cannot_be_is_refused(self, casey: Caller, body: object) -> None:
        assert is_a_problem(casey.calls("POST", "/staff-grants", json=body), 422, "invalid")


def _grants(op: OpenIdProvider) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(op.runs("staff", "list", "--json"))
    return found


def test_roles_are_told_with_what_they_may(op: OpenIdProvider, mia: Caller, page: Caller) -> None:
    for caller in (mia, page, in_browser(op, page.browser)):
        told = caller.gets(f"{API}/roles")["items"]
        assert [one["group"] for one in told] == ["Manager", "Studio Editor", "Assistants Editor", "Agent"]
        assert "users.change_user" in told[0]["permissions"]
        assert told[3]["permissions"] == []

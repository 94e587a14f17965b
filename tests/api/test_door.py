"""Who may call the management API, and what they are told who may not (CONTRACT §6 rules 11 and 12)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from idp.browser.guards import guard_of
from idp.domain.roles import Role
from idp.services.registry import api_keys
from tests.support.app import CASEY, SAM, Browser, OpenIdProvider
from tests.support.management import (
    ACME,
    API,
    Caller,
    by_token,
    entered,
    in_browser,
    is_a_problem,
    staff_in_browser,
    staff_with_a_grant,
    tool,
)
from tests.support.rp import RelyingParty
from tests.support.widget import API_KEY

OPEN_TO_ALL = {"/api/v1/openapi.json"}
NEW = {"email": "new@acme.example"}


def rules_of(app: Flask) -> list[Any]:
    return [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")]


def test_every_view_is_guarded(op: OpenIdProvider) -> None:
    unguarded = {rule.rule for rule in rules_of(op.app) if guard_of(op.app.view_functions[rule.endpoint]) is None}
    assert unguarded == OPEN_TO_ALL


def test_without_credentials_every_operation_asks_for_them(op: OpenIdProvider) -> None:
    for rule in rules_of(op.app):
        if rule.rule not in OPEN_TO_ALL:
            path = rule.rule.replace("<account>", "acme").replace("<", "").replace(">", "")
            method = min((rule.methods or set()) - {"HEAD"})
            answer = op.browser().http.open(f"{op.issuer}{path}", method=method)
            assert is_a_problem(answer, 401, "credentials_missing"), rule
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="deepdesk-idp"'


class TestByToken:
    def test_a_manager_is_met_in_their_account(self, mia: Caller) -> None:
        told = mia.gets(f"{API}/session")
        assert (told["account"], told["staff"], told["roles"]) == ("acme", False, ["deepdesk.manager"])
        assert "users.change_user" in told["permissions"]
        assert "api_keys.view_apikey" not in told["permissions"]
        assert told["csrf_token"] is None

    def test_entered_staff_may_more(self, casey: Caller) -> None:
        told = casey.gets(f"{API}/session")
        assert (told["account"], told["staff"]) == ("acme", True)
        assert {"users.change_user", "api_keys.add_apikey", "staff.add_staffgrant"} <= set(told["permissions"])

    def test_a_slash_at_the_end_changes_nothing(self, mia: Caller) -> None:
        for path in ("/users", "/audit", f"{API}/roles"):
            assert mia.calls("GET", f"{path}/").status_code == mia.calls("GET", path).status_code == 200
            for one in (path, f"{path}/"):
                refused = mia.calls("PUT", one)
                assert is_a_problem(refused, 405, "method_not_allowed")
                assert "GET" in refused.headers["Allow"]

    def test_the_scope_is_needed(self, op: OpenIdProvider, rp: RelyingParty) -> None:
        rp.scope = "openid"
        refused = by_token(op, rp).calls("GET", "/users")
        assert is_a_problem(refused, 403, "insufficient_scope")
        assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]

    def test_a_token_for_another_audience_besides_is_none(self, op: OpenIdProvider) -> None:
        rp = tool(op, audiences=("https://studio.example.com/api",))
        browser = op.browser()
        op.signs_in(browser)
        token = rp.obtains_tokens_for(browser).access_token
        refused = Caller(op=op, browser=op.browser(), headers={"Authorization": f"Bearer {token}"}).calls("GET", "")
        assert is_a_problem(refused, 401, "invalid_token")

    @pytest.mark.parametrize("presented", ["Bearer", "Bearer x", "Basic YTpi", "Bearer a.b.c", ""])
    def test_what_is_no_token_is_refused(self, op: OpenIdProvider, presented: str) -> None:
        refused = Caller(op=op, browser=op.browser(), headers={"Authorization": presented}).calls("GET", "/users")
        assert is_a_problem(refused, 401, "invalid_token")
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]

    def test_the_header_counts_alone_although_somebody_is_signed_in(self, page: Caller) -> None:
        assert page.calls("GET", "/users").status_code == 200
        assert is_a_problem(page.calls("GET", "/users", headers={"Authorization": "Bearer x"}), 401, "invalid_token")

    def test_a_disabled_persons_token_is_dead(self, op: OpenIdProvider, mia: Caller) -> None:
        op.disables(mia.gets(f"{API}/session")["user"])
        assert is_a_problem(mia.calls("GET", "/users"), 401, "invalid_token")

    def test_a_client_that_may_no_longer_manage_has_dead_tokens(self, casey: Caller, rp: RelyingParty) -> None:
        assert casey.calls("PATCH", f"/clients/{rp.client_id}", json={"scope": "openid"}).status_code == 200
        assert is_a_problem(casey.calls("GET", "/users"), 401, "invalid_token")

    def test_an_agent_is_told_what_is_missing_and_the_trail_says_so(self, op: OpenIdProvider, rp: RelyingParty) -> None:
        refused = by_token(op, rp, SAM).calls("GET", "/users")
        assert is_a_problem(refused, 403, "permission_missing")
        assert refused.get_json()["permission"] == "users.view_user"
        assert "permission.denied" in op.audited()

    def test_a_manager_is_kept_from_what_is_for_staff(self, op: OpenIdProvider, mia: Caller) -> None:
        for method, path in (
            ("GET", "/api-keys"),
            ("POST", "/platform-secrets"),
            ("POST", "/providers"),
            ("POST", "/clients"),
            ("PATCH", ""),
            ("POST", "/staff-grants"),
        ):
            refused = mia.calls(method, path, json={})
            assert is_a_problem(refused, 403, "permission_missing"), path
        denials = mia.gets("/audit?kind=permission.denied")["items"]
        assert len(denials) == 6
        assert denials[0]["details"] == {"permission": "staff.add_staffgrant"}

    def test_another_account_is_not_there(self, op: OpenIdProvider, mia: Caller, casey: Caller) -> None:
        op.account("beta")
        for caller in (mia, casey):
            for account in ("beta", "staff", "nowhere", "../acme"):
                assert is_a_problem(caller.calls("GET", f"{API}/accounts/{account}/users"), 404, "not_found")
            assert is_a_problem(caller.calls("GET", f"{API}/session?account=beta"), 404, "not_found")

    def test_staff_without_the_role_of_a_manager_may_nothing(self, op: OpenIdProvider, rp: RelyingParty) -> None:
        op.staff_sign_in_with_google()
        op.grants(CASEY.email or "", "acme", roles=(Role.EDITOR,))
        assert is_a_problem(by_token(op, rp, CASEY).calls("GET", "/users"), 403, "permission_missing")


class TestInABrowser:
    def test_a_manager_reads_and_changes(self, page: Caller) -> None:
        assert page.gets(f"{API}/session")["csrf_token"]
        assert page.calls("POST", "/users", json=NEW).status_code == 201

    def test_a_change_without_the_proof_against_forgery_is_refused(self, page: Caller) -> None:
        for wrong in ("", "x"):
            refused = page.calls("POST", "/users", json=NEW, headers={"X-CSRF-Token": wrong})
            assert is_a_problem(refused, 403, "csrf")

    def test_a_form_field_is_no_way_around_json(self, page: Caller) -> None:
        form = {**NEW, "csrf_token": page.headers["X-CSRF-Token"]}
        assert is_a_problem(page.calls("POST", "/users", data=form), 415, "no_json")

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
        ],
        ids=lambda headers: ",".join(headers.values()),
    )
    def test_pages_of_others_are_refused(self, page: Caller, headers: dict[str, str]) -> None:
        assert is_a_problem(page.calls("GET", "/users", headers=headers), 403, "foreign_origin")
        assert is_a_problem(page.calls("POST", "/users", json=NEW, headers=headers), 403, "foreign_origin")

    def test_no_preflight_is_answered(self, page: Caller) -> None:
        asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        assert is_a_problem(page.calls("OPTIONS", "/users", headers=asked), 405, "method_not_allowed")

    def test_cookies_with_tokens_never_count(self, op: OpenIdProvider) -> None:
        with op.app.app_context():
            api_keys.create("acme", key=API_KEY, parts=op.parts, context=op.context)
        browser = op.browser()
        agent = {"account": "acme", "api_key": API_KEY, "agent_id": "7", "agent_name": "Ann"}
        crossed = browser.http.post(f"{op.issuer}/session/api-key/", json=agent)
        assert crossed.status_code == 200, crossed.text
        assert browser.cookie("access_token_cookie")
        token = browser.cookie("csrf_access_token") or ""
        page = Caller(op=op, browser=browser, headers={"X-CSRF-TOKEN": token})
        assert is_a_problem(page.calls("GET", "/users"), 401, "credentials_missing")

    def test_staff_enter_first(self, op: OpenIdProvider) -> None:
        browser = staff_in_browser(op).browser
        elsewhere = op.browser()
        op.signs_in(elsewhere, CASEY)
        refused = Caller(op=op, browser=elsewhere, headers={}).calls("GET", "/users")
        assert is_a_problem(refused, 403, "must_enter")
        assert f"{op.issuer}/manage/?account=acme" in refused.get_json()["detail"]
        assert in_browser(op, browser).gets("/api-keys")["items"] == []

    def test_an_agent_is_told_what_is_missing(self, op: OpenIdProvider) -> None:
        browser = op.browser()
        op.signs_in(browser, SAM)
        refused = Caller(op=op, browser=browser, headers={}).calls("GET", "/users")
        assert is_a_problem(refused, 403, "permission_missing")
        assert refused.get_json()["permission"] == "users.view_user"
        assert "permission.denied" in op.audited()

    def test_another_account_is_not_there(self, op: OpenIdProvider, page: Caller) -> None:
        op.account("beta")
        for account in ("beta", "staff", "nowhere"):
            assert is_a_problem(page.calls("GET", f"{API}/accounts/{account}/users"), 404, "not_found")

    def test_nor_for_staff_without_a_grant_for_it(self, op: OpenIdProvider) -> None:
        op.account("beta")
        casey = staff_in_browser(op)
        for account in ("beta", "nowhere"):
            assert is_a_problem(casey.calls("GET", f"{API}/accounts/{account}/users"), 404, "not_found")


class TestFreshProof:
    SENSITIVE = (
        ("PUT", "/users/x/roles"),
        ("DELETE", "/users/x"),
        ("POST", "/clients"),
        ("POST", "/clients/x/secret"),
        ("POST", "/providers"),
        ("PATCH", "/providers/x"),
        ("DELETE", "/providers/x"),
        ("POST", "/api-keys"),
        ("POST", "/api-keys/x/rotation"),
        ("DELETE", "/api-keys/x"),
        ("POST", "/platform-secrets"),
        ("POST", "/platform-secrets/x/rotation"),
        ("DELETE", "/platform-secrets/x"),
        ("POST", "/staff-grants"),
        ("DELETE", "/staff-grants/x"),
    )

    def test_each_sensitive_act_wants_one_within_fifteen_minutes(self, op: OpenIdProvider, rp: RelyingParty) -> None:
        op.staff_sign_in_with_google()
        op.grants(CASEY.email or "", "acme")
        browser = op.browser()
        op.signs_in(browser, CASEY)
        op.clock.advance(minutes=14, seconds=59)
        casey = _again(op, rp, browser)
        for method, path in self.SENSITIVE:
            assert casey.calls(method, path, json={}).status_code != 401, path
        op.clock.advance(seconds=2)
        for method, path in self.SENSITIVE:
            refused = casey.calls(method, path, json={})
            assert is_a_problem(refused, 401, "insufficient_user_authentication"), path
            assert refused.get_json()["max_age"] == 900
            told = refused.headers["WWW-Authenticate"]
            assert 'error="insufficient_user_authentication"' in told
            assert 'max_age="900"' in told
        assert casey.calls("GET", "/users").status_code == 200

    def test_a_browser_is_told_the_same(self, op: OpenIdProvider, page: Caller) -> None:
        user = page.calls("POST", "/users", json=NEW)
        headers = {"If-Match": user.headers["ETag"]}
        op.clock.advance(minutes=16)
        path = f"/users/{user.get_json()['id']}/roles"
        refused = page.calls("PUT", path, json={"roles": ["deepdesk.editor"]}, headers=headers)
        assert is_a_problem(refused, 401, "insufficient_user_authentication")
        op.signs_in(page.browser)
        fresh = in_browser(op, page.browser)
        assert fresh.calls("PUT", path, json={"roles": ["deepdesk.editor"]}, headers=headers).status_code == 200

    def test_making_somebody_more_than_an_agent_wants_one(self, op: OpenIdProvider, page: Caller) -> None:
        op.clock.advance(minutes=16)
        above = {**NEW, "roles": ["deepdesk.editor"]}
        assert is_a_problem(page.calls("POST", "/users", json=above), 401, "insufficient_user_authentication")
        assert page.calls("POST", "/users", json=NEW).status_code == 201


def _again(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> Caller:
    """Return a service with a new token of somebody who signed in some time ago."""
    answer = entered(browser, rp.asks(browser, resource=op.issuer))
    token = rp.redeems(answer.code).tokens.access_token
    return Caller(op=op, browser=op.browser(), headers={"Authorization": f"Bearer {token}"})


def test_changing_where_a_client_sends_people_wants_one_too(op: OpenIdProvider, rp: RelyingParty) -> None:
    casey = staff_in_browser(op)
    op.clock.advance(minutes=16)
    where = f"/clients/{rp.client_id}"
    changes = (
        ("PATCH", where, {"redirect_uris": ["https://elsewhere.example/callback"]}),
        ("PATCH", where, {"jwks_uri": None}),
        ("DELETE", where, None),
        ("PATCH", "", {"email_domains": ["elsewhere.example"]}),
    )
    for method, path, body in changes:
        assert is_a_problem(casey.calls(method, path, json=body), 401, "insufficient_user_authentication")


class TestWhatIsNotThere:
    @pytest.mark.parametrize("path", ["/api/v1/", "/api/", "/api/v2/users", "/api/v1/accounts", f"{ACME}/nothing"])
    def test_is_told_as_a_problem(self, op: OpenIdProvider, path: str) -> None:
        assert is_a_problem(op.browser().opens(path), 404, "not_found")

    @pytest.mark.parametrize("path", ["/api/v1/accounts/acme/users?q=%00", "/api/nowhere?q=%00"])
    def test_or_what_cannot_be_read(self, mia: Caller, path: str) -> None:
        answer = mia.calls("GET", path) if path.startswith(API) else mia.browser.opens(path)
        assert answer.status_code in {400, 404}
        assert answer.mimetype == "application/problem+json"


def test_a_grant_that_ended_ends_the_way_in(op: OpenIdProvider, rp: RelyingParty) -> None:
    casey = staff_with_a_grant(op, rp, "acme")
    assert casey.calls("GET", "/users").status_code == 200
    op.revokes(CASEY.email or "", "acme")
    assert is_a_problem(casey.calls("GET", "/users"), 401, "invalid_token")

"""From which pages the cookies count, and who may read the answer (CONTRACT §6 rules 2 and 16, Fetch standard)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.app import MIA, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.widget import API_KEY, ORIGIN, Widget

GLOBEX_ORIGIN = "https://platform.globex.example"
NEW_ORIGIN = "https://new.acme.example"
GINA = replace(MIA, subject="globex-0001", email="gina@globex.example", name="Gina Globex", account="globex")
BY_COOKIE = (
    ("GET", "/auth/session/"),
    ("GET", "/auth/session"),
    ("POST", "/auth/refresh"),
    ("POST", "/auth/refresh/"),
    ("GET", "/auth/exchange-token"),
    ("POST", "/auth/exchange-token"),
    ("POST", "/auth/logout"),
)
BODIES: Mapping[str, Mapping[str, str]] = {
    "/session/api-key/": {"account": "acme", "api_key": API_KEY, "agent_id": "99", "agent_name": "Nobody"},
    "/session/jwt/": {"jwt": "of.no.platform"},
    "/session/handoff/": {"handoff": "h" * 43, "verifier": "v" * 43},
}
BRIDGES = tuple(("POST", path) for path in BODIES)
EVERY = (*BY_COOKIE, *BRIDGES)
METHODS = {
    "/auth/session/": "GET",
    "/auth/refresh": "POST",
    "/auth/exchange-token": "GET, POST",
    "/auth/logout": "POST",
    **dict.fromkeys(BODIES, "POST"),
}
STRANGERS = {
    "nobody's": "https://elsewhere.example",
    "null": "null",
    "empty": "",
    "the same over http": "http://platform.acme.example",
    "the same at another port": "https://platform.acme.example:8443",
    "the same with a slash": f"{ORIGIN}/",
    "the same in capitals": ORIGIN.upper(),
    "one that begins like it": f"{ORIGIN}.evil.example",
    "one that ends like it": "https://evil-platform.acme.example",
    "its parent": "https://acme.example",
    "one below it": "https://a.platform.acme.example",
    "two": f"{ORIGIN} {GLOBEX_ORIGIN}",
    "with a user": "https://login.deepdesk.example@elsewhere.example",
    "one like the issuer's": "https://login.deepdesk.example.evil.example",
    "a wildcard": "*",
    "without end": f"https://{'a' * 4000}.example",
    "beyond ASCII": "https://pl\u00e4tform.acme.example",
}
PAGES = (
    "/login/?account=acme",
    "/logout/",
    "/account/",
    "/manage/",
    "/access-requests/",
    "/api/v1/users",
    "/platform/sso?account=acme",
    "/session/jwt/continue/",
    "/oauth/authorize/",
    "/oauth/introspect/",
    "/healthz",
    "/auth/",
    "/nowhere",
)


@pytest.fixture
def globex(op: OpenIdProvider) -> OpenIdProvider:
    """The provider with a second account whose platform has a widget, too."""
    op.account("globex", email_domains=("globex.example",), origins=(GLOBEX_ORIGIN,))
    return op


@pytest.fixture
def signed_in(widget: Widget) -> Widget:
    """A widget of acme whose agent came by the account's API key."""
    assert widget.signs_in_by_key().status_code == 200
    return widget


def calls(page: Widget, method: str, path: str, **options: Any) -> TestResponse:
    """Call with all that the call needs: CSRF value, or body."""
    if path in BODIES:
        return page.posts(path, BODIES[path], **options)
    csrf = page.csrf_refresh if path.startswith("/auth/refresh") else page.csrf_access
    return page.calls(method, path, csrf=csrf, **options)


def is_kept_out(answer: TestResponse) -> bool:
    """Say whether the page is refused and may not even read that."""
    return (
        answer.status_code == 403
        and answer.get_json()["error"] == "origin_not_allowed"
        and not any(name.startswith("Access-Control-") for name in answer.headers.keys())  # noqa: SIM118
        and "Set-Cookie" not in answer.headers
        and "Origin" in answer.vary
    )


def may_be_read(answer: TestResponse, origin: str = ORIGIN) -> bool:
    """Say whether a page of exactly this origin may read the answer, cookies and all."""
    return (
        answer.headers.get("Access-Control-Allow-Origin") == origin
        and answer.headers.get("Access-Control-Allow-Credentials") == "true"
        and "Origin" in answer.vary
    )


def effects(widget: Widget) -> tuple[object, ...]:
    """Return all that a call could have changed: rows, and what the browser holds."""
    return widget.op.rows(), dict(widget.jars.kept)


class TestAnotherAccountsPage:
    @pytest.mark.parametrize(("method", "path"), BY_COOKIE)
    def test_does_nothing_with_live_cookies(
        self, globex: OpenIdProvider, signed_in: Widget, method: str, path: str
    ) -> None:
        before = effects(signed_in)
        assert is_kept_out(calls(signed_in.beside(origin=GLOBEX_ORIGIN), method, path))
        assert effects(signed_in) == before
        assert signed_in.renews().status_code == 200

    @pytest.mark.parametrize(("method", "path"), BY_COOKIE)
    def test_does_nothing_with_those_of_a_window(
        self, globex: OpenIdProvider, widget: Widget, method: str, path: str
    ) -> None:
        widget.signs_in_in_a_window(GINA)
        window = widget.window()
        before = effects(widget)
        page = window.beside()
        assert is_kept_out(calls(page, method, path))
        assert effects(widget) == before
        assert window.renews().status_code == 200

    @pytest.mark.parametrize(("method", "path"), BY_COOKIE)
    def test_does_nothing_with_expired_ones(
        self, globex: OpenIdProvider, signed_in: Widget, clock: FrozenClock, method: str, path: str
    ) -> None:
        clock.advance(minutes=20)
        before = effects(signed_in)
        assert is_kept_out(calls(signed_in.beside(origin=GLOBEX_ORIGIN), method, path))
        assert effects(signed_in) == before
        assert signed_in.renews().status_code == 200

    def test_does_nothing_with_another_accounts_api_key(self, globex: OpenIdProvider, widget: Widget) -> None:
        page = widget.beside(origin=GLOBEX_ORIGIN)
        before = effects(widget)
        assert is_kept_out(page.signs_in_by_key())
        assert effects(widget) == before

    def test_does_not_learn_whether_the_csrf_value_was_right(self, globex: OpenIdProvider, signed_in: Widget) -> None:
        page = signed_in.beside(origin=GLOBEX_ORIGIN)
        assert is_kept_out(page.renews(csrf="wrong"))

    @pytest.mark.parametrize(("method", "path"), BY_COOKIE)
    def test_is_told_when_nobody_is_there(self, globex: OpenIdProvider, widget: Widget, method: str, path: str) -> None:
        answer = calls(widget.beside(origin=GLOBEX_ORIGIN), method, path)
        assert (answer.status_code, answer.get_json()["error"]) == (401, "signed_out")
        assert may_be_read(answer, GLOBEX_ORIGIN)


class TestAStrangersPage:
    @pytest.mark.parametrize("origin", STRANGERS)
    def test_does_nothing_anywhere(self, signed_in: Widget, origin: str) -> None:
        before = effects(signed_in)
        for method, path in EVERY:
            stranger = signed_in.beside(origin=STRANGERS[origin].encode().decode("latin-1"))
            assert is_kept_out(calls(stranger, method, path)), path
        assert effects(signed_in) == before
        assert signed_in.renews().status_code == 200

    @pytest.mark.parametrize(("method", "path"), EVERY)
    def test_may_not_even_read_that_nobody_is_there(self, widget: Widget, method: str, path: str) -> None:
        assert is_kept_out(calls(widget.beside(origin="https://elsewhere.example"), method, path))

    @pytest.mark.parametrize("origin", STRANGERS)
    @pytest.mark.parametrize("path", METHODS)
    def test_gets_no_preflight(self, widget: Widget, path: str, origin: str) -> None:
        page = widget.beside(origin=STRANGERS[origin].encode().decode("latin-1"))
        answer = page.calls("OPTIONS", path, headers={"Access-Control-Request-Method": "POST"})
        assert answer.status_code == 403
        assert not any(name.startswith("Access-Control-") for name, _ in answer.headers)
        assert "Origin" in answer.vary

    @pytest.mark.parametrize(("method", "path"), BRIDGES)
    def test_that_needs_no_preflight_is_not_heard(self, widget: Widget, method: str, path: str) -> None:
        """A form sends text/plain without asking first."""
        before = effects(widget)
        page = widget.beside(origin="https://elsewhere.example")
        body = '{"account":"acme","x":"='
        assert is_kept_out(page.calls(method, path, data=body, content_type="text/plain"))
        assert effects(widget) == before


class TestAPageOfTheAccount:
    @pytest.mark.parametrize(("method", "path"), BY_COOKIE)
    def test_may_read_the_answer(self, signed_in: Widget, method: str, path: str) -> None:
        answer = calls(signed_in, method, path)
        assert answer.status_code == 200
        assert may_be_read(answer)

    @pytest.mark.parametrize(("method", "path"), BRIDGES)
    def test_may_read_the_answer_of_a_bridge(self, widget: Widget, method: str, path: str) -> None:
        answer = calls(widget, method, path)
        assert answer.status_code == (200 if path == "/session/api-key/" else 401)
        assert may_be_read(answer)

    @pytest.mark.parametrize(("method", "path"), EVERY)
    def test_may_read_a_refusal(self, widget: Widget, method: str, path: str) -> None:
        answer = widget.calls(method, path)
        assert answer.status_code == (415 if path in BODIES else 401)
        assert may_be_read(answer)

    @pytest.mark.parametrize(("path", "methods"), METHODS.items())
    def test_gets_a_preflight(self, widget: Widget, path: str, methods: str) -> None:
        for spelled in {path, path.rstrip("/"), f"{path.rstrip('/')}/"}:
            answer = widget.calls("OPTIONS", spelled, headers={"Access-Control-Request-Method": methods[:4].strip(",")})
            assert answer.status_code == 204, spelled
            assert may_be_read(answer)
            assert answer.headers["Access-Control-Allow-Methods"] == methods
            allowed = {name.lower() for name in answer.headers["Access-Control-Allow-Headers"].split(", ")}
            assert allowed == {"content-type", "x-csrf-token"}
            assert answer.headers["Access-Control-Max-Age"] == "600"
            assert answer.data == b""
            assert "Set-Cookie" not in answer.headers

    def test_gets_a_preflight_whichever_account_it_is(self, globex: OpenIdProvider, signed_in: Widget) -> None:
        page = signed_in.beside(origin=GLOBEX_ORIGIN)
        assert may_be_read(page.calls("OPTIONS", "/auth/refresh"), GLOBEX_ORIGIN)

    def test_gets_no_preflight_once_its_account_is_disabled(self, op: OpenIdProvider, widget: Widget) -> None:
        op.runs("accounts", "disable", "acme")
        assert widget.calls("OPTIONS", "/auth/refresh").status_code == 403
        assert is_kept_out(widget.asks())


class TestTheIssuersOwnPage:
    @pytest.mark.parametrize(("method", "path"), BY_COOKIE)
    def test_may_use_the_cookies(self, widget: Widget, method: str, path: str) -> None:
        widget.signs_in_in_a_window(MIA)
        answer = calls(widget.window(), method, path)
        assert answer.status_code == 200
        assert "Origin" in answer.vary

    @pytest.mark.parametrize(("method", "path"), BRIDGES)
    def test_is_no_platform(self, widget: Widget, method: str, path: str) -> None:
        before = effects(widget)
        answer = calls(widget.window(), method, path)
        assert answer.status_code in {401, 403}
        assert "Set-Cookie" not in answer.headers
        assert effects(widget) == before


class TestWithoutAnOrigin:
    @pytest.mark.parametrize(("method", "path"), BY_COOKIE)
    def test_the_cookies_count_and_nothing_is_said_of_pages(self, signed_in: Widget, method: str, path: str) -> None:
        answer = calls(signed_in.beside(origin=None), method, path)
        assert answer.status_code == 200
        assert not any(name.startswith("Access-Control-") for name, _ in answer.headers)
        assert "Origin" in answer.vary

    def test_a_handoff_is_not_redeemed(self, widget: Widget) -> None:
        assert is_kept_out(calls(widget.beside(origin=None), "POST", "/session/handoff/"))


class TestChanges:
    def test_a_new_origin_counts_at_once(self, op: OpenIdProvider, signed_in: Widget) -> None:
        page = signed_in.beside(origin=NEW_ORIGIN)
        assert is_kept_out(page.asks())
        op.runs("accounts", "update", "acme", "--origin", ORIGIN, "--origin", NEW_ORIGIN)
        assert page.calls("OPTIONS", "/auth/refresh").status_code == 204
        assert page.renews().status_code == 200
        assert signed_in.renews().status_code == 200

    def test_another_accounts_origin_counts_at_once_when_it_becomes_ours_too(
        self, globex: OpenIdProvider, signed_in: Widget
    ) -> None:
        page = signed_in.beside(origin=GLOBEX_ORIGIN)
        assert is_kept_out(page.asks())
        globex.runs("accounts", "update", "acme", "--origin", ORIGIN, "--origin", GLOBEX_ORIGIN)
        assert page.asks().status_code == 200

    def test_one_that_was_removed_is_refused_within_ten_seconds(
        self, op: OpenIdProvider, signed_in: Widget, clock: FrozenClock
    ) -> None:
        assert signed_in.asks().status_code == 200
        op.runs("accounts", "update", "acme", "--origin", NEW_ORIGIN)
        clock.advance(seconds=10)
        assert signed_in.calls("OPTIONS", "/auth/refresh").status_code == 403
        for method, path in BY_COOKIE:
            assert is_kept_out(calls(signed_in, method, path)), path
        assert signed_in.beside(origin=NEW_ORIGIN).asks().status_code == 200

    def test_one_that_is_asked_for_all_the_time_is_refused_then_too(
        self, op: OpenIdProvider, signed_in: Widget, clock: FrozenClock
    ) -> None:
        op.runs("accounts", "update", "acme", "--origin", NEW_ORIGIN)
        for _ in range(10):
            clock.advance(seconds=1)
            answer = signed_in.asks()
        assert is_kept_out(answer)


class TestElsewhere:
    @pytest.mark.parametrize("path", PAGES)
    @pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
    def test_no_page_of_an_account_may_read_anything(self, signed_in: Widget, method: str, path: str) -> None:
        answer = signed_in.calls(method, path)
        assert not any(name.startswith("Access-Control-") for name, _ in answer.headers)

    def test_nor_an_exchange_link(self, signed_in: Widget) -> None:
        answer = signed_in.calls("GET", "/session/jwt/?jwt=x")
        assert not any(name.startswith("Access-Control-") for name, _ in answer.headers)

    @pytest.mark.parametrize("path", PAGES)
    def test_no_page_of_ours_may_be_framed_by_an_account(self, signed_in: Widget, path: str) -> None:
        answer = signed_in.calls("GET", path)
        if answer.mimetype == "text/html":
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]

    def test_another_method_is_not_allowed(self, signed_in: Widget) -> None:
        for method, path in (("GET", "/auth/refresh"), ("GET", "/auth/logout"), ("POST", "/auth/session/")):
            answer = signed_in.calls(method, path)
            assert answer.status_code == 405, path
            assert signed_in.asks().status_code == 200

"""Which endpoints pages of other origins may call: those that use no cookies, and only without them (CONTRACT §4)."""

from __future__ import annotations

import pytest

from tests.support.app import Browser
from tests.support.rp import RelyingParty

ORIGIN = "https://app.example.com"
OPEN = {
    "/.well-known/openid-configuration": "GET",
    "/.well-known/oauth-authorization-server": "GET",
    "/oauth/jwks": "GET",
    "/oauth/token/": "POST",
    "/oauth/userinfo/": "GET",
    "/oauth/revoke/": "POST",
}
CLOSED = (
    "/oauth/introspect/",
    "/oauth/authorize/",
    "/oauth/authorize/resume/",
    "/login/",
    "/logout/",
    "/oauth/callback/",
    "/healthz",
)


@pytest.mark.parametrize(("path", "method"), OPEN.items())
def test_answers_without_cookies_may_be_read_from_any_origin(stranger: Browser, path: str, method: str) -> None:
    answer = stranger.http.open(f"{stranger.issuer}{path}", method=method, headers={"Origin": ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(("path", "method"), OPEN.items())
def test_a_preflight_allows_what_a_client_in_a_page_needs(stranger: Browser, path: str, method: str) -> None:
    answer = stranger.http.options(
        f"{stranger.issuer}{path}",
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization, content-type",
        },
    )
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert method in answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert answer.headers["Access-Control-Allow-Headers"].lower().split(", ") == ["authorization", "content-type"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_what_works_with_cookies_is_closed_to_other_origins(browser: Browser, path: str, method: str) -> None:
    answer = browser.http.open(
        f"{browser.issuer}{path}",
        method=method,
        headers={"Origin": ORIGIN, "Access-Control-Request-Method": "GET"},
    )
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def test_errors_may_be_read_too(rp: RelyingParty) -> None:
    refused = rp.calls_token(grant_type="refresh_token")
    unauthorized = rp.asks_userinfo("garbage")
    for answer in (refused, unauthorized):
        assert answer.response.status_code >= 400
        assert answer.response.headers["Access-Control-Allow-Origin"] == "*"

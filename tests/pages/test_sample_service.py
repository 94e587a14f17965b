"""The sample service against a provider that can lie: over real HTTP, in a service's own words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from idp.sandbox.sample_service import create_sample_service, rows
from tests.support.scripted_provider import CLIENT_ID, CLIENT_SECRET, ScriptedProvider, scripted_provider

BASE_URL = "http://localhost"
LARGEST_COOKIE = 3800
"""Browsers drop larger ones with their name and attributes at 4096 bytes."""
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    with scripted_provider() as provider:
        yield provider


@pytest.fixture
def browser(provider: ScriptedProvider) -> FlaskClient:
    app = create_sample_service(
        issuer=provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, base_url=BASE_URL
    )
    return app.test_client()


def begins(browser: FlaskClient, provider: ScriptedProvider) -> dict[str, str]:
    """Follow "Sign in"; return what the service asks the provider."""
    answer = browser.get("/sign-in/")
    assert answer.status_code == 302
    asked = {name: value for name, [value] in parse_qs(urlsplit(answer.location).query).items()}
    provider.nonce = asked["nonce"]
    return asked


def returns(browser: FlaskClient, **answer: str) -> TestResponse:
    return browser.get("/callback/", query_string=answer, follow_redirects=True)


def signs_in(browser: FlaskClient, provider: ScriptedProvider) -> TestResponse:
    asked = begins(browser, provider)
    return returns(browser, code="abc", state=asked["state"], iss=provider.issuer)


def error_of(page: TestResponse) -> str | None:
    found = re.search(r'id="provider-error" data-error="([^"]*)"', page.text)
    return unescape(found[1]) if found else None


def is_signed_in(browser: FlaskClient) -> bool:
    return 'id="claims"' in browser.get("/").text


def test_it_asks_with_pkce_state_and_nonce(browser: FlaskClient, provider: ScriptedProvider) -> None:
    asked = begins(browser, provider)
    assert asked["redirect_uri"] == f"{BASE_URL}/callback/"
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert "openid" in asked["scope"].split()
    assert asked["state"]


def test_staff_are_asked_for_by_a_hint(browser: FlaskClient, provider: ScriptedProvider) -> None:
    assert 'href="/sign-in/staff/"' in browser.get("/").text
    answer = browser.get("/sign-in/staff/")
    asked = parse_qs(urlsplit(answer.location).query)
    assert asked["idp_hint"] == ["staff:google"]
    assert "idp_hint" not in begins(browser, provider)


def test_a_sign_in_ends_in_verified_claims(browser: FlaskClient, provider: ScriptedProvider) -> None:
    page = signs_in(browser, provider)
    assert page.status_code == 200
    assert 'data-claim="roles"' in page.text
    shown = re.search(r'<pre id="claims-json">(.*?)</pre>', page.text, re.DOTALL)
    assert shown is not None
    claims = json.loads(unescape(shown[1]))
    assert claims["roles"] == ["deepdesk.manager"]
    assert claims["account"] == "acme"
    assert "&#34;kid&#34;: &#34;one&#34;" in page.text
    assert len(provider.redemptions[0]["code_verifier"]) >= 43


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"aud": "another-service"},
        {"aud": "another-service", "azp": CLIENT_ID},
        {"iss": "https://another.example"},
        {"exp": 1000000000},
    ],
)
def test_a_token_that_lies_signs_nobody_in(
    browser: FlaskClient, provider: ScriptedProvider, lie: dict[str, object]
) -> None:
    provider.claims = lie
    assert error_of(signs_in(browser, provider)) == "id_token_not_verified"
    assert not is_signed_in(browser)


def test_a_token_signed_by_a_stranger_signs_nobody_in(browser: FlaskClient, provider: ScriptedProvider) -> None:
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "one"})
    assert error_of(signs_in(browser, provider)) == "id_token_not_verified"
    assert not is_signed_in(browser)


def test_a_key_that_the_provider_turned_meanwhile_is_fetched(browser: FlaskClient, provider: ScriptedProvider) -> None:
    signs_in(browser, provider)
    provider.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    page = signs_in(browser, provider)
    assert error_of(page) is None
    assert "&#34;kid&#34;: &#34;two&#34;" in page.text


def test_an_answer_to_another_browser_is_refused_unredeemed(browser: FlaskClient, provider: ScriptedProvider) -> None:
    asked = begins(browser, provider)
    stranger = browser.application.test_client()
    page = returns(stranger, code="abc", state=asked["state"], iss=provider.issuer)
    assert error_of(page) == "state_unknown"
    assert provider.redemptions == []


@pytest.mark.parametrize("issuer", ["https://another.example", ""])
def test_an_answer_from_another_provider_is_refused_unredeemed(
    browser: FlaskClient, provider: ScriptedProvider, issuer: str
) -> None:
    asked = begins(browser, provider)
    assert error_of(returns(browser, code="abc", state=asked["state"], iss=issuer)) == "issuer_unknown"
    assert provider.redemptions == []


def test_an_answer_works_once(browser: FlaskClient, provider: ScriptedProvider) -> None:
    asked = begins(browser, provider)
    answer = {"code": "abc", "state": asked["state"], "iss": provider.issuer}
    assert error_of(returns(browser, **answer)) is None
    assert error_of(returns(browser, **answer)) == "state_unknown"


def test_a_refusal_is_told_kindly(browser: FlaskClient, provider: ScriptedProvider) -> None:
    asked = begins(browser, provider)
    page = returns(
        browser,
        error="access_denied",
        error_description="Sign-in was refused.",
        state=asked["state"],
        iss=provider.issuer,
    )
    assert page.status_code == 400
    assert error_of(page) == "access_denied"
    assert "Nothing is broken" in page.text
    assert "ask whoever gives access" in page.text
    assert "Sign-in was refused." in page.text


def test_hostile_words_of_a_provider_stay_text(browser: FlaskClient, provider: ScriptedProvider) -> None:
    asked = begins(browser, provider)
    page = returns(browser, error=HOSTILE, error_description=HOSTILE, state=asked["state"], iss=provider.issuer)
    assert error_of(page) == HOSTILE
    assert "<script" not in page.text
    provider.claims = {"name": HOSTILE, HOSTILE: HOSTILE}
    assert "<script" not in signs_in(browser, provider).text


def test_a_refused_code_is_told_kindly(browser: FlaskClient, provider: ScriptedProvider) -> None:
    provider.token_error = "invalid_grant"
    assert error_of(signs_in(browser, provider)) == "invalid_grant"


def test_a_provider_that_is_away_is_told_kindly() -> None:
    nowhere = "http://127.0.0.1:9"
    app = create_sample_service(issuer=nowhere, client_id="c", client_secret="s", base_url=BASE_URL)
    assert error_of(app.test_client().get("/sign-in/")) == "provider_not_reached"


def test_abandoned_attempts_never_outgrow_the_cookie(browser: FlaskClient, provider: ScriptedProvider) -> None:
    for _ in range(25):
        asked = begins(browser, provider)
        cookie = browser.get_cookie("sample_service")
        assert cookie is not None
        assert len(cookie.value) < LARGEST_COOKIE
    assert error_of(returns(browser, code="abc", state=asked["state"], iss=provider.issuer)) is None


def test_signing_in_as_someone_else_forgets_here_and_goes_on_to_the_provider(
    browser: FlaskClient, provider: ScriptedProvider
) -> None:
    signs_in(browser, provider)
    answer = browser.post("/sign-out/")
    assert answer.status_code == 303
    assert answer.location == f"{provider.issuer}/logout/"
    # Browsers check the redirect after a form against the policy, too.
    assert f"form-action 'self' {provider.issuer};" in answer.headers["Content-Security-Policy"]
    assert not is_signed_in(browser)


def test_its_pages_need_nothing_that_the_policy_forbids(browser: FlaskClient, provider: ScriptedProvider) -> None:
    for page in (browser.get("/"), signs_in(browser, provider), returns(browser, state="x")):
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page.text)
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store"


def test_claims_are_explained_in_words() -> None:
    lines = {row.claim: row for row in rows({"auth_time": 1764150000, "roles": ["a", "b"], "staff": True, "zz": 1})}
    assert lines["auth_time"].value == "26 November 2025, 09:40:00 UTC (1764150000)"
    assert lines["roles"].value == "a, b"
    assert lines["staff"].value == "true"
    assert "entered the account by a grant" in lines["staff"].meaning
    assert lines["zz"].meaning == "Not described by Deepdesk."
    assert list(lines)[-1] == "zz"

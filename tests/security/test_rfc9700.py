"""Best current practice for OAuth security, a test a recommendation that concerns this provider (RFC 9700)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.domain.client_words import Pkce
from tests.support.app import SAM, Browser, OpenIdProvider
from tests.support.rp import REDIRECT_URI, RelyingParty

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGES = ("/login/", "/logout/", "/oauth/authorize/", "/oauth/callback/", "/oauth/authorize/resume/", "/nowhere")
TRICKS = (
    "https://studio.example.com.evil.example/callback",
    "https://studio.example.com%2eevil.example/callback",
    "https://evil.example/https://studio.example.com/callback",
    "https://evil.example#https://studio.example.com/callback",
    "https://studio.example.com\\@evil.example/callback",
    "https://studio.example.com/callback%0d%0aLocation:%20https://evil.example",
    "https://studio.example.com/callback\t",
    "https:studio.example.com/callback",
    "https:///studio.example.com/callback",
    "HTTPS://studio.example.com/callback",
    "https://xn--studio-.example.com/callback",
    "data:text/html,x",
)


# §2.1, §4.1: redirect URIs


@pytest.mark.parametrize("redirect_uri", TRICKS)
def test_2_1_a_redirect_uri_is_compared_exactly(rp: RelyingParty, browser: Browser, redirect_uri: str) -> None:
    assert rp.asks(browser, redirect_uri=redirect_uri).is_a_page_about("invalid_request")


def test_2_1_a_redirect_uri_of_another_client_is_refused(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    RelyingParty.registered_at(op, "Other", redirect_uris=("https://other.example.com/callback",))
    refused = rp.asks(browser, redirect_uri="https://other.example.com/callback")
    assert refused.is_a_page_about("invalid_request")


def test_4_11_no_parameter_makes_an_open_redirector(rp: RelyingParty, browser: Browser) -> None:
    evil = "https://evil.example/"
    for path in ("/login/", "/logout/", "/oauth/callback/", "/oauth/authorize/resume/", "/oauth/authorize/"):
        for name in (
            "r",
            "next",
            "redirect",
            "redirect_uri",
            "return_to",
            "continue",
            "url",
            "post_logout_redirect_uri",
        ):
            answer = browser.opens(path, query_string={name: evil})
            assert "evil.example" not in answer.headers.get("Location", "")
            assert f'href="{evil}' not in answer.text


def test_4_11_an_error_before_the_redirect_uri_is_known_to_be_good_is_a_page(
    rp: RelyingParty, browser: Browser
) -> None:
    answer = rp.asks(browser, redirect_uri="https://evil.example/", response_type="unheard-of", scope=None)
    assert answer.is_a_page_about("invalid_request")
    answer = rp.asks(browser, client_id="unheard-of", redirect_uri="https://evil.example/")
    assert answer.is_a_page_about("invalid_client")


# §2.1.1, §4.5, §4.8: codes and PKCE


def test_4_5_a_code_injected_into_another_session_of_the_client_is_refused(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    """The attacker gives the client a stolen code; the client sends its own session's verifier."""
    attackers = op.browser()
    op.signs_in(attackers, SAM)
    stolen = rp.obtains_a_code_for(browser)
    own = rp.prepares()
    assert rp.redeems(replace(stolen, asked=own)).is_refused_as("invalid_grant")


def test_4_5_a_code_injected_at_another_client_is_refused(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    attackers_client = RelyingParty.registered_at(op, "Attacker", pkce=Pkce.OPTIONAL)
    stolen = rp.obtains_a_code_for(browser)
    assert attackers_client.redeems(stolen).is_refused_as("invalid_grant")
    assert attackers_client.redeems(stolen, code_verifier=None).is_refused_as("invalid_grant")


def test_4_8_a_request_stripped_of_its_challenge_does_not_pass_with_the_verifier(
    op: OpenIdProvider, browser: Browser
) -> None:
    """The attacker removes the challenge on its way; the client's verifier tells."""
    rp = RelyingParty.registered_at(op, pkce=Pkce.OPTIONAL)
    code = rp.obtains_a_code_for(browser, code_challenge=None, code_challenge_method=None)
    assert rp.redeems(code).is_refused_as("invalid_grant")


def test_4_8_a_challenge_that_was_sent_is_always_enforced(op: OpenIdProvider, browser: Browser) -> None:
    rp = RelyingParty.registered_at(op, pkce=Pkce.OPTIONAL)
    code = rp.obtains_a_code_for(browser)
    assert rp.redeems(code, code_verifier=None).is_refused_as("invalid_grant")


# §2.1.2, §2.4: what is not there


def test_2_1_2_no_token_comes_from_the_authorization_endpoint(rp: RelyingParty, browser: Browser) -> None:
    for response_type in ("token", "id_token", "id_token token", "code token", "code id_token", "code id_token token"):
        answer = rp.asks(browser, response_type=response_type)
        assert answer.is_refused_as("unsupported_response_type")
        assert "#" not in answer.location


def test_2_4_there_is_no_password_grant(rp: RelyingParty) -> None:
    answer = rp.calls_token(grant_type="password", username="mia", password="secret")
    assert answer.is_refused_as("unsupported_grant_type")


# §4.2: leaks through the referrer and the history


@pytest.mark.parametrize("path", PAGES)
def test_4_2_no_page_sends_a_referrer(browser: Browser, path: str) -> None:
    assert browser.opens(path).headers["Referrer-Policy"] == "no-referrer"


def test_4_2_neither_does_the_redirect_with_the_code(rp: RelyingParty, browser: Browser) -> None:
    response = rp.asks(browser).response
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_4_2_no_page_loads_anything_from_elsewhere(browser: Browser, path: str) -> None:
    page = browser.opens(path).text
    assert "<html" in page
    for attribute in ('src="http', 'src="//', 'href="http', 'href="//', 'action="http'):
        assert attribute not in page


# §4.3: tokens in addresses


def test_4_3_a_token_in_a_query_opens_nothing(rp: RelyingParty, browser: Browser) -> None:
    token = rp.obtains_tokens_for(browser).access_token
    assert browser.opens(rp.metadata["userinfo_endpoint"], query_string={"access_token": token}).status_code == 401


# §4.12: 303, not 307


def test_4_12_every_redirect_is_a_303(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, stranger: Browser
) -> None:
    waiting = rp.asks(stranger)
    parked = waiting.location.partition("r=")[2]
    answers = [
        rp.asks(browser).response,
        rp.posts(browser).response,
        rp.asks(browser, scope=None).response,
        rp.posts(op.browser()).response,
        waiting.response,
        stranger.opens(f"/oauth/authorize/resume/?r={parked}"),
        stranger.opens(f"/oauth/authorize/resume/?r={parked}&cancel=1"),
    ]
    assert {answer.status_code for answer in answers} == {303}


# §4.16: clickjacking


@pytest.mark.parametrize("path", PAGES)
def test_4_16_no_page_can_be_framed_or_scripted(browser: Browser, path: str) -> None:
    headers = browser.opens(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_4_16_no_page_holds_a_script_or_an_inline_style(browser: Browser, path: str) -> None:
    page = browser.opens(path).text
    for part in ("<script", "javascript:", " style=", "<style", " onclick", " onload", "<base"):
        assert part not in page


def test_4_16_a_link_elsewhere_cannot_sign_anybody_out(rp: RelyingParty, browser: Browser) -> None:
    assert "logout-confirm" in browser.opens("/logout/").text
    assert rp.asks(browser).has_a_code()


@pytest.mark.parametrize("form", [{}, {"csrf_token": ""}, {"csrf_token": "made up"}])
def test_4_16_a_form_elsewhere_cannot_sign_anybody_out(
    rp: RelyingParty, browser: Browser, form: dict[str, str]
) -> None:
    answer = browser.posts("/logout/", form, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 400
    assert rp.asks(browser).has_a_code()


def test_4_16_the_form_token_of_another_browser_signs_nobody_out(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    attackers = op.browser()
    op.signs_in(attackers, SAM)
    token = attackers.opens("/logout/").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    browser.opens("/logout/")
    assert browser.posts("/logout/", {"csrf_token": token}).status_code == 400
    assert rp.asks(browser).has_a_code()


# §4.7: the request belongs to one browser; cookies


def test_cookies_are_host_bound_and_kept_from_scripts(
    op: OpenIdProvider, rp: RelyingParty, stranger: Browser, browser: Browser
) -> None:
    lines = [
        *rp.asks(stranger).response.headers.getlist("Set-Cookie"),
        *browser.opens("/logout/").headers.getlist("Set-Cookie"),
    ]
    assert len(lines) == 2
    for line in lines:
        attributes = {part.strip() for part in line.split(";")[1:]}
        assert line.startswith("__Host-")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= attributes
        assert not [one for one in attributes if one.startswith("Domain")]


def test_https_is_remembered_by_browsers(stranger: Browser) -> None:
    assert stranger.opens("/login/").headers["Strict-Transport-Security"].startswith("max-age=63072000")


def test_what_is_about_a_person_is_kept_by_no_cache(rp: RelyingParty, browser: Browser, stranger: Browser) -> None:
    tokens = rp.redeems(rp.obtains_a_code_for(browser))
    answers = [
        tokens.response,
        rp.asks_userinfo(tokens.tokens.access_token).response,
        browser.opens("/logout/"),
        browser.opens("/login/"),
        rp.asks(stranger).response,
    ]
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}


# The mix-up attack, §4.4


def test_4_4_an_answer_says_who_gave_it(rp: RelyingParty, browser: Browser) -> None:
    assert rp.asks(browser).params["iss"] == rp.op.issuer
    assert rp.asks(browser, redirect_uri=REDIRECT_URI, scope=None).params["iss"] == rp.op.issuer

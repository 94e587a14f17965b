"""The consent page: what a service of others will know, the person's answer, remembered and asked again."""

from __future__ import annotations

from html import unescape

import pytest
from werkzeug.test import TestResponse

from idp.domain.roles import Role
from idp.services.registry import clients
from idp.store import audit_events
from idp.store.unit_of_work import reading
from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import CASEY, MIA, SAM, Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.rp import AuthorizationAnswer, RelyingParty

PATH = "/oauth/consent/"
PLANNER_URI = "https://planner.example.com/callback"


@pytest.fixture
def planner(op: OpenIdProvider) -> RelyingParty:
    """A service of others, at which the people of acme sign in."""
    return RelyingParty.registered_at(op, "Shift planner", redirect_uris=(PLANNER_URI,), party="third")


def native_app(op: OpenIdProvider, redirect_uri: str, **metadata: object) -> RelyingParty:
    return RelyingParty.registered_at(op, "App", redirect_uris=(redirect_uri,), public=True, **metadata)


def asks_for_consent(answer: AuthorizationAnswer) -> bool:
    return answer.response.status_code == 303 and answer.location.startswith(f"{PATH}?r=")


def answers(browser: Browser, waiting: AuthorizationAnswer, decision: str) -> AuthorizationAnswer:
    """Press a button of the consent page, and follow until the client is answered."""
    page = browser.opens(waiting.location)
    assert page.status_code == 200, page
    return AuthorizationAnswer(browser.follows(presses(browser, waiting.location, page, decision)), waiting.asked)


def presses(browser: Browser, address: str, page: TestResponse, decision: str) -> TestResponse:
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "decision": decision}
    return browser.posts(address, form, headers={"Origin": browser.issuer})


def events(op: OpenIdProvider, kind: str) -> list[dict[str, object]]:
    with op.app.app_context(), reading() as session:
        found = audit_events.after(session, 0)
        return [{"user": one.user_id, "client": one.client_id, **one.details} for one in found if one.kind == kind]


# Who is asked


def test_a_service_of_the_account_does_not_ask(rp: RelyingParty, browser: Browser) -> None:
    assert rp.asks(browser).has_a_code()


@BOTH_DATABASES
def test_a_service_of_others_asks_once(planner: RelyingParty, browser: Browser) -> None:
    waiting = planner.asks(browser)
    assert asks_for_consent(waiting)
    answer = answers(browser, waiting, "allow")
    assert answer.goes_to(PLANNER_URI)
    assert planner.redeems(answer.code).succeeds()
    assert planner.asks(browser).has_a_code()
    assert planner.asks(browser, prompt="none").has_a_code()


def test_it_asks_each_person_and_in_every_browser_once(
    op: OpenIdProvider, planner: RelyingParty, browser: Browser, stranger: Browser
) -> None:
    answers(browser, planner.asks(browser), "allow")
    op.signs_in(stranger, SAM)
    assert asks_for_consent(planner.asks(stranger))
    op.signs_in(stranger, MIA)
    assert planner.asks(stranger).has_a_code()


def test_silently_it_is_told_that_the_person_has_to_be_asked(planner: RelyingParty, browser: Browser) -> None:
    assert planner.asks(browser, prompt="none").is_refused_as("consent_required")


def test_it_asks_again_for_more_and_not_for_less(planner: RelyingParty, browser: Browser) -> None:
    answers(browser, planner.asks(browser, scope="openid profile"), "allow")
    assert planner.asks(browser, scope="openid").has_a_code()
    assert asks_for_consent(planner.asks(browser, scope="openid email"))
    claims = '{"userinfo": {"email": null}}'
    assert asks_for_consent(planner.asks(browser, scope="openid", claims=claims))
    assert planner.asks(browser, scope="openid", claims='{"userinfo": {"name": null, "shoe_size": null}}').has_a_code()
    answers(browser, planner.asks(browser, scope="openid email"), "allow")
    assert planner.asks(browser, scope="openid profile email").has_a_code()


def test_prompt_consent_always_asks(rp: RelyingParty, planner: RelyingParty, browser: Browser) -> None:
    for service in (rp, planner):
        for _ in range(2):
            waiting = service.asks(browser, prompt="consent")
            assert asks_for_consent(waiting)
            assert answers(browser, waiting, "allow").has_a_code()


@pytest.mark.parametrize(
    "redirect_uri",
    ["http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost:5000/callback", "com.example.app:/cb"],
)
@pytest.mark.parametrize("party", ["first", "third"])
def test_what_runs_on_a_device_asks_each_time(
    op: OpenIdProvider, browser: Browser, redirect_uri: str, party: str
) -> None:
    app = native_app(op, redirect_uri, party=party)
    for _ in range(2):
        waiting = app.asks(browser)
        assert asks_for_consent(waiting)
        assert "on your own device" in browser.opens(waiting.location).text
        assert answers(browser, waiting, "allow").has_a_code()
    assert app.asks(browser, prompt="none").is_refused_as("consent_required")


def test_a_public_service_on_the_web_does_not_ask(op: OpenIdProvider, browser: Browser) -> None:
    assert native_app(op, "https://studio.example.com/callback").asks(browser).has_a_code()


def test_a_confidential_service_at_a_developers_desk_does_not_ask(op: OpenIdProvider, browser: Browser) -> None:
    rp = RelyingParty.registered_at(op, "Desk", redirect_uris=("http://localhost:5000/callback",))
    assert rp.asks(browser).has_a_code()


def test_somebody_who_signs_in_is_asked_then(op: OpenIdProvider, planner: RelyingParty, stranger: Browser) -> None:
    waiting = planner.asks(stranger)
    assert waiting.asks_to_sign_in()
    op.signs_in(stranger)
    resumed = stranger.opens(waiting.location.replace("/login/", "/oauth/authorize/resume/"))
    asked = AuthorizationAnswer(resumed, waiting.asked)
    assert asks_for_consent(asked)
    assert answers(stranger, asked, "allow").has_a_code()


def test_what_is_asked_about_the_accounts_own_services_is_not_remembered(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    assert answers(browser, rp.asks(browser, prompt="consent"), "allow").has_a_code()
    assert op.rows()["consents"] == 0


# What the page says


def test_the_page_says_who_asks_what_they_will_know_and_who_is_asked(planner: RelyingParty, browser: Browser) -> None:
    page = browser.opens(planner.asks(browser, scope="openid profile email roles").location)
    text = unescape(page.text)
    assert page.status_code == 200
    for words in (
        *("Let Shift planner know who you are?", "planner.example.com", "not a service of Deepdesk"),
        *("your name", "your email address", "that you belong to Acme, and your roles there"),
        *("Mia Manager", "mia@acme.example", "You are asked once."),
        *('<form method="post" id="consent">', 'id="consent-allow"', 'id="consent-deny"'),
    ):
        assert words in text, words
    assert "stay connected" not in text
    assert "your phone number" not in text


def test_the_page_says_what_staying_connected_means(planner: RelyingParty, browser: Browser) -> None:
    page = browser.opens(planner.asks(browser, scope="openid offline_access", prompt="consent").location)
    assert "stay connected while you are away" in page.text


def test_a_service_that_is_told_everything_says_so(op: OpenIdProvider, browser: Browser) -> None:
    app = native_app(op, "com.example.app:/cb")
    page = browser.opens(app.asks(browser, scope="openid").location).text
    for words in ("your name", "your email address", "that you belong to Acme"):
        assert words in page


def test_staff_are_told_of_the_account_in_which_they_are_met(op: OpenIdProvider, planner: RelyingParty) -> None:
    op.staff_sign_in_with_google()
    casey = op.browser()
    op.signs_in(casey, CASEY)
    op.grants(CASEY.email or "", "acme", roles=(Role.EDITOR,))
    waiting = planner.asks(casey, scope="openid roles")
    page = casey.opens(waiting.location)
    entered = casey.follows(presses(casey, waiting.location, page, ""))
    assert entered.status_code == 200
    assert "that you belong to Acme, and your roles there" in entered.text


@pytest.mark.parametrize(
    ("redirect_uri", "source"),
    [
        (PLANNER_URI, "https://planner.example.com"),
        ("http://127.0.0.1:7777/callback", "http://127.0.0.1:7777"),
        ("com.example.app:/cb", "com.example.app:"),
    ],
)
def test_the_form_may_lead_to_the_service_and_nowhere_else(
    op: OpenIdProvider, browser: Browser, redirect_uri: str, source: str
) -> None:
    app = native_app(op, redirect_uri, party="third")
    policy = browser.opens(app.asks(browser).location).headers["Content-Security-Policy"]
    assert f"form-action 'self' {source};" in policy


@pytest.mark.parametrize(("language", "words"), [("nl", "Shift planner"), ("de", "Shift planner")])
def test_the_page_speaks_the_language_that_the_service_asks_for(
    planner: RelyingParty, browser: Browser, language: str, words: str
) -> None:
    page = browser.opens(planner.asks(browser, ui_locales=language).location).text
    assert f'<html lang="{language}">' in page
    assert words in page


def test_the_language_can_be_switched_without_losing_the_request(planner: RelyingParty, browser: Browser) -> None:
    address = planner.asks(browser).location
    assert f'href="{address}&amp;lang=nl"' in browser.opens(address).text


# The answer


def test_denying_tells_the_service_and_remembers_nothing(
    op: OpenIdProvider, planner: RelyingParty, browser: Browser
) -> None:
    waiting = planner.asks(browser)
    assert answers(browser, waiting, "deny").is_refused_as("access_denied")
    assert browser.opens(waiting.location).status_code == 400
    assert asks_for_consent(planner.asks(browser))
    assert op.rows()["consents"] == 0
    assert events(op, "consent.given") == []


@pytest.mark.parametrize("decision", ["", "ALLOW", "yes", "allow "])
def test_whatever_is_not_allowed_is_denied(planner: RelyingParty, browser: Browser, decision: str) -> None:
    assert answers(browser, planner.asks(browser), decision).is_refused_as("access_denied")


def test_allowing_is_audited(op: OpenIdProvider, planner: RelyingParty, browser: Browser) -> None:
    claims = '{"id_token": {"name": null, "shoe_size": null}}'
    answer = answers(browser, planner.asks(browser, scope="openid email", claims=claims), "allow")
    sub = planner.verifies(planner.redeems(answer.code).tokens.id_token, nonce=answer.asked.nonce)["sub"]
    assert events(op, "consent.given") == [
        {"user": sub, "client": planner.client_id, "scope": "openid email", "claims": ["name"]}
    ]


def test_an_answer_counts_for_its_own_request(rp: RelyingParty, browser: Browser) -> None:
    first, second = (rp.asks(browser, prompt="consent") for _ in range(2))
    assert answers(browser, first, "allow").has_a_code()
    resumed = browser.opens(second.location.replace(PATH, "/oauth/authorize/resume/"))
    assert resumed.headers["Location"] == second.location


def test_the_answer_of_somebody_else_counts_for_nobody(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
    waiting = rp.asks(browser, prompt="consent")
    allowed = presses(browser, waiting.location, browser.opens(waiting.location), "allow")
    op.signs_in(browser, SAM)
    assert browser.opens(allowed.headers["Location"]).headers["Location"] == waiting.location


def test_a_page_elsewhere_cannot_press_the_button(op: OpenIdProvider, planner: RelyingParty, browser: Browser) -> None:
    waiting = planner.asks(browser)
    for form in ({"decision": "allow"}, {"decision": "allow", "csrf_token": "x"}):
        assert browser.posts(waiting.location, form, headers={"Origin": "https://evil.example"}).status_code == 400
    assert op.rows()["consents"] == 0
    assert asks_for_consent(planner.asks(browser))


def test_another_browser_cannot_answer(
    op: OpenIdProvider, planner: RelyingParty, browser: Browser, stranger: Browser
) -> None:
    address = planner.asks(browser).location
    op.signs_in(stranger)
    assert stranger.opens(address).status_code == 400
    token = stranger.opens("/logout/").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    forged = stranger.posts(address, {"csrf_token": token, "decision": "allow"}, headers={"Origin": stranger.issuer})
    assert forged.status_code == 400
    assert op.rows()["consents"] == 0


def test_somebody_who_signed_out_meanwhile_signs_in_first(planner: RelyingParty, browser: Browser) -> None:
    address = planner.asks(browser).location
    page = browser.opens(address)
    browser.signs_out()
    assert browser.opens(address).headers["Location"].startswith("/oauth/authorize/resume/?r=")
    assert presses(browser, address, page, "allow").headers["Location"].startswith("/oauth/authorize/resume/?r=")
    resumed = browser.opens(address.replace(PATH, "/oauth/authorize/resume/"))
    assert resumed.headers["Location"].startswith("/login/?r=")


def test_a_request_that_waited_too_long_cannot_be_allowed(
    op: OpenIdProvider, planner: RelyingParty, browser: Browser, clock: FrozenClock
) -> None:
    address = planner.asks(browser).location
    page = browser.opens(address)
    clock.advance(seconds=3600)
    op.signs_in(browser)
    assert presses(browser, address, page, "allow").status_code == 400
    assert op.rows()["consents"] == 0


def test_a_scope_that_the_service_lost_meanwhile_is_neither_shown_nor_allowed(
    op: OpenIdProvider, planner: RelyingParty, browser: Browser
) -> None:
    waiting = planner.asks(browser, scope="openid email profile")
    with op.app.app_context():
        clients.update(planner.client_id, {"scope": "openid profile"}, context=op.context)
    assert "your email address" not in browser.opens(waiting.location).text
    answers(browser, waiting, "allow")
    assert events(op, "consent.given")[0]["scope"] == "openid profile"


@pytest.mark.parametrize("parked_id", ["", "x" * 22, "'", "x" * 5000])
def test_a_request_that_nobody_made_is_a_page(browser: Browser, parked_id: str) -> None:
    page = browser.opens(PATH, query_string={"r": parked_id})
    assert page.status_code == 400
    assert 'id="error"' in page.text

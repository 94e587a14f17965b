"""The pop-up and its hand-off."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext

from idp.widget import sdk
from tests.widget_sdk.conftest import NewTab
from tests.widget_sdk.provider import GOES_UPSTREAM, HANDS_OVER, SAYS_OTHER_THINGS, WAITS, Provider
from tests.widget_sdk.tab import Tab, page_of

REDEMPTION = "POST /session/handoff/"
WATCH_MILLISECONDS = 500
"""How often the script looks whether the pop-up is still there."""


def opens_unasked(context: BrowserContext, platform: str, provider: Provider, /, **settings: str) -> Tab:
    """Open a page that signs in by itself; it is not touched, since that would count as a click."""
    page = context.new_page()
    page.goto(f"{platform}/unasked/?{urlencode({'issuer': provider.issuer, 'account': 'acme', **settings})}")
    page.wait_for_timeout(500)
    return Tab(page)


def test_a_person_signs_in_by_pop_up(tab: Tab, provider: Provider) -> None:
    tab.does("start")
    tab.clicks()
    detail = tab.waits_for("signed-in")
    assert detail["person"]["user_id"] == "8001"
    assert tab.state == "signed-in"
    assert tab.outcome() is True
    assert tab.names == ["signed-in"]


def test_the_pop_up_is_told_account_provider_challenge_and_origin(
    new_tab: NewTab, platform: str, provider: Provider
) -> None:
    tab = new_tab(provider="genesys")
    tab.clicks()
    tab.waits_for("signed-in")
    [asked] = provider.departures
    assert asked == {"account": "acme", "provider": "genesys", "handoff": asked["handoff"], "origin": platform}


def test_the_verifier_belongs_to_the_challenge_and_both_are_new_each_time(tab: Tab, provider: Provider) -> None:
    for times in (1, 2):
        tab.clicks()
        tab.waits_for("signed-in", times=times)
    verifiers = [body["verifier"] for body in provider.bodies]
    challenges = [asked["handoff"] for asked in provider.departures]
    digests = [hashlib.sha256(verifier.encode()).digest() for verifier in verifiers]
    assert challenges == [base64.urlsafe_b64encode(digest).decode().rstrip("=") for digest in digests]
    assert len({*verifiers, *challenges}) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43,128}", verifier) for verifier in verifiers)


def test_the_pop_up_is_opened_before_anything_is_awaited(tab: Tab) -> None:
    opened = tab.page.evaluate("""() => {
        let opened = false;
        window.open = () => { opened = true; return null; };
        session.signIn();
        return opened;
    }""")
    assert opened


def test_a_blocked_pop_up_is_said_with_the_address_to_open_instead(
    context: BrowserContext, platform: str, provider: Provider
) -> None:
    tab = opens_unasked(context, platform, provider, provider="genesys")
    address = tab.waits_for("pop-up-blocked")["address"]
    assert tab.outcome() is False
    assert address == f"{provider.issuer}/platform/sso?account=acme&provider=genesys"
    assert provider.departures == []


def test_after_a_blocked_pop_up_the_session_is_found_when_the_window_is_looked_at_again(
    context: BrowserContext, platform: str, provider: Provider
) -> None:
    tab = opens_unasked(context, platform, provider)
    context.new_page().goto(tab.waits_for("pop-up-blocked")["address"])
    tab.page.evaluate("dispatchEvent(new Event('focus'))")
    assert tab.waits_for("signed-in")["person"]["user_id"] == "8001"


def test_after_a_blocked_pop_up_a_click_completes(context: BrowserContext, platform: str, provider: Provider) -> None:
    tab = opens_unasked(context, platform, provider)
    tab.waits_for("pop-up-blocked")
    tab.clicks()
    tab.waits_for("signed-in")


def test_a_closed_pop_up_is_lost_and_a_second_click_completes(tab: Tab, provider: Provider) -> None:
    provider.windows = [WAITS, HANDS_OVER]
    tab.clicks().close()
    tab.waits_for("pop-up-lost")
    assert tab.outcome() is False
    tab.clicks()
    tab.waits_for("signed-in")
    assert tab.names == ["pop-up-lost", "signed-in"]


def test_a_pop_up_that_an_upstream_cuts_off_is_lost_though_it_is_open(tab: Tab, provider: Provider) -> None:
    provider.windows = [GOES_UPSTREAM, HANDS_OVER]
    pop_up = tab.clicks()
    tab.waits_for("pop-up-lost")
    assert not pop_up.is_closed()
    tab.clicks()
    tab.waits_for("signed-in")


def test_a_click_while_a_pop_up_waits_takes_its_place(tab: Tab, provider: Provider) -> None:
    provider.windows = [WAITS, HANDS_OVER]
    tab.clicks()
    tab.page.evaluate("() => { first = outcome; }")
    tab.page.click("button")
    tab.waits_for("signed-in")
    assert tab.page.evaluate("first") is False
    assert tab.names == ["signed-in"]


def test_a_window_of_another_origin_is_not_believed(tab: Tab, provider: Provider, platform: str) -> None:
    provider.windows = [WAITS]
    pop_up = tab.clicks()
    tab.hears_messages()
    pop_up.goto(f"{platform}/other/")
    tab.waits_for_messages(1)
    assert provider.calls[REDEMPTION] == 0
    assert tab.events == []


def test_another_window_of_the_provider_is_not_believed(tab: Tab, provider: Provider) -> None:
    provider.windows = [WAITS]
    tab.clicks()
    tab.hears_messages()
    tab.page.evaluate(
        "address => { document.body.appendChild(document.createElement('iframe')).src = address; }",
        f"{provider.issuer}/frame/",
    )
    tab.waits_for_messages(1)
    assert provider.calls[REDEMPTION] == 0
    assert tab.events == []


def test_messages_that_are_no_hand_off_are_passed_over(tab: Tab, provider: Provider) -> None:
    provider.windows = [WAITS]
    pop_up = tab.clicks()
    pop_up.wait_for_load_state()
    tab.hears_messages()
    mistakes: list[Exception] = []
    tab.page.on("pageerror", lambda mistake: mistakes.append(mistake))
    pop_up.evaluate(SAYS_OTHER_THINGS)
    tab.waits_for_messages(4)
    assert provider.calls[REDEMPTION] == 0
    assert mistakes == []
    pop_up.evaluate(HANDS_OVER)
    tab.waits_for("signed-in")
    assert tab.names == ["signed-in"]


def says_without_a_source(tab: Tab, provider: Provider) -> None:
    """Bring the page the hand-off as a browser does when the window that posted it has closed meanwhile."""
    tab.page.evaluate(
        "([origin, data]) => { dispatchEvent(new MessageEvent('message', { origin, data })); }",
        [provider.issuer, {"type": "deepdesk:handoff", "handoff": next(iter(provider.handoffs))}],
    )


def test_the_last_word_of_a_window_that_has_closed_is_heard(
    context: BrowserContext, platform: str, provider: Provider
) -> None:
    context.clock.install()
    provider.windows = [WAITS]
    tab = Tab.opens(context.new_page(), platform, provider.issuer)
    context.clock.pause_at(provider.now() + 3600)
    tab.clicks().close()
    tab.page.clock.run_for(WATCH_MILLISECONDS)
    says_without_a_source(tab, provider)
    tab.waits_for("signed-in")
    assert tab.names == ["signed-in"]


def test_while_the_window_is_open_a_word_without_a_source_is_not_believed(tab: Tab, provider: Provider) -> None:
    provider.windows = [WAITS]
    tab.clicks().wait_for_load_state()
    says_without_a_source(tab, provider)
    tab.page.wait_for_timeout(200)
    assert provider.calls[REDEMPTION] == 0


def test_without_a_click_nothing_listens_for_a_hand_off(tab: Tab, provider: Provider) -> None:
    tab.hears_messages()
    tab.page.evaluate(
        "address => { document.body.appendChild(document.createElement('iframe')).src = address; }",
        f"{provider.issuer}/frame/",
    )
    tab.waits_for_messages(1)
    assert provider.calls[REDEMPTION] == 0


def test_a_hand_off_that_the_provider_refuses_is_said_with_its_sentence(tab: Tab, provider: Provider) -> None:
    provider.windows = [WAITS]
    pop_up = tab.clicks()
    pop_up.wait_for_load_state()
    provider.handoffs.clear()
    pop_up.evaluate(HANDS_OVER)
    refused = {"error": "invalid_grant", "message": "This hand-off cannot be used."}
    assert tab.waits_for("refused") == refused
    assert tab.outcome() is False
    assert tab.state != "signed-in"


@pytest.mark.parametrize("fault", ["500", "lost"])
def test_a_hand_off_that_is_lost_is_made_good_by_a_second_click(tab: Tab, provider: Provider, fault: str) -> None:
    provider.faults["/session/handoff/"] = [fault]
    tab.clicks()
    tab.waits_for("unreachable")
    assert tab.outcome() is False
    tab.clicks()
    tab.waits_for("signed-in")
    assert tab.names == ["unreachable", "signed-in"]


def test_a_page_without_https_is_refused_in_words(context: BrowserContext) -> None:
    issuer = "http://platform.test"

    script = (Path(sdk.__file__).parent / sdk.VERSIONS[0] / "session.js").read_text()
    context.route(f"{issuer}/", lambda route: route.fulfill(body=page_of(issuer), content_type="text/html"))
    context.route(f"{issuer}/sdk/*", lambda route: route.fulfill(body=script, content_type="text/javascript"))
    tab = Tab.opens(context.new_page(), f"{issuer}/", issuer)
    tab.page.click("button")
    detail = tab.waits_for("refused")
    assert detail["error"] == "not_ready"
    assert "https" in detail["message"]

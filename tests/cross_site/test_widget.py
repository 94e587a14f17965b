"""An agent's day with the widget on another site, in browsers that allow third-party cookies and that block them."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext

from tests.cross_site.conftest import OpenEmbedded, OpenFirefox, OpenProfile
from tests.support.app import OpenIdProvider
from tests.support.cross_site import ThirdPartyCookies
from tests.support.embedded import SIGNED_IN, SIGNED_OUT, Embedded

WAYS = {
    "platform sign-in": Embedded.signs_in,
    "API key": Embedded.signs_in_by_api_key,
    "platform JWT": Embedded.signs_in_by_platform_jwt,
}
BY_EVERY_WAY = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(params=["allowed", "blocked"])
def widget(request: pytest.FixtureRequest, embedded: OpenEmbedded) -> Embedded:
    """An agent's window, by either choice about third-party cookies."""
    return embedded(request.param)


def test_nobody_is_signed_in_at_first(widget: Embedded) -> None:
    assert (widget.state, widget.person, widget.suggests) == (SIGNED_OUT, "", False)


@BY_EVERY_WAY
def test_who_signs_in_sees_suggestions_and_still_does_after_a_reload(way: str, widget: Embedded) -> None:
    WAYS[way](widget)
    assert (widget.person, widget.suggests) == ("Sam Agent", True)
    widget.opens()
    assert (widget.person, widget.suggests) == ("Sam Agent", True)


@BY_EVERY_WAY
def test_who_comes_back_after_the_access_token_has_ended_is_still_signed_in(way: str, widget: Embedded) -> None:
    WAYS[way](widget)
    widget.page.goto("about:blank")
    widget.passes(minutes=16)
    widget.opens()
    assert widget.person == "Sam Agent"


def test_an_open_page_renews_by_itself_before_the_access_token_ends(widget: Embedded) -> None:
    widget.signs_in()
    with widget.page.expect_response("**/auth/refresh") as renewal:
        widget.passes(minutes=14)
    assert renewal.value.ok
    widget.passes(minutes=2)
    assert widget.calls("/auth/session/")["status"] == 200


def test_after_a_day_the_person_signs_in_again(widget: Embedded) -> None:
    widget.signs_in_by_api_key()
    widget.passes(hours=24, minutes=1)
    widget.opens()
    assert (widget.state, widget.suggests) == (SIGNED_OUT, False)


@BY_EVERY_WAY
def test_who_signs_out_stays_signed_out(way: str, widget: Embedded) -> None:
    WAYS[way](widget)
    widget.signs_out()
    assert not widget.suggests
    widget.opens()
    assert widget.state == SIGNED_OUT


def test_another_tab_hears_of_a_sign_out(widget: Embedded) -> None:
    other = Embedded(page=widget.page.context.new_page(), url=widget.url, op=widget.op)
    other.opens()
    widget.signs_in()
    other.becomes(SIGNED_IN)
    widget.signs_out()
    other.becomes(SIGNED_OUT)
    assert not other.suggests


@BY_EVERY_WAY
def test_when_somebody_else_works_at_the_desk_nothing_of_the_one_before_is_left(way: str, widget: Embedded) -> None:
    widget.is_used_by("agent")
    WAYS[way](widget)
    widget.is_used_by("no-role")
    widget.becomes(SIGNED_OUT)
    assert not widget.suggests
    widget.opens()
    assert widget.state == SIGNED_OUT


def test_whoever_signs_in_at_a_desk_of_somebody_else_is_not_let_in(widget: Embedded) -> None:
    widget.is_used_by("no-role")
    widget.begins_to_sign_in().click("[name=person][value=agent]")
    widget.page.wait_for_selector("text=Somebody else works here now")
    assert (widget.state, widget.suggests) == (SIGNED_OUT, False)


def test_a_link_carries_the_session_into_another_browser(widget: Embedded, open_profile: OpenProfile) -> None:
    widget.signs_in_by_api_key()
    link = widget.exchange_link()
    other = open_profile("blocked")
    assert identity_in(other, link, widget.op) == "Sam Agent"


# Where the cookies are.


@pytest.mark.parametrize(("third_party_cookies", "sent"), [("allowed", True), ("blocked", False)])
def test_a_session_of_a_top_level_visit_is_seen_by_the_widget_only_where_that_is_allowed(
    third_party_cookies: ThirdPartyCookies, sent: bool, embedded: OpenEmbedded
) -> None:
    widget = embedded(third_party_cookies)
    visit = widget.page.context.new_page()
    visit.goto(f"{widget.op.issuer}/platform/sso?account=acme&provider=genesys")
    visit.click("[name=person][value=agent]")
    visit.wait_for_selector("#platform-done")
    widget.opens()
    assert (widget.person == "Sam Agent") is sent


def test_firefox_as_it_comes_signs_in_and_remembers(
    open_firefox: OpenFirefox, op: OpenIdProvider, page_url: str
) -> None:
    browser = open_firefox("partitioned")
    known = browser.windows()
    window = browser.new_window()
    window.goto(page_url)
    window.click("#widget-sign-in")
    pop_up = browser.window_beside(window, *known)
    pop_up.click("[name=person][value=agent]")
    window.waits_for("#widget[data-state=signed-in] #widget-suggestions")
    window.goto(page_url)
    window.waits_for("#widget[data-state=signed-in] #widget-suggestions")
    assert window.evaluate("document.querySelector('#widget-person').textContent") == "Sam Agent"


def test_firefox_that_blocks_third_party_cookies_says_so_by_staying_signed_out(
    open_firefox: OpenFirefox, op: OpenIdProvider, page_url: str
) -> None:
    """Nothing can be kept there, partitioned or not; the session lives as long as the page, at most."""
    window = open_firefox("blocked").new_window()
    window.goto(page_url)
    window.click("#widget-api-key")
    window.waits_for("#widget[data-state=signed-in] #widget-suggestions")
    window.goto(page_url)
    window.waits_for("#widget[data-state=signed-out] #widget-sign-in")


def identity_in(browser: BrowserContext, link: str, op: OpenIdProvider) -> str:
    """Open a link as from outside, and ask who is signed in there now."""
    page = browser.new_page()
    page.goto(link)
    page.goto(f"{op.issuer}/auth/session/")
    name: str = json.loads(page.inner_text("body"))["identity"]["user_name"]
    return name

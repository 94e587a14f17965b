"""A working day with the widget: after twenty minutes there is still a session, after a day somebody signs in again.

By every way in, where third-party cookies are allowed and where they are blocked; the clock is moved, not waited for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.cross_site.conftest import OpenEmbedded, OpenProfile
from tests.support.cross_site import ThirdPartyCookies
from tests.support.embedded import SIGNED_IN, SIGNED_OUT, Embedded

WAYS: dict[str, Callable[[Embedded], None]] = {
    "platform sign-in": Embedded.signs_in,
    "API key": Embedded.signs_in_by_api_key,
    "platform JWT": Embedded.signs_in_by_platform_jwt,
}
BY_EVERY_WAY = pytest.mark.parametrize("way", WAYS)
EITHER_CHOICE = pytest.mark.parametrize("third_party_cookies", ["allowed", "blocked"])
PATIENCE_SECONDS = 15
RENEWS = """async () => {
    const csrf = document.cookie.match(/csrf_refresh_token=([^;]+)/)[1];
    const answer = await fetch('/auth/refresh', {method: 'POST', headers: {'X-CSRF-TOKEN': csrf}});
    return answer.status;
}"""


def another_tab(widget: Embedded) -> Embedded:
    """Open the page once more in the same browser."""
    tab = Embedded(page=widget.page.context.new_page(), url=widget.url, op=widget.op)
    tab.opens()
    return tab


def pass_in_both(one: Embedded, other: Embedded, *, minutes: int) -> None:
    """Let time pass for the provider once, and for both pages."""
    one.passes(minutes=minutes)
    other.page.clock.fast_forward(minutes * 60_000)


def is_soon_renewed(widget: Embedded) -> None:
    """Return once the session is valid again: a renewal under way must not meet a clock that was moved meanwhile."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while widget.calls("/auth/session/")["status"] != 200:
        assert time.monotonic() < deadline, "it was never renewed"
        time.sleep(0.05)


@BY_EVERY_WAY
@EITHER_CHOICE
def test_the_session_outlives_twenty_minutes_and_not_a_day(
    embedded: OpenEmbedded, third_party_cookies: ThirdPartyCookies, way: str
) -> None:
    widget = embedded(third_party_cookies)
    WAYS[way](widget)
    widget.passes(minutes=20)
    assert (widget.state, widget.suggests) == (SIGNED_IN, True)
    widget.opens()
    assert (widget.person, widget.suggests) == ("Sam Agent", True)
    assert widget.calls("/auth/session/")["status"] == 200
    widget.passes(hours=25)
    widget.opens()
    assert (widget.state, widget.suggests) == (SIGNED_OUT, False)


@BY_EVERY_WAY
@EITHER_CHOICE
def test_two_tabs_never_sign_each_other_out(
    embedded: OpenEmbedded, third_party_cookies: ThirdPartyCookies, way: str
) -> None:
    widget = embedded(third_party_cookies)
    WAYS[way](widget)
    other = another_tab(widget)
    for _ in range(6):
        pass_in_both(widget, other, minutes=20)
        for tab in (widget, other):
            assert (tab.state, tab.suggests) == (SIGNED_IN, True)
            assert tab.calls("/auth/session/")["status"] in {200, 401}  # 401: expired, and about to be renewed
        is_soon_renewed(widget)
    for tab in (other, widget):
        tab.opens()
        assert tab.person == "Sam Agent"


@EITHER_CHOICE
def test_a_link_carries_the_session_for_as_long(
    embedded: OpenEmbedded, third_party_cookies: ThirdPartyCookies, open_profile: OpenProfile
) -> None:
    widget = embedded(third_party_cookies)
    widget.signs_in()
    link = widget.exchange_link()
    page = open_profile(third_party_cookies).new_page()
    page.goto(link)
    assert who_is_at(page, widget)["identity"]["user_name"] == "Sam Agent"
    widget.passes(minutes=20)
    assert who_is_at(page, widget)["error"] == "expired"
    assert page.evaluate(RENEWS) == 200
    assert who_is_at(page, widget)["identity"]["user_name"] == "Sam Agent"
    widget.passes(hours=25)
    assert page.evaluate(RENEWS) == 401
    assert who_is_at(page, widget)["error"] == "signed_out"


def who_is_at(page: Page, widget: Embedded) -> dict[str, Any]:
    """Ask in a window of the provider's own who is signed in there."""
    page.goto(f"{widget.op.issuer}/auth/session/")
    answer: dict[str, Any] = json.loads(page.inner_text("body"))
    return answer

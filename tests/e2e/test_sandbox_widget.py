"""The widget on the sandbox's platform page, by every way in, as plain ``make run`` serves it: all on one site."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.e2e.axe import findings
from tests.e2e.conftest import NewPage
from tests.support.node import Node
from tests.support.sandbox import Sandbox


def opens_the_platform_page(page: Page, sandbox: Sandbox) -> None:
    """By the link of the front page."""
    page.goto(sandbox.address)
    port = int(urlsplit(sandbox.address).port or 0) + 3
    page.click(f"a[href='http://127.0.0.1:{port}/']")
    page.wait_for_selector("#widget-sign-in")


def signs_in_at_the_platform(page: Page) -> None:
    with page.expect_popup() as window:
        page.click("#widget-sign-in")
    window.value.click("[name=person][value=agent]")


WAYS = {
    "platform sign-in": signs_in_at_the_platform,
    "API key": lambda page: page.click("#widget-api-key"),
    "platform JWT": lambda page: page.click("#widget-platform-jwt"),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_agent_signs_in_and_out_again(way: str, new_page: NewPage, sandbox: Sandbox) -> None:
    page = new_page()
    opens_the_platform_page(page, sandbox)
    WAYS[way](page)
    page.click("#widget-suggestions button")
    assert page.input_value("#desk-reply") == page.inner_text("#widget-suggestions button >> nth=0")
    page.reload()
    page.wait_for_selector("#widget-suggestions")
    assert page.inner_text("#widget-person") == "Sam Agent"
    page.click("#widget-sign-out")
    page.wait_for_selector("#widget-sign-in")
    assert not page.is_visible("#widget-suggestions")


def test_a_link_opens_the_session_in_another_browser(new_page: NewPage, sandbox: Sandbox) -> None:
    page = new_page()
    opens_the_platform_page(page, sandbox)
    page.click("#widget-api-key")
    page.click("#widget-exchange")
    page.wait_for_selector("#widget-link:visible")
    other = new_page()
    other.goto(str(page.get_attribute("#widget-exchange-link", "href")))
    other.wait_for_url(f"{sandbox.address}/")
    other.goto(f"{sandbox.address}/auth/session/")
    assert "Sam Agent" in other.inner_text("body")


def test_a_script_that_does_not_come_is_said_in_words(new_page: NewPage, sandbox: Sandbox) -> None:
    page = new_page()
    page.route("**/sdk/session.js", lambda route: route.abort())
    page.goto(f"http://127.0.0.1:{int(urlsplit(sandbox.address).port or 0) + 3}/")
    page.wait_for_selector(f"text=could not be loaded from {sandbox.address}")


def test_a_provider_that_cannot_be_reached_leaves_the_way_in_open(new_page: NewPage, sandbox: Sandbox) -> None:
    page = new_page()
    page.route("**/auth/session/", lambda route: route.abort())
    page.goto(f"http://127.0.0.1:{int(urlsplit(sandbox.address).port or 0) + 3}/")
    page.wait_for_selector("#widget-sign-in")
    assert "cannot be reached" in page.inner_text("#widget-message")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 360)])
def test_axe_finds_nothing_and_a_phone_is_wide_enough(
    scheme: str, width: int, new_page: NewPage, sandbox: Sandbox, node: Node
) -> None:
    page = new_page(color_scheme=scheme, bypass_csp=True, viewport={"width": width, "height": 760})
    opens_the_platform_page(page, sandbox)
    found = findings(page)
    page.click("#widget-platform-jwt")
    page.click("#widget-exchange")
    page.wait_for_selector("#widget-link:visible")
    found += findings(page)
    assert found == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")

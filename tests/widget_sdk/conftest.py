"""A scripted provider, a platform's page on another origin, and tabs of one browser to open it in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.support.chromium import ARGUMENTS
from tests.widget_sdk.calls import provider_running
from tests.widget_sdk.provider import ACCESS, REFRESH, Provider
from tests.widget_sdk.tab import Tab, platform_running

NewTab = Callable[..., Tab]
SignIn = Callable[[str], None]
TIMEOUT_MILLISECONDS = 10_000


@pytest.fixture(scope="module")
def chrome(chromium: str) -> Iterator[Browser]:
    """Chromium with its pop-up blocker. Not for the session: one thread can hold one Playwright; others may want it."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium, args=list(ARGUMENTS), ignore_default_args=["--disable-popup-blocking"]
        )
        yield running
        running.close()


@pytest.fixture
def context(chrome: Browser) -> Iterator[BrowserContext]:
    """A browser that knows nothing yet."""
    opened = chrome.new_context()
    opened.set_default_timeout(TIMEOUT_MILLISECONDS)
    yield opened
    opened.close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with provider_running() as running:
        yield running


@pytest.fixture
def platform(provider: Provider) -> Iterator[str]:
    """The origin of the platform's page, which the account lists."""
    with platform_running(provider.issuer) as origin:
        provider.origins.add(origin)
        yield origin


@pytest.fixture
def new_tab(context: BrowserContext, platform: str, provider: Provider) -> NewTab:
    """Return a function that opens the page in another tab; it takes settings of the script."""

    def open_tab(**settings: str) -> Tab:
        return Tab.opens(context.new_page(), platform, provider.issuer, **settings)

    return open_tab


@pytest.fixture
def tab(new_tab: NewTab) -> Tab:
    return new_tab()


@pytest.fixture
def signed_in(provider: Provider, context: BrowserContext) -> SignIn:
    """Return a function that gives the browser a session of a person, as an earlier visit left it."""

    def sign_in(person: str) -> None:
        token = f"{provider.signs_in(person).sid}:0"
        context.add_cookies(
            [
                {"name": ACCESS, "value": token, "domain": "127.0.0.1", "path": "/", "httpOnly": True},
                {"name": REFRESH, "value": token, "domain": "127.0.0.1", "path": "/auth/refresh", "httpOnly": True},
            ]
        )

    return sign_in

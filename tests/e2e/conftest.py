"""The sandbox as a newcomer starts it, and a real browser to visit it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.chromium import ARGUMENTS
from tests.support.sandbox import Sandbox, sandbox_running

NewPage = Callable[..., Page]
TIMEOUT_MILLISECONDS = 15_000


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium, running. Not for the session: one thread can hold one Playwright, and others may want it."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield running
        running.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Return a function that opens a window which knows nothing yet; it takes Playwright's context options."""
    with ExitStack() as stack:

        def open_window(**options: Any) -> Page:
            context = browser.new_context(**options)
            stack.callback(context.close)
            context.set_default_timeout(TIMEOUT_MILLISECONDS)
            return context.new_page()

        yield open_window


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The sandbox, started by its command in an empty instance."""
    with sandbox_running(tmp_path_factory.mktemp("sandbox")) as running:
        yield running

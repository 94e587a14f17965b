"""A browser that finds the two sites, trusts their certificate, and allows or blocks third-party cookies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import BrowserContext, Playwright

from idp.sandbox.certificates import Certificates
from tests.support.chromium import ARGUMENTS

ThirdPartyCookies = Literal["allowed", "blocked"]
TIMEOUT_MILLISECONDS = 15_000
# Chromium's own numbers for "allow all cookies" and "block third-party cookies", as its settings page writes them.
COOKIE_CONTROLS: dict[ThirdPartyCookies, int] = {"allowed": 0, "blocked": 1}


class Profiles:
    """Profiles that are lent out, and emptied when they come back.

    :param start: runs a browser that nobody has used.
    """

    def __init__(self, start: Callable[[ThirdPartyCookies], BrowserContext]) -> None:
        self._start = start
        self._idle: dict[ThirdPartyCookies, list[BrowserContext]] = {"allowed": [], "blocked": []}

    @contextmanager
    def lent(self, third_party_cookies: ThirdPartyCookies) -> Iterator[BrowserContext]:
        """Give one away while the block runs; nobody else has it meanwhile."""
        idle = self._idle[third_party_cookies]
        context = idle.pop() if idle else self._start(third_party_cookies)
        yield context
        # Without any page the browser would end.
        first, *others = context.pages
        for page in others:
            page.close()
        first.goto("about:blank")
        context.clear_cookies()
        idle.append(context)


@contextmanager
def chromium_profile(
    playwright: Playwright,
    executable: str,
    directory: Path,
    certificates: Certificates,
    *,
    third_party_cookies: ThirdPartyCookies,
) -> Iterator[BrowserContext]:
    """Run Chromium on a profile of its own while the block runs.

    A profile, since the choice about cookies is a preference of one, and Playwright's other contexts block them.

    :param directory: for the profile; nothing of a former one may be there.
    """
    preferences = directory / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True)
    profile = {"cookie_controls_mode": COOKIE_CONTROLS[third_party_cookies]}
    preferences.write_text(json.dumps({"profile": profile}), encoding="utf-8")
    context = playwright.chromium.launch_persistent_context(
        directory,
        executable_path=executable,
        args=[
            *ARGUMENTS,
            "--host-resolver-rules=MAP *.test 127.0.0.1",
            f"--ignore-certificate-errors-spki-list={certificates.server_pin}",
        ],
    )
    try:
        context.set_default_timeout(TIMEOUT_MILLISECONDS)
        context.clock.install()  # so that tests can move the time of pages
        yield context
    finally:
        context.close()

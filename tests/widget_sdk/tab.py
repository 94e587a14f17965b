"""A platform's page in a browser tab, with the script in it, as its person and its programmer use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from playwright.sync_api import Page

from tests.support.gallery import serving
from tests.widget_sdk.provider import ACCOUNT

EVENTS = ("signed-in", "renewed", "signed-out", "pop-up-blocked", "pop-up-lost", "refused", "unreachable")
PAGE = """<!doctype html><title>Platform</title><link rel="icon" href="data:,"><button>Sign in to Deepdesk</button>
<script src="ISSUER/sdk/session.js"></script>
<script>
  const heard = [];
  let session, outcome;
  function prepare(settings) {
    session = new DeepdeskSession(settings);
    for (const name of EVENTS) session.on(name, (detail) => heard.push([name, detail]));
  }
  document.querySelector("button").onclick = () => { outcome = session.signIn(); };
</script>"""
UNASKED = """<script>
  prepare(Object.fromEntries(new URLSearchParams(location.search)));
  setTimeout(() => { outcome = session.signIn(); }, 200);
</script>"""
OTHER_PAGE = "<script>opener.postMessage({type: 'deepdesk:handoff', handoff: 'planted'}, '*')</script>"


@contextmanager
def platform_running(issuer: str) -> Iterator[str]:
    """Serve a platform's page while the block runs; gives its origin."""
    app = Flask("platform")

    @app.get("/")
    def page() -> str:
        return page_of(issuer)

    @app.get("/unasked/")
    def unasked() -> str:
        """Sign in without anybody's click, which the browser's pop-up blocker prevents."""
        return page_of(issuer) + UNASKED

    @app.get("/other/")
    def other() -> str:
        return OTHER_PAGE

    with serving(app) as origin:
        yield origin


def page_of(issuer: str) -> str:
    """Return the platform's page."""
    return PAGE.replace("ISSUER", issuer).replace("EVENTS", json.dumps(EVENTS))


@dataclass(frozen=True)
class Tab:
    """One tab; the script's object is made, ``start()`` is the test's."""

    page: Page

    @classmethod
    def opens(cls, page: Page, address: str, issuer: str, **settings: str) -> Tab:
        page.goto(address)
        page.evaluate("settings => prepare(settings)", {"issuer": issuer, "account": ACCOUNT, **settings})
        return cls(page)

    def does(self, call: str, *arguments: Any) -> Any:
        """Call a method of the object and return what its promise brings."""
        return self.page.evaluate(f"(words) => session.{call}(...words)", list(arguments))

    def begins(self, call: str) -> None:
        """Call a method and wait for nothing."""
        self.page.evaluate(f"() => {{ outcome = session.{call}(); }}")

    def outcome(self) -> Any:
        """Return what the method brings that was begun, or that the click has called."""
        return self.page.evaluate("() => outcome")

    def says(self, member: str) -> Any:
        return self.page.evaluate(f"() => session.{member}")

    @property
    def state(self) -> str:
        return str(self.says("state"))

    def hears_messages(self) -> None:
        """Note from now on what other windows say to the page itself."""
        self.page.evaluate("() => { said = []; addEventListener('message', (event) => said.push(event.data)); }")

    def waits_for_messages(self, number: int) -> None:
        self.page.wait_for_function("(number) => said.length >= number", arg=number)

    @property
    def events(self) -> list[tuple[str, Any]]:
        return [(name, detail) for name, detail in self.page.evaluate("() => heard")]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    def waits_for(self, event: str, *, times: int = 1) -> Any:
        """Return the detail of the event, once it has come so often."""
        self.page.wait_for_function(
            "([name, times]) => heard.filter((event) => event[0] === name).length >= times", arg=[event, times]
        )
        return [detail for name, detail in self.events if name == event][times - 1]

    def clicks(self) -> Page:
        """Press the button; give the window that opens."""
        with self.page.expect_popup() as opened:
            self.page.click("button")
        return opened.value

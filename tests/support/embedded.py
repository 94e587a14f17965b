"""The widget on a platform's page, and what an agent does with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from tests.support.app import OpenIdProvider

SIGNED_OUT = "signed-out"
SIGNED_IN = "signed-in"


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """An agent's window with the platform's page.

    :param url: the page's origin.
    :param op: the provider whose widget it is.
    """

    page: Page
    url: str
    op: OpenIdProvider

    def opens(self) -> None:
        """Open the page, or open it again, and wait until the widget has found out whether there is a session."""
        self.page.goto(self.url)
        self.settles()

    def settles(self) -> None:
        """Wait until the widget knows, or says why not."""
        self.page.wait_for_selector("#widget-signed-out:visible, #widget-signed-in:visible")

    @property
    def state(self) -> str:
        """``unknown``, ``signed-in`` or ``signed-out``, as the widget shows it."""
        return self.page.get_attribute("#widget", "data-state") or ""

    @property
    def person(self) -> str:
        """Whom the widget names; empty when nobody is signed in."""
        return self.page.inner_text("#widget-person") if self.state == SIGNED_IN else ""

    @property
    def message(self) -> str:
        """What the widget says; empty most of the time."""
        return self.page.inner_text("#widget-message") if self.page.is_visible("#widget-message") else ""

    @property
    def suggests(self) -> bool:
        """Whether suggestions can be seen."""
        return self.page.is_visible("#widget-suggestions")

    def becomes(self, state: str) -> None:
        """Wait for a state."""
        self.page.wait_for_selector(f"#widget[data-state={state}]")

    def begins_to_sign_in(self) -> Page:
        """Press the button; returns the window that opens."""
        with self.page.expect_popup() as opened:
            self.page.click("#widget-sign-in")
        return opened.value

    def signs_in(self, person: str = "agent") -> None:
        """All the way through the platform's own sign-in, as one of its people."""
        window = self.begins_to_sign_in()
        window.click(f"[name=person][value={person}]")
        self.becomes(SIGNED_IN)

    def signs_in_by_api_key(self) -> None:
        """Let the platform vouch for whoever works here, by its API key."""
        self.page.click("#widget-api-key")
        self.becomes(SIGNED_IN)

    def signs_in_by_platform_jwt(self) -> None:
        """Let the platform's server sign who works here."""
        self.page.click("#widget-platform-jwt")
        self.becomes(SIGNED_IN)

    def exchange_link(self) -> str:
        """Ask for an address that carries the session into another browser."""
        self.page.click("#widget-exchange")
        self.page.wait_for_selector("#widget-link:visible")
        return self.page.get_attribute("#widget-exchange-link", "href") or ""

    def signs_out(self) -> None:
        """Press the button, and wait for the end."""
        self.page.click("#widget-sign-out")
        self.becomes(SIGNED_OUT)

    def is_used_by(self, agent: str) -> None:
        """Let the platform say who works here now, by the agent's key; empty when it does not say."""
        self.page.select_option("#desk-agent", agent)

    def passes(self, **duration: float) -> None:
        """Let time pass for the provider and for the page's timers, in the words of ``timedelta``."""
        before = self.op.clock.now()
        self.op.clock.advance(**duration)
        self.page.clock.fast_forward(int((self.op.clock.now() - before).total_seconds() * 1000))

    def calls(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> Any:
        """Fetch an address of the provider from the page's script, with credentials; gives status and text."""
        return self.page.evaluate(
            "([url, method, headers]) => fetch(url, {method, headers, credentials: 'include'})"
            ".then(async answer => ({status: answer.status, text: await answer.text()}))",
            [self.op.issuer + path, method, headers or {}],
        )

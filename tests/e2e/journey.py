"""A newcomer in the sandbox, step by step."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from tests.support import derivations
from tests.support.sandbox import Sandbox


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody with a browser window."""

    page: Page
    sandbox: Sandbox

    def arrives(self) -> None:
        """Open the one address that the sandbox prints."""
        self.page.goto(self.sandbox.address)

    def asks_to_sign_in(self) -> None:
        """From the landing page to the sample service, and on to the ways in."""
        self.arrives()
        self.page.click("a.start")
        self.page.click("#sign-in")
        self.page.wait_for_selector("a.provider")

    def goes_to(self, provider: str) -> None:
        """All the way to the people of one of the company's platforms."""
        self.asks_to_sign_in()
        self.page.click(f"a.provider[data-provider={provider}]")
        self.page.wait_for_selector("[name=person]")

    def goes_to_the_platform(self) -> None:
        """To the people of the platform by the book."""
        self.goes_to("platform")

    def goes_to_google(self) -> None:
        """By the quiet link to the people of Google Workspace."""
        self.asks_to_sign_in()
        self.page.click("#staff")
        self.page.wait_for_selector("[name=person]")

    def chooses(self, person: str, *, fault: str = "none") -> None:
        """Be somebody at the platform, which misbehaves as told."""
        self.page.select_option("[name=fault]", fault)
        self.page.click(f"[name=person][value={person}]")

    def cancels(self) -> None:
        """Be nobody at the platform."""
        self.page.click("[name=cancel]")

    def signs_in_as(self, person: str, *, by: str = "platform") -> None:
        """The whole way, to the sample service's page with the claims."""
        self.goes_to(by)
        self.chooses(person)
        self.page.wait_for_selector("#claims-json")

    def comes_as_staff(self, person: str) -> None:
        """Up to the question whether to enter the account."""
        self.goes_to_google()
        self.chooses(person)
        self.page.wait_for_selector("#staff-enter")

    def enters_as_staff(self, person: str) -> None:
        """The whole way of staff, to the sample service's page with the claims."""
        self.comes_as_staff(person)
        self.page.click("#staff-enter")
        self.page.wait_for_selector("#claims-json")

    def meets_an_error(self) -> str:
        """See the error page with its code; return what it says."""
        error = self.page.wait_for_selector("#error")
        assert error
        assert error.get_attribute("data-code")
        return error.inner_text()

    def meets_an_error_with_a_way_back(self) -> None:
        """See the error page, take its obvious way, and arrive at the ways in again."""
        self.meets_an_error()
        self.page.click("#error .actions a")
        self.page.wait_for_selector("a.provider")

    def tries_again_at_google(self) -> None:
        """Take the error page's obvious way, and arrive where another account can be chosen."""
        self.page.click("#error .actions a")
        self.page.wait_for_selector("[name=person]")

    def begins_to_sign_out(self) -> None:
        """From the sample service to the question whether to sign out."""
        self.page.click("#someone-else")
        self.page.wait_for_selector("#logout-confirm")

    def signs_out(self) -> None:
        """From the sample service to the page that says it is done."""
        self.begins_to_sign_out()
        self.page.click("#logout-confirm")
        self.page.wait_for_selector("#signed-out")

    @property
    def claims(self) -> dict[str, Any]:
        """What the sample service verified and shows; the operator can derive the roles in it."""
        claims: dict[str, Any] = json.loads(self.page.inner_text("#claims-json"))
        explained = json.loads(self.sandbox.idp("users", "explain", claims["sub"], "--json"))
        derivations.check_by_command(explained, claims)
        return claims

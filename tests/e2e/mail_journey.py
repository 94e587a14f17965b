"""People who come by mail, step by step: whoever asks, and whoever decides. Each reads their mails in the mailbox."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import TimeoutError as TookTooLong

from tests.support.sandbox import Sandbox

MAIL_WITHIN_SECONDS = 25
"""What is decided is mailed ten seconds later, and the worker looks every second; the machine may be busy."""
LOOK_EVERY_SECONDS = 0.25
PRESSES = 3
WINDOW_WITHIN_MILLISECONDS = 6000
_MAILS = "table.mails tbody th a"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody with an address, and a browser in which they also read their mails.

    :param context: of the browser; every window of theirs is opened in it.
    """

    context: BrowserContext
    sandbox: Sandbox
    address: str

    def mails(self) -> list[str]:
        """Return the subjects of the mails to them, the newest first."""
        mailbox = self._mailbox()
        subjects = mailbox.locator(_MAILS).all_inner_texts()
        mailbox.close()
        return subjects

    def waits_for(self, mails: int) -> list[str]:
        """Wait until so many mails lie there."""
        deadline = time.monotonic() + MAIL_WITHIN_SECONDS
        while len(subjects := self.mails()) < mails:
            assert time.monotonic() < deadline, f"{self.address} has {subjects}, and not {mails} mails"
            time.sleep(LOOK_EVERY_SECONDS)
        return subjects

    def opens(self, number: int, *, about: str = "") -> Page:
        """Open a mail.

        :param number: so many have to be there; the newest of them is opened.
        :param about: what its subject contains.
        """
        self.waits_for(number)
        mailbox = self._mailbox()
        mailbox.locator(_MAILS, has_text=about).first.click()
        mailbox.wait_for_selector("#html")
        return mailbox

    def presses_the_button(self, mail: Page) -> Page:
        """Press what the HTML part has to press; return the window that opens.

        A busy browser now and then loses a press in a frame that it has only just shown; people press again.
        """
        for presses_left in reversed(range(PRESSES)):
            try:
                with mail.expect_popup(timeout=WINDOW_WITHIN_MILLISECONDS) as window:
                    mail.frame_locator("#html").locator("a.label").click()
                break
            except TookTooLong:
                if not presses_left:
                    raise
        window.value.wait_for_selector("main")
        return window.value

    def _mailbox(self) -> Page:
        page = self.context.new_page()
        page.goto(f"{self.sandbox.address}/mailbox/?{urlencode({'to': self.address, 'still': '1'})}")
        return page


@dataclass(frozen=True, kw_only=True)
class Agent(Reader):
    """Somebody who wants to use the sample service."""

    def asks_to_sign_in(self) -> Page:
        """From the sample service to the page that waits for the code; return its window."""
        page = self.context.new_page()
        page.goto(sample_of(self.sandbox))
        page.click("#sign-in")
        page.fill("#sign-in-email [name=email]", self.address)
        page.click("#sign-in-email [type=submit]")
        page.wait_for_selector("#magic-code")
        return page

    def asks_for_access(self, message: str = "") -> Page:
        """Press the button of the first mail, and the one behind it; return the window that shows how it stands."""
        page = self.presses_the_button(self.opens(1))
        page.fill("#access-request [name=message]", message)
        page.click("#access-request [type=submit]")
        page.wait_for_url("**/access-requests/status/**")
        return page

    def signs_in_by(self, mail: Page) -> Page:
        """Press the mail's button and the one behind it, in the browser that asked; return the service's window."""
        page = self.presses_the_button(mail)
        page.click("#magic-confirm-button")
        page.wait_for_selector("#claims-json")
        return page


@dataclass(frozen=True, kw_only=True)
class Manager(Reader):
    """Somebody who decides."""

    def signs_in_at_the_platform(self) -> Page:
        """To the requests, by way of the company's own sign-in."""
        page = self.context.new_page()
        page.goto(requests_of(self.sandbox))
        page.click("a.provider[data-provider=platform]")
        page.click("[name=person][value=manager]")
        page.wait_for_url("**/manage/access-requests/**")
        return page

    def reads_of(self, asker: str) -> Page:
        """Open the mail about somebody, and press its button; return the window with the requests."""
        deadline = time.monotonic() + MAIL_WITHIN_SECONDS
        while not any(asker in subject for subject in self.mails()):
            assert time.monotonic() < deadline, f"no mail about {asker}"
            time.sleep(LOOK_EVERY_SECONDS)
        return self.presses_the_button(self.opens(1, about=asker))

    def approves(self, asker: str, page: Page) -> None:
        """Let somebody in, as an agent."""
        form = form_about(asker, page)
        form.locator("[name=role]").select_option("deepdesk.agent")
        form.locator("[value=approve]").click()
        page.wait_for_selector("[role=status]")

    def denies(self, asker: str, reason: str, page: Page) -> None:
        """Turn somebody down."""
        form = form_about(asker, page)
        form.locator("[name=reason]").fill(reason)
        form.locator("[value=deny]").click()
        page.wait_for_selector("[role=status]")


def form_about(asker: str, page: Page) -> Any:
    """Return the form in which somebody's request is decided."""
    return page.locator("li", has=page.locator("h3", has_text=asker)).locator("form[id^=decide-]")


def claims_at(page: Page) -> dict[str, Any]:
    """Return the claims that the sample service verified and shows."""
    claims: dict[str, Any] = json.loads(page.inner_text("#claims-json"))
    return claims


def code_in(mail: Page) -> str:
    """Return the code, which stands on a line of its own in the text part."""
    [code] = [line for line in mail.inner_text("#text").splitlines() if len(line) == 9 and line[4] == "-"]
    return code


def link_in(mail: Page) -> str:
    """Return the first address in the text part."""
    return str(mail.locator("#text a").first.get_attribute("href"))


def request_of(asker: str, sandbox: Sandbox) -> dict[str, Any]:
    """Return somebody's request, as the command line tells of it."""
    found = json.loads(sandbox.idp("access-requests", "list", "--account", "acme", "--json"))
    [request] = [one for one in found if one["email"] == asker]
    return dict(request)


def sample_of(sandbox: Sandbox) -> str:
    """Return the sample service's address."""
    return f"http://localhost:{(urlsplit(sandbox.address).port or 0) + 2}/"


def requests_of(sandbox: Sandbox) -> str:
    """Return the address of the page where requests are decided."""
    return f"{sandbox.address}/manage/access-requests/?account=acme"

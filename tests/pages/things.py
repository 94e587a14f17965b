"""Staff at work on an account's providers, keys and secrets, as the tests here need them."""

from __future__ import annotations

from html.parser import HTMLParser

from werkzeug.test import TestResponse

from tests.pages.manage import does, signs_in_as
from tests.support.app import CASEY, Browser, OpenIdProvider

PROVIDERS = "/manage/providers/?account=acme"
SERVICES = "/manage/services/?account=acme"
KEYS = "/manage/keys/?account=acme"


def provider_page(code: str, part: str = "", account: str = "acme") -> str:
    """Return the address of a provider's page, or of a part of it."""
    return f"/manage/providers/{code}/{part}?account={account}"


def staff_who_entered(op: OpenIdProvider, account: str = "acme") -> Browser:
    """Return the browser of a staff member who entered an account as its manager."""
    op.staff_sign_in_with_google()
    op.grants(str(CASEY.email), account)
    casey = signs_in_as(op, CASEY)
    assert does(casey, f"/manage/providers/?account={account}", "").status_code == 303
    return casey


class Filled(HTMLParser):
    """What a browser would send of the form of that ``id``, were it sent as it is shown."""

    def __init__(self, page: TestResponse, name: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.action = ""
        self._name, self._within = name, False
        self._area: str | None = None
        self._select: str | None = None
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("id") == self._name:
            self._within, self.action = True, given["action"]
        if not self._within:
            return
        name = given.get("name", "")
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.fields[name] = given.get("value", "")
        elif tag == "textarea":
            self._area, self.fields[name] = name, ""
        elif tag == "select":
            self._select, self.fields[name] = name, ""
        elif tag == "option" and self._select and "selected" in given:
            self.fields[self._select] = given["value"]

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            # The line end after the tag is none of what was written (HTML §13.1.2.5).
            self.fields[self._area] = self.fields[self._area].removeprefix("\n")
            self._area = None
        if tag == "select":
            self._select = None
        if tag == "form":
            self._within = False


def fills_in(browser: Browser, page: TestResponse, form: str, **typed: str | None) -> TestResponse:
    """Send a form as it is shown, but for what is typed; what is none is not sent, as an unticked box."""
    found = Filled(page, form)
    assert found.action, f"no form {form}:\n{page.text}"
    fields = {name: value for name, value in (found.fields | typed).items() if value is not None}
    return browser.posts(found.action, fields, headers={"Origin": browser.issuer})

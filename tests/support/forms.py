"""A page's forms, filled in and sent as a browser without scripts does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from werkzeug.test import TestResponse

from tests.support.app import Browser


@dataclass(kw_only=True)
class Form:
    """A form, with what it carries already.

    :param name: its ``id``; empty for one that has none.
    """

    name: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)


def forms_of(html: str) -> list[Form]:
    """Return a page's forms in their order."""
    reader = _Reader()
    reader.feed(html)
    return reader.forms


def submits(browser: Browser, page: TestResponse, name: str, /, **typed: str) -> TestResponse:
    """Send the page's form of that ``id``.

    :param typed: what the person typed, and the value of the button that they press.
    """
    found = [form for form in forms_of(page.text) if form.name == name]
    assert len(found) == 1, f"no form {name}:\n{page.text}"
    return browser.posts(found[0].action, found[0].fields | typed, headers={"Origin": browser.issuer})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._within = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(name=given.get("id", ""), action=given["action"]))
            self._within = True
        elif tag == "input" and self._within and given.get("name"):
            self.forms[-1].fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._within = False

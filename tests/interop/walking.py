"""A browser without a screen: follows redirects, keeps cookies, submits the one form of a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

MOST_STEPS = 20
TIMEOUT_SECONDS = 15


@dataclass(frozen=True, kw_only=True)
class Page:
    """Where the browser came to rest.

    :param html: empty when the address was only reached, not fetched.
    """

    url: str
    status: int = 0
    html: str = ""

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address, each once."""
        return {name: value for name, (value,) in parse_qs(urlsplit(self.url).query).items()}

    def has(self, element_id: str) -> bool:
        """Whether an element with that ``id`` is on the page."""
        return element_id in _Elements.of(self.html).ids


@dataclass(kw_only=True)
class Browser:
    """One person's browser.

    :param stop: the Relying Party's redirect URI; the browser goes there no more, but shows the address.
    """

    stop: str
    session: requests.Session = field(default_factory=requests.Session)

    def open(self, url: str) -> Page:
        """Go to an address and wherever it leads."""
        return self._follow(requests.Request("GET", url))

    def submit(self, page: Page, **values: str) -> Page:
        """Fill in and send the page's form, hidden fields included."""
        elements = _Elements.of(page.html)
        assert elements.form, f"no form on {page.url}:\n{page.html}"
        target = urljoin(page.url, elements.form.get("action") or page.url)
        return self._follow(requests.Request("POST", target, data=elements.fields | values))

    def _follow(self, request: requests.Request) -> Page:
        for _ in range(MOST_STEPS):
            prepared = self.session.prepare_request(request)
            answer = self.session.send(prepared, allow_redirects=False, timeout=TIMEOUT_SECONDS)
            if not answer.is_redirect:
                return Page(url=answer.url, status=answer.status_code, html=answer.text)
            target = urljoin(answer.url, answer.headers["Location"])
            if target.startswith(self.stop):
                return Page(url=target)
            request = requests.Request("GET", target)
        raise AssertionError(f"more than {MOST_STEPS} redirects, at last to {target}")


class _Elements(HTMLParser):
    """The ids of a page, and its last form with its fields."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.form: dict[str, str | None] = {}
        self.fields: dict[str, str] = {}

    @classmethod
    def of(cls, html: str) -> _Elements:
        elements = cls()
        elements.feed(html)
        return elements

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if identifier := attributes.get("id"):
            self.ids.add(identifier)
        if tag == "form":
            self.form, self.fields = {"action": attributes.get("action")}, {}
        if tag == "input" and attributes.get("type") == "hidden" and attributes.get("name"):
            self.fields[str(attributes["name"])] = attributes.get("value") or ""

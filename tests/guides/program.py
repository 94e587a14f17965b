"""A guide's program as a process, and the browser of a person who uses it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from urllib.parse import urlsplit

import requests

from idp.sandbox.platform import PlatformClient
from tests.guides.guide import Guide
from tests.interop.walking import Browser, Page
from tests.support.platform import RunningPlatform
from tests.support.serve import Served, environment, free_port, running, wait_for

PATIENCE_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Program:
    """A running service of a guide.

    :param url: where it answers, without a slash at the end; the host is ``localhost``, so that it shares no
        cookies with the provider at ``127.0.0.1``.
    :param client_id: what its registration gave it.
    :param env: what it was started with.
    :param log_file: everything that it has written.
    """

    url: str
    client_id: str
    env: Mapping[str, str] = field(repr=False)
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")


def register(provider: Served, guide: Guide, url: str) -> dict[str, str]:
    """Register a guide's service by the command that stands in the guide, and return its settings."""
    client = provider.command(*guide.registration(url))
    secret = {"CLIENT_SECRET": client["client_secret"]} if "client_secret" in client else {}
    return {"ISSUER": provider.issuer, "SERVICE_URL": url, "CLIENT_ID": client["client_id"], **secret}


@contextmanager
def serving(
    command: list[str], settings: dict[str, str], directory: Path, *, address: str = "", ready: str = "/"
) -> Iterator[Program]:
    """Run a guide's program until the block ends.

    :param settings: from :func:`register`, and whatever else the guide says.
    :param address: where it answers, when its public address is another.
    :param ready: a path that answers once it runs.
    """
    url = address or settings["SERVICE_URL"]
    log_file = directory / "program.log"
    env = environment({**settings, "PYTHONDONTWRITEBYTECODE": "1"})
    with running(command, log_file, env=env) as process:
        wait_for(f"{url}{ready}", process, log_file)
        yield Program(url=url, client_id=settings["CLIENT_ID"], env=env, log_file=log_file)


@dataclass(kw_only=True)
class Person:
    """Somebody with a browser, and every address that it was sent to."""

    program: Program
    browser: Browser = field(default_factory=lambda: Browser(stop="nowhere"))
    sent_to: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.browser.session.hooks["response"].append(lambda answer, **_: self.sent_to.append(answer.url))
        # Browsers take Secure cookies from http://localhost, too.
        self.browser.session.cookies.set_policy(DefaultCookiePolicy(secure_protocols=("https", "http")))

    def opens(self, path: str = "/") -> Page:
        return self.browser.open(f"{self.program.url}{path}")

    def signs_in(self, person: str = "manager", *, path: str = "/sign-in") -> Page:
        """All the way: to the provider, to the platform, be somebody there, and back."""
        return self.browser.submit(self.opens(path), person=person)

    def stops_at_the_callback(self, person: str = "manager") -> str:
        """Sign in, but keep the last address to oneself; returns it."""
        self.browser.stop = f"{self.program.url}/callback"
        answer = self.signs_in(person).url
        self.browser.stop = "nowhere"
        return answer

    def forgets_the_service(self) -> None:
        """Lose the service's cookies and keep the provider's."""
        self.browser.session.cookies.clear(domain="localhost.local")


def text(page: Page, element_id: str) -> str:
    """The text of the element with that ``id``; empty when there is none."""
    found = re.search(rf'id="?{element_id}"?>([^<]*)<', page.html)
    return unescape(found[1]) if found else ""


def stranger(program: Program) -> Person:
    """Somebody else, with another browser, at the same service."""
    return Person(program=program)


def set_cookies(url: str) -> str:
    """The Set-Cookie lines that an address answers with, unredirected."""
    answer = requests.get(url, allow_redirects=False, timeout=15)
    return "\n".join(answer.raw.headers.getlist("Set-Cookie"))


def has_token(said: str) -> bool:
    """Whether a JSON Web Token stands there; how one begins is no sign, a random code or state has that by chance."""
    return re.search(r"eyJ[\w-]+\.[\w-]", said) is not None


def path_of(page: Page) -> str:
    return urlsplit(page.url).path


def lied_to(settings: dict[str, str], platform: RunningPlatform) -> dict[str, str]:
    """Give a program's settings for a provider that lies when told to: the simulated platform."""
    client = PlatformClient(client_id="service", client_secret="of-the-service")
    platform.state.clients[client.client_id] = client  # type: ignore[index]
    return {
        **settings,
        "ISSUER": platform.issuer,
        "CLIENT_ID": client.client_id,
        "CLIENT_SECRET": client.client_secret,
        "SERVICE_URL": f"http://localhost:{free_port()}",
    }


def eventually(happened: Callable[[], bool]) -> None:
    """Return as soon as something happened that another process does on its own; fail when it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)

"""People who come by mail to a provider that is served; their mails lie in the folder of development's mailbox."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path

from idp.outbound.mailbox import FOLDER, SUFFIX
from tests.interop.walking import Browser, Page
from tests.support.serve import Served

PATIENCE_SECONDS = 60
LOOK_EVERY_SECONDS = 0.1
NOWHERE = "http://127.0.0.1:1/"


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """What a mail carries."""

    link: str
    code: str


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody of acme, with an address and a browser of their own."""

    provider: Served
    address: str
    browser: Browser = field(default_factory=lambda: Browser(stop=NOWHERE))

    def asks(self) -> Page:
        """Ask on the account's sign-in page; return the page that waits for the code."""
        page = self.browser.open(f"{self.provider.issuer}/login/?account=acme")
        return self.browser.submit(page, email=self.address)

    @property
    def is_in(self) -> bool:
        """Whether they are signed in in this browser."""
        page = self.browser.open(f"{self.provider.issuer}/account/")
        return page.url.endswith("/account/") and self.address in page.html


def make_people(provider: Served, directory: Path, count: int) -> list[Visitor]:
    """Make an account whose people come by mail, and so many of them."""
    provider.command("accounts", "create", "acme", "--name", "Acme")
    addresses = [f"agent{number}@acme.example" for number in range(count)]
    file = directory / "people.csv"
    file.write_text("email,name,roles,platform_id\n" + "".join(f"{one},,,\n" for one in addresses))
    provider.command("users", "import", str(file), "--account", "acme")
    return [Visitor(provider=provider, address=one) for one in addresses]


def mails_at(provider: Served, *, at_least: int) -> dict[str, list[Arrived]]:
    """Wait until so many mails have arrived; return them by whom they went to, the oldest first."""
    folder = Path(provider.env["IDP_INSTANCE_DIR"]) / FOLDER
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(files := sorted(folder.glob(f"*{SUFFIX}"))) < at_least:
        assert time.monotonic() < deadline, f"{len(files)} of {at_least} mails arrived:\n{provider.log[-2000:]}"
        time.sleep(LOOK_EVERY_SECONDS)
    found: dict[str, list[Arrived]] = {}
    for file in files:
        to, mail = _read(file.read_bytes())
        found.setdefault(to, []).append(mail)
    return found


def _read(content: bytes) -> tuple[str, Arrived]:
    message = message_from_bytes(content, policy=policy.default)
    part = message.get_body(("plain",))
    assert part is not None
    text = "\n".join(part.get_content().splitlines())
    link = re.search(r"https?://\S+", text)
    code = re.search(r"^[A-Z0-9]{4}-[A-Z0-9]{4}$", text, re.MULTILINE)
    assert link is not None
    assert code is not None
    return str(message["To"]), Arrived(link=link[0], code=code[0])

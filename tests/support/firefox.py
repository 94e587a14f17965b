"""The system's Firefox, driven by WebDriver BiDi: it keeps cookies of other sites by rules of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.support.bidi import Bidi
from tests.support.parts import PartMissing
from tests.support.serve import environment, running
from tests.support.tls import SecureAddress

INSTALL = "install Firefox (Debian: apt install firefox-esr)"
NAMES = ("firefox-esr", "firefox")
START_TIMEOUT_SECONDS = 60
WAIT_SECONDS = 15
READY = "WebDriver BiDi listening on "

CookieRule = Literal["allowed", "blocked", "partitioned"]
# Firefox' own numbers (nsICookieService): accept all, reject foreign, partition foreign (what it does by default).
COOKIE_BEHAVIOR: dict[CookieRule, int] = {"allowed": 0, "blocked": 1, "partitioned": 5}


def executable() -> str:
    """Return the browser's path.

    :raises PartMissing: there is none.
    """
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise PartMissing(INSTALL)


def version(path: str) -> str:
    """Return what the browser calls itself, e.g. ``153.7.0esr``."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=60)
    return said.stdout.split()[-1]


@dataclass(frozen=True, kw_only=True)
class FirefoxWindow:
    """A window, by BiDi's name for its browsing context."""

    bidi: Bidi
    context: str

    def goto(self, url: str) -> None:
        """Open an address, and wait until it is loaded."""
        self.bidi.call("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """Return what an expression comes to in the page; of a promise, what it resolves to.

        :raises AssertionError: it throws, or its value is not JSON.
        """
        said = self._evaluate(f"Promise.resolve({expression}).then(value => JSON.stringify(value ?? null))")
        return json.loads(said["value"])

    def waits_for(self, selector: str) -> None:
        """Wait until an element is shown."""
        shown = f"!!document.querySelector({json.dumps(selector)})?.checkVisibility()"
        deadline = time.monotonic() + WAIT_SECONDS
        while not self.evaluate(shown):
            assert time.monotonic() < deadline, f"{selector} never came: {self.evaluate('document.body.innerText')}"
            time.sleep(0.05)

    def click(self, selector: str) -> None:
        """Press an element as a person does, so that it may open windows."""
        self.waits_for(selector)
        element = self._evaluate(f"document.querySelector({json.dumps(selector)})")
        self._evaluate(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
        origin = {"type": "element", "element": {"sharedId": element["sharedId"]}}
        press = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "actions": press}
        self.bidi.call("input.performActions", context=self.context, actions=[mouse])

    def _evaluate(self, expression: str) -> dict[str, Any]:
        answer = self.bidi.call(
            "script.evaluate",
            expression=expression,
            target={"context": self.context},
            awaitPromise=True,
            userActivation=False,
        )
        assert answer["type"] == "success", answer.get("exceptionDetails", {}).get("text")
        result: dict[str, Any] = answer["result"]
        return result


@dataclass(frozen=True, kw_only=True)
class Firefox:
    """A running Firefox."""

    bidi: Bidi

    def windows(self) -> list[FirefoxWindow]:
        """Return its windows, pop-ups included, in no order."""
        tree = self.bidi.call("browsingContext.getTree", maxDepth=0)
        return [FirefoxWindow(bidi=self.bidi, context=one["context"]) for one in tree["contexts"]]

    def new_window(self) -> FirefoxWindow:
        """Open a window."""
        context = self.bidi.call("browsingContext.create", type="tab")["context"]
        return FirefoxWindow(bidi=self.bidi, context=context)

    def window_beside(self, *known: FirefoxWindow) -> FirefoxWindow:
        """Return the window that has just opened beside those that are known."""
        contexts = {window.context for window in known}
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            for window in self.windows():
                if window.context not in contexts:
                    return window
            assert time.monotonic() < deadline, "no window opened"
            time.sleep(0.05)


@contextmanager
def firefox_running(
    path: str, directory: Path, addresses: Iterable[SecureAddress], *, third_party_cookies: CookieRule
) -> Iterator[Firefox]:
    """Run Firefox on an empty profile while the block runs.

    :param directory: for the profile; made.
    :param addresses: which it finds here, and whose certificate it accepts there and nowhere else.
    """
    directory.mkdir(parents=True)
    known = list(addresses)
    preferences = {
        "network.dns.localDomains": ",".join(address.name for address in known),
        "network.cookie.cookieBehavior": COOKIE_BEHAVIOR[third_party_cookies],
        "remote.prefs.recommended": True,
        "app.update.enabled": False,
        "datareporting.policy.dataSubmissionEnabled": False,
        "dom.security.https_first": False,
    }
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items()]
    (directory / "user.js").write_text("\n".join(lines), encoding="utf-8")
    (directory / "cert_override.txt").write_text("".join(map(_exception, known)), encoding="ascii")
    log_file = directory / "firefox.log"
    command = [path, "--headless", "--no-remote", "--profile", str(directory), "--remote-debugging-port", "0"]
    with running(command, log_file, env={**environment({}), "HOME": str(directory)}) as process:
        bidi = Bidi(_address(process, log_file))
        try:
            yield Firefox(bidi=bidi)
        finally:
            bidi.close()


def _exception(address: SecureAddress) -> str:
    """Return the line by which Firefox remembers that somebody accepted this certificate at this place."""
    certificate = x509.load_pem_x509_certificate(address.certificates.server.read_bytes())
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    return f"{address.name}:{address.port}:\tOID.2.16.840.1.101.3.4.2.1\t{fingerprint}\t\n"


def _address(process: subprocess.Popen[bytes], log_file: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        said = log_file.read_text(encoding="utf-8", errors="replace")
        if READY in said:
            return said.partition(READY)[2].split()[0]
        gave_up = process.poll() is not None or time.monotonic() > deadline
        assert not gave_up, f"Firefox never listened:\n{said}"
        time.sleep(0.05)

"""A sandbox started by the README's own command, and what its further commands make of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.walking import Browser
from tests.readme.document import ROOT, the_block, the_blocks
from tests.readme.running import Terminal, facts
from tests.support.sandbox import free_ports
from tests.support.serve import START_TIMEOUT_SECONDS, running

REDIRECT_URI = "http://127.0.0.1:5000/callback"
"""The README's; the browser stops before it."""


@pytest.fixture(scope="session")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """The second terminal of somebody who keeps the data elsewhere and has moved the sandbox."""
    port = free_ports()
    return Terminal(
        settings={
            "PORT": str(port),
            "IDP_INSTANCE_DIR": str(tmp_path_factory.mktemp("instance")),
            "IDP_ISSUER": f"http://127.0.0.1:{port}",
        }
    )


@pytest.fixture(scope="session")
def said(terminal: Terminal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What ``make run`` has printed once it said where to go; the sandbox runs until the tests are done."""
    log_file = tmp_path_factory.mktemp("make-run") / "terminal.log"
    make_run = the_blocks("Two commands", "sh")[0]
    # No word of the README: in a terminal, Ctrl-C reaches make and all it started.
    with running(["sh", "-c", f"cd '{ROOT}'\n{make_run}"], log_file, env=terminal.env):
        yield _wait_for_address(log_file)


@pytest.fixture(scope="session")
def issuer(terminal: Terminal, said: str) -> str:
    return terminal.settings["IDP_ISSUER"]


@pytest.fixture(scope="session")
def service(terminal: Terminal, issuer: str) -> dict[str, str]:
    """The first service, as registration printed it."""
    return facts(terminal.run(the_block("Register your first service", "sh")))


@pytest.fixture(scope="session")
def connected(terminal: Terminal, issuer: str) -> dict[str, str]:
    """The upstream, as its commands printed it."""
    return facts(terminal.run(*the_blocks("Connect an upstream", "sh")))


@pytest.fixture(scope="session")
def dashboard(terminal: Terminal, connected: dict[str, str]) -> dict[str, str]:
    """The service without PKCE, whose people sign in at that upstream."""
    return facts(terminal.run(the_block("Services that know no PKCE", "sh")))


@pytest.fixture
def browser() -> Iterator[Browser]:
    opened = Browser(stop=REDIRECT_URI)
    with opened.session:
        yield opened


def _wait_for_address(log_file: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while "http://" not in (printed := log_file.read_text(encoding="utf-8")):
        assert time.monotonic() < deadline, f"make run printed no address:\n{printed}"
        time.sleep(0.05)
    return printed

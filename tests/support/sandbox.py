"""The sandbox as ``make run`` starts it, in a process of its own."""

from __future__ import annotations

import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from idp.sandbox.world import PORTS, issuer_at
from tests.support.commands import run_forked
from tests.support.serve import IDP, START_TIMEOUT_SECONDS, environment, running

LOWEST, HIGHEST = 11_000, 32_000
"""Linux hands out ports from 32768 on; the last that browsers refuse to open before that is 10080."""


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A running sandbox.

    :param address: the provider's, which is also the landing page's.
    """

    address: str
    env: Mapping[str, str]
    log_file: Path

    def idp(self, *arguments: str) -> str:
        """Run a command in a second terminal; return what it printed.

        :raises AssertionError: it failed; the message is what it said.
        """
        done = run_forked(*arguments, environ=environment(self.env))
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        return done.stdout


@contextmanager
def sandbox_running(directory: Path, *, tls: bool = False) -> Iterator[Sandbox]:
    """Start the sandbox in an empty instance on a free loopback port; it ends with the block."""
    port = free_ports()
    address = issuer_at("127.0.0.1", port, tls=tls)
    settings = {"IDP_INSTANCE_DIR": str(directory / "instance")}
    log_file = directory / "sandbox.log"
    command = [IDP, "sandbox", "--port", str(port), *(["--tls"] if tls else [])]
    with running(command, log_file, env=environment(settings)) as process:
        # It prints its address when it and all its neighbours answer.
        _wait_for_line(address, process, log_file)
        yield Sandbox(address=address, env=settings, log_file=log_file)


def free_ports() -> int:
    """Return the first of a row of ports of 127.0.0.1 that nobody listens on at the moment.

    Below those that the system hands out by itself: until the row is used, no connection of another test may take one.
    """
    while True:
        first = LOWEST + PORTS * secrets.randbelow((HIGHEST - LOWEST) // PORTS)
        with ExitStack() as stack:
            try:
                for port in range(first, first + PORTS):
                    stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except (OSError, OverflowError):
                continue
            return first


def _wait_for_line(text: str, process: subprocess.Popen[bytes], log_file: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while text not in log_file.read_text(encoding="utf-8"):
        gave_up = process.poll() is not None or time.monotonic() > deadline
        assert not gave_up, f"the sandbox never printed {text}:\n{log_file.read_text()}"
        time.sleep(0.05)

"""The provider as its operators run it: the ``idp`` command, in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.support.commands import run_forked

IDP = str(Path(sys.executable).with_name("idp"))
COMMAND_TIMEOUT_SECONDS = 60
START_TIMEOUT_SECONDS = 30
STOP_TIMEOUT_SECONDS = 15


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_idp(
    *words: str, env: Mapping[str, str] | None = None, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one ``idp`` command to its end, whatever its exit code.

    :param env: the ``IDP_…`` settings; none are taken from the surrounding environment.
    :param stdin: what the command may read; nothing by default.
    """
    return subprocess.run(
        [IDP, *words],
        env=environment(env or {}),
        input=stdin or "",
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT_SECONDS,
        check=False,
    )


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running provider.

    :param issuer: also the address to reach it at.
    :param log_file: everything that it has written to stdout and stderr.
    """

    issuer: str
    env: Mapping[str, str]
    log_file: Path

    def command(self, *words: str, stdin: str | None = None) -> Any:
        """Run an ``idp`` command against this provider's data and return the JSON that it prints.

        :raises AssertionError: it did not exit 0; the message is what it said.
        """
        done = run_forked(*words, "--json", environ=environment(self.env), stdin=stdin or "")
        assert done.returncode == 0, f"idp {' '.join(words)}: {done.stderr}"
        return json.loads(done.stdout)

    @property
    def log(self) -> str:
        """What the server has written so far."""
        return self.log_file.read_text()


@contextmanager
def serving(directory: Path, *, workers: int = 1, **settings: str) -> Iterator[Served]:
    """Initialise a provider in ``directory`` and serve it on a free loopback port while the block runs.

    :param workers: server processes.
    :param settings: further settings by their full names, e.g. ``IDP_DATABASE_URL="postgresql+psycopg://…"``.
    """
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    env = {"IDP_ISSUER": issuer, "IDP_INSTANCE_DIR": str(directory / "instance"), **settings}
    made = run_forked("init", environ=environment(env))
    assert made.returncode == 0, f"idp init: {made.stderr}"
    log_file = directory / "serve.log"
    command = [IDP, "serve", "--bind", f"127.0.0.1:{port}", "--workers", str(workers)]
    with running(command, log_file, env=environment(env)) as process:
        wait_for(f"{issuer}/readyz", process, log_file)
        yield Served(issuer=issuer, env=env, log_file=log_file)


@contextmanager
def running(command: list[str], log_file: Path, *, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in the background while the block runs; it and its children end with the block."""
    with log_file.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _stop(process)


def wait_for(url: str, process: subprocess.Popen[bytes], log_file: Path) -> None:
    """Return as soon as ``url`` answers with success.

    :raises AssertionError: the process ended, or half a minute passed; the message carries its log.
    """
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.ConnectionError:
            pass
        gave_up = process.poll() is not None or time.monotonic() > deadline
        assert not gave_up, f"{url} never answered:\n{log_file.read_text()}"
        time.sleep(0.05)


def wait_until_listening(address: str, process: subprocess.Popen[bytes], log_file: Path) -> None:
    """Return as soon as somebody listens at ``host:port``.

    :raises AssertionError: the process ended, or half a minute passed; the message carries its log.
    """
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=5).close()
        except OSError:
            gave_up = process.poll() is not None or time.monotonic() > deadline
            assert not gave_up, f"nobody listens at {address}:\n{log_file.read_text()}"
            time.sleep(0.05)
        else:
            return


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return what a child sees: the surroundings without anybody's own settings, and these."""
    return {name: value for name, value in os.environ.items() if not name.startswith("IDP_")} | dict(settings)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started: asked first, then made to."""
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_TIMEOUT_SECONDS)

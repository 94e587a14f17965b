"""Processes under measurement: pinned to their core, waited for, weighed, and ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench import wire
from bench.driver import ask
from bench.modes import Unit
from bench.target import DISCOVERY_PATH

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 15.0
LOOK_EVERY_SECONDS = 0.002
_KIB_A_MIB = 1024


class NotStarted(Exception):
    """A server did not begin to answer; the message carries its log."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pin(core: int) -> None:
    """Keep this process, and what it starts from now on, on one core."""
    os.sched_setaffinity(0, {core})


@contextmanager
def started(
    command: Sequence[str], log_file: Path, *, core: int, settings: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command on a core while the block runs; it and its children end with the block.

    :param settings: its environment's ``IDP_…`` and other variables; nobody's own settings reach it.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("IDP_", "NODE_"))}
    ours = os.sched_getaffinity(0)
    pin(core)
    try:
        with log_file.open("wb") as output:
            process = subprocess.Popen(
                list(command),
                env=environment | dict(settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    finally:
        os.sched_setaffinity(0, ours)
    try:
        yield process
    finally:
        _stop(process)


def first_answer(process: subprocess.Popen[bytes], port: int, log_file: Path) -> None:
    """Return as soon as the discovery document is served.

    :raises NotStarted: the process ended, or did not answer in a minute.
    """
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        with suppress(OSError):
            ask(port, _discovery(port))
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotStarted(log_file.read_text(errors="replace")[-2000:])
        time.sleep(LOOK_EVERY_SECONDS)


def worker_mib(pid: int) -> float:
    """Return the resident memory of the heaviest process of a tree, in MiB: the one that serves."""
    return max(_resident_kib(one) for one in _tree(pid)) / _KIB_A_MIB


def _discovery(port: int) -> Unit:
    answer = yield wire.get(f"127.0.0.1:{port}", DISCOVERY_PATH)
    answer.must_be(200)


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    below = children.read_text().split() if children.exists() else []
    return [pid, *(one for child in below for one in _tree(int(child)))]


def _resident_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started: asked first, then made to."""
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_TIMEOUT_SECONDS)

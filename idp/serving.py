"""The production server: granian, one blocking thread a worker; and the outbox worker beside it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

RESTART_AFTER_SECONDS = 1.0
LOOK_EVERY_SECONDS = 0.2
STOP_WITHIN_SECONDS = 10.0
"""A worker that is told to stop finishes its deliveries, which time out after some seconds."""
SERVER_STOPS_WITHIN_SECONDS = 15
"""How long a server process may finish its request, once it is told to stop."""

log = structlog.get_logger()


def is_free(host: str, port: int) -> bool:
    """Say whether nobody listens there. The server itself would share a busy port without a word."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def serve_until_stopped(
    target: str, *, host: str, port: int, workers: int, certificate: tuple[Path, Path] | None = None
) -> None:
    """Serve an application factory until the process is told to stop.

    :param target: ``module:factory``.
    :param certificate: files of certificate and private key, to speak TLS; a proxy does it in production.
    """
    certificate_file, key_file = certificate or (None, None)
    Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        loop=Loops.auto,
        workers=workers,
        blocking_threads=1,
        factory=True,
        log_level=LogLevels.warning,
        websockets=False,
        workers_kill_timeout=SERVER_STOPS_WITHIN_SECONDS,
        ssl_cert=certificate_file,
        ssl_key=key_file,
    ).serve()


def leave_interrupts_to_the_parent() -> None:
    """Called in a server process: let Ctrl-C reach the process alone that started it.

    A terminal sends it to all of them, and the parent then tells each to stop. Of two signals at once
    granian's handler waits for itself, and the process never ends (seen with 2.8.9).
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


@contextmanager
def worker_beside() -> Iterator[None]:
    """Run the outbox worker in a process of its own while the block runs; should it die, another takes its place.

    It has this process' environment, and ends by itself when this process is killed.
    """
    stopping = threading.Event()
    # The first is started here: granian forks, and must not do so while another thread is starting a process.
    keeper = threading.Thread(target=_keep, args=(_start_worker(), stopping))
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        keeper.join()


def _start_worker() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "idp.worker_process", str(os.getpid())])  # noqa: S603 - our own


def _keep(process: subprocess.Popen[bytes], stopping: threading.Event) -> None:
    while not stopping.wait(LOOK_EVERY_SECONDS):
        if process.poll() is not None:
            log.error("worker_ended", exit_code=process.returncode)
            if not stopping.wait(RESTART_AFTER_SECONDS):
                process = _start_worker()
    process.terminate()
    try:
        process.wait(STOP_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

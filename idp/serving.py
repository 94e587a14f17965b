"""The production server: granian, one blocking thread a worker."""

from __future__ import annotations

import socket

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels


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


def serve_until_stopped(target: str, *, host: str, port: int, workers: int) -> None:
    """Serve an application factory until the process is told to stop.

    :param target: ``module:factory``.
    """
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
    ).serve()

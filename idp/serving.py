"""The production server: granian, one blocking thread a worker."""

from __future__ import annotations

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels


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

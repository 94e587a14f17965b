"""A provider on loopback that is as small as can be, and spoils what it is told to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.trivial import HONEST, Faults, serve


@contextmanager
def provider_with(faults: Faults) -> Iterator[int]:
    stop, stopped = socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as listener, stop, stopped:
        serving = threading.Thread(target=serve, args=(listener, stopped, faults))
        serving.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            stop.send(b".")
            serving.join()


@pytest.fixture
def honest() -> Iterator[int]:
    """The port of one that answers as it must."""
    with provider_with(HONEST) as port:
        yield port

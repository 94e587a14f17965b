"""An application on a port of this machine, in threads of this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

HOST = "127.0.0.1"
_POLL_SECONDS = 0.02
"""How long the end of a test run waits for the server to notice it, at most."""


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    """Connections are kept, as by the real server; a test that asks often saves a millisecond each time."""

    def log_request(self, *_: object) -> None:
        """Leave the output to the tests."""


def listening() -> socket.socket:
    """Return a socket that listens on a free port: taken from here on, whoever else looks for one."""
    return socket.create_server((HOST, 0))


@contextmanager
def served(app: Flask, listener: socket.socket) -> Iterator[None]:
    """Answer on a socket until the block ends."""
    port = listener.getsockname()[1]
    server = make_server(HOST, port, app, threaded=True, request_handler=_Handler, fd=listener.fileno())
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": _POLL_SECONDS}, name="deepdesk-idp", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""Applications of this process on host names below ``.test``, over TLS.

The names lead to 127.0.0.1 only where a client is told so; nothing is looked
up in this process.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from wsgiref.types import WSGIApplication

from werkzeug.serving import WSGIRequestHandler, make_server

from idp.sandbox.certificates import Certificates

LOGIN_NAME = "login.deepdesk.test"
PLATFORM_NAME = "platform.test"
NAMES = (LOGIN_NAME, PLATFORM_NAME)
"""Two sites: neither is below the other, and both are below a public suffix of one label."""


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Leave the test's output alone."""


class _ShakingHandsLater(ssl.SSLContext):
    """Greets a client in its own thread, so that one who stays silent keeps nobody waiting."""

    def wrap_socket(self, sock: socket.socket, *args: object, **options: object) -> ssl.SSLSocket:
        return super().wrap_socket(sock, server_side=True, do_handshake_on_connect=False)


@dataclass(frozen=True, kw_only=True)
class SecureAddress:
    """A place that is taken, where an application can be served once it knows its address."""

    name: str
    listener: socket.socket
    certificates: Certificates

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        """Scheme, name and port, without a trailing slash: an origin."""
        return f"https://{self.name}:{self.port}"

    @contextmanager
    def serving(self, app: WSGIApplication) -> Iterator[None]:
        """Serve an application there, in several threads, while the block runs."""
        context = _ShakingHandsLater(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates.server, self.certificates.server_key)
        server = make_server(
            "127.0.0.1",
            self.port,
            app,
            threaded=True,
            request_handler=_Quiet,
            ssl_context=context,
            fd=self.listener.fileno(),
        )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join(10)
            server.server_close()


@contextmanager
def secure_address(name: str, certificates: Certificates) -> Iterator[SecureAddress]:
    """Take a free port of 127.0.0.1 for a name that the certificate is for, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield SecureAddress(name=name, listener=listener, certificates=certificates)

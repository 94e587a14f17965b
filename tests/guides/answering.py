"""An HTTP server of a few lines, for the other end of a guide's program."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked. Names of headers are looked up in any case."""

    path: str
    headers: Mapping[str, str]
    body: str


Answering = Callable[[Request], Any]
"""Gives the document that is answered, as JSON."""


@contextmanager
def answering(answer: Answering) -> Iterator[str]:
    """Answer every request while the block runs; gives the address, ``http://127.0.0.1:PORT``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            request = Request(path=self.path, headers=self.headers, body=self.rfile.read(length).decode())
            document = json.dumps(answer(request)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        do_POST = do_GET  # noqa: N815 - the parent's names

        def log_message(self, *_: object) -> None:
            """Leave the test's output alone."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()

"""The files of a guide as a web server gives them to browsers, with the headers that the guide asks for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePath
from urllib.parse import urlsplit

from tests.guides.guide import Guide
from tests.support.serve import Served

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True, kw_only=True)
class Site:
    """The guide's files where a browser finds them, and the provider that they name."""

    url: str
    client_id: str
    provider: Served


@contextmanager
def serving_site(guide: Guide, more: Mapping[str, bytes], provider: Served) -> Iterator[Site]:
    """Register a guide's page and serve it while the block runs; its ``config.js`` is what the registration gave.

    :param more: what the guide says to put beside its files, by path.
    """
    files = {f"/{file.name}": file.read_bytes() for file in guide.programs()} | dict(more)
    handler = serving_files(files, policy(guide, provider.issuer))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        url = f"http://localhost:{server.server_port}"
        client_id = provider.command(*guide.registration(url))["client_id"]
        files["/config.js"] = f'const ISSUER = "{provider.issuer}";\nconst CLIENT_ID = "{client_id}";\n'.encode()
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield Site(url=url, client_id=client_id, provider=provider)
        finally:
            server.shutdown()


def policy(guide: Guide, issuer: str) -> str:
    """The Content-Security-Policy that the guide asks for."""
    (header,) = (text for text in guide.blocks("text") if text.startswith("Content-Security-Policy:"))
    return header.partition(":")[2].strip().replace("http://127.0.0.1:8000", issuer)


def serving_files(files: dict[str, bytes], content_security_policy: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            path = "/index.html" if path == "/" else path
            content = files.get(path, b"")
            self.send_response(200 if content else 204)
            self.send_header("Content-Type", TYPES.get(PurePath(path).suffix, "image/x-icon"))
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", content_security_policy)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Leave the test's output alone."""

    return Handler

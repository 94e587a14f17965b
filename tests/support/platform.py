"""A simulated platform on a port of its own, and the browser's part of a sign-in there."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import requests
from flask import request
from werkzeug.serving import WSGIRequestHandler, make_server

from idp.sandbox.platform import Fault, Kind, Person, Platform, PlatformClient, create_platform, platform_of
from idp.sandbox.platform.kinds import OIDC

CLIENT_ID = "deepdesk-at-acme"
CLIENT_SECRET = "a secret: 100% of +it/é"  # awkward on purpose: Basic wants it encoded


@dataclass(frozen=True)
class Seen:
    """One request that the platform got."""

    method: str
    path: str
    form: dict[str, str]
    headers: dict[str, str]


@dataclass
class RunningPlatform:
    """A platform that can be signed in at."""

    state: Platform
    requests: list[Seen] = field(default_factory=list)

    client_id = CLIENT_ID
    client_secret = CLIENT_SECRET

    def __post_init__(self) -> None:
        self._at_first = {name: value for name, value in vars(self.state).items() if not name.startswith("_")}

    def all_well(self) -> None:
        """Take every switch back to how it was at first, and forget the requests."""
        vars(self.state).update(self._at_first, metadata_changes={})
        self.requests.clear()

    @property
    def issuer(self) -> str:
        return self.state.issuer

    @property
    def base(self) -> str:
        """Where it is reached; at Entra each tenant below it is an issuer."""
        return self.state.issuer

    @property
    def fault(self) -> Fault:
        """What goes wrong in the sign-ins approved from now on."""
        return self.state.fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self.state.fault = fault

    def count(self, path: str) -> int:
        """How often ``path`` was asked for."""
        return sum(seen.path == path for seen in self.requests)

    def last(self, path: str) -> Seen:
        """The latest request to ``path``."""
        return next(seen for seen in reversed(self.requests) if seen.path == path)

    def approve(self, url: str, person: str = "manager") -> dict[str, str]:
        """Do what a browser does with a departure: choose a person; returns the callback's parameters."""
        with requests.Session() as browser:
            browser.trust_env = False
            page = browser.get(url, allow_redirects=False, timeout=10)
            if page.status_code == 200:
                known = [unescape(key) for key in re.findall(r'name="person" value="([^"]*)"', page.text)]
                assert person in known, f"{person} is not among {known}"
                page = browser.post(url, data={"person": person}, allow_redirects=False, timeout=10)
        assert page.status_code == 303, f"{page.status_code}: {page.text}"
        return dict(parse_qsl(urlsplit(page.headers["Location"]).query, keep_blank_values=True))


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Leave the test's output alone."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """Leave the date to the application, whose clock can be wrong on purpose."""
        self.send_response_only(code, message)


@contextlib.contextmanager
def running_platform(
    host: str = "127.0.0.1", kind: Kind = OIDC, people: Iterable[Person] | None = None
) -> Iterator[RunningPlatform]:
    """Serve a platform until the block ends.

    :param host: as the issuer names it; a name that leads to 127.0.0.1.
    :param people: who signs in; by default those of the kind.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        client = PlatformClient(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        app = create_platform(f"http://{host}:{port}", [client], people, kind=kind)
        running = RunningPlatform(platform_of(app))

        @app.before_request
        def record() -> None:
            running.requests.append(Seen(request.method, request.path, request.form.to_dict(), dict(request.headers)))

        server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Silent, fd=listener.fileno())
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            running.state.closing.set()
            server.shutdown()
            thread.join(10)
            server.server_close()

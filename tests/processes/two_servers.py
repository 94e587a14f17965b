"""Two ``idp serve`` with nothing in common but PostgreSQL and their settings, behind nginx; and who calls them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tests.interop.service import REDIRECT_URI, TIMEOUT_SECONDS, Service
from tests.interop.walking import Browser
from tests.support import nginx
from tests.support.commands import run_forked
from tests.support.serve import IDP, Served, environment, free_port, running, wait_for

BOTH = (0, 1)
SECRET_KEYS = "the one key that both of the servers were given"
LOOK_EVERY_SECONDS = 0.2


@dataclass(kw_only=True)
class Server:
    """One ``idp serve``, as on a machine of its own: another port, another instance folder."""

    port: int
    env: Mapping[str, str]
    directory: Path
    _running: ExitStack = field(default_factory=ExitStack)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        log_file = self.directory / "serve.log"
        command = [IDP, "serve", "--bind", self.address]
        self._process = self._running.enter_context(running(command, log_file, env=environment(self.env)))
        wait_for(f"http://{self.address}/readyz", self._process, log_file)

    def is_killed(self) -> None:
        """End it and all that it started, with no time for a last word."""
        assert self._process
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(TIMEOUT_SECONDS)

    def stop(self) -> None:
        self._running.close()


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Both servers.

    :param provider: speaks of them as one: the issuer is nginx's address.
    """

    provider: Served
    servers: tuple[Server, Server]

    def called(self, number: int | None, path: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> Any:
        """Send a request through nginx, by POST where there is ``data``, and return the answer.

        :param number: of the server that is to answer; none leaves it to nginx.
        """
        method = "POST" if "data" in options else "GET"
        choice = {} if number is None else {nginx.CHOICE: str(number)}
        url = f"{self.provider.issuer}{path}"
        answer = requests.request(
            method,
            url,
            headers={**choice, **(headers or {})},
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
            **options,
        )
        if number is not None:
            assert answer.headers[nginx.ANSWERED_BY] == self.servers[number].address
        return answer

    def called_by(self, service: Service, number: int | None, path: str, **form: str) -> Any:
        """Send a service's form, with its secret."""
        return self.called(number, path, data=form, auth=(service.client_id, service.client_secret))

    def redeems(self, service: Service, code: str, number: int | None) -> dict[str, str]:
        """Exchange a code for tokens."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
        answer = self.called_by(service, number, "/oauth/token/", **form, code_verifier=service.verifier)
        assert answer.ok, answer.text
        tokens: dict[str, str] = answer.json()
        return tokens

    def refreshes(self, service: Service, tokens: Mapping[str, str], number: int | None) -> Any:
        """Exchange a refresh token; returns the answer."""
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return self.called_by(service, number, "/oauth/token/", **form)

    def introspects(self, service: Service, tokens: Mapping[str, str], number: int) -> bool:
        """Say whether an access token counts at that server."""
        answer = self.called_by(service, number, "/oauth/introspect/", token=tokens["access_token"])
        assert answer.ok, answer.text
        active: bool = answer.json()["active"]
        return active


@contextmanager
def deployed(database_url: str, directory: Path, *, nginx_path: str) -> Iterator[Deployment]:
    """Serve an empty database twice while the block runs."""
    ports = (free_port(), free_port())
    with nginx.in_front_of([f"127.0.0.1:{port}" for port in ports], path=nginx_path) as issuer, ExitStack() as stack:
        servers = tuple(_server(port, issuer, database_url, directory / str(port)) for port in ports)
        made = run_forked("init", environ=environment(servers[0].env))
        assert made.returncode == 0, made.stderr
        for server in servers:
            stack.callback(server.stop)
            server.start()
        provider = Served(issuer=issuer, env=servers[0].env, log_file=servers[0].directory / "serve.log")
        yield Deployment(provider=provider, servers=(servers[0], servers[1]))


def _server(port: int, issuer: str, database_url: str, directory: Path) -> Server:
    directory.mkdir()
    env = {
        "IDP_ISSUER": issuer,
        "IDP_DATABASE_URL": database_url,
        "IDP_SECRET_KEYS": SECRET_KEYS,
        "IDP_TRUSTED_PROXIES": "1",
        "IDP_INSTANCE_DIR": str(directory / "instance"),
    }
    return Server(port=port, env=env, directory=directory)


def goes_to(browser: Browser, number: int) -> None:
    """Let a browser's further requests be answered by that server."""
    browser.session.headers[nginx.CHOICE] = str(number)


def comes_from(browser: Browser, address: str) -> None:
    """Let a browser call from that address of this machine, one of 127.0.0.0/8."""
    browser.session.mount("http://", _From(address))


class _From(HTTPAdapter):
    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, source_address=(self._address, 0))  # type: ignore[no-untyped-call]


def becomes_true(holds: Callable[[], bool], *, within_seconds: float) -> None:
    """Return as soon as something holds.

    :raises AssertionError: it does not in time.
    """
    deadline = time.monotonic() + within_seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_seconds} s"
        time.sleep(LOOK_EVERY_SECONDS)

"""The npm peers as processes: a foreign upstream provider and a foreign client."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from tests.support.node import PEERS, Node

STOP_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """npm ``oidc-provider``, running; its people are ``manager`` and ``agent``."""

    issuer: str

    @contextmanager
    def faulty(self, fault: str) -> Iterator[None]:
        """Let it issue ID tokens with this fault (``upstream.mjs`` lists them) while the block runs."""
        self._set(fault)
        try:
            yield
        finally:
            self._set("")

    def _set(self, fault: str) -> None:
        requests.post(f"{self.issuer}/-/fault", data=fault, timeout=5).raise_for_status()


@contextmanager
def upstream(node: Node, port: int, clients: list[dict[str, str]]) -> Iterator[Upstream]:
    """Run the provider on that port of 127.0.0.1.

    :param clients: ``client_id``, ``client_secret`` and ``redirect_uri`` of each.
    """
    with _script(node, "upstream.mjs", str(port)) as process:
        process.stdin.write(json.dumps({"clients": clients}))
        process.stdin.close()
        _line(process)
        yield Upstream(issuer=f"http://127.0.0.1:{port}")


@dataclass(frozen=True, kw_only=True)
class Client:
    """npm ``openid-client`` on its way through one sign-in.

    :param authorize_url: where it sends the browser.
    """

    authorize_url: str
    _process: subprocess.Popen[str]

    def finish(self, callback_url: str) -> dict[str, Any]:
        """Hand it the callback; returns its ``tokens``, verified ``claims`` and ``userinfo``."""
        self._process.stdin.write(callback_url + "\n")
        self._process.stdin.flush()
        return _line(self._process)


@contextmanager
def client(node: Node, **given: str) -> Iterator[Client]:
    """Start a sign-in.

    :param given: ``issuer``, ``client_id``, ``client_secret``, ``redirect_uri`` and ``scope``.
    """
    with _script(node, "client.mjs") as process:
        process.stdin.write(json.dumps(given) + "\n")
        process.stdin.flush()
        yield Client(authorize_url=_line(process)["authorize"], _process=process)


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """npm ``jose`` in a service that keeps our published keys."""

    _process: subprocess.Popen[str]

    def verify(self, token: str, *, audience: str) -> None:
        """Let it verify a token.

        :raises AssertionError: it did not; the message is what it said.
        """
        self._process.stdin.write(json.dumps({"token": token, "audience": audience}) + "\n")
        self._process.stdin.flush()
        said = _line(self._process)
        assert "claims" in said, said


@contextmanager
def verifier(node: Node, *, jwks_uri: str, issuer: str) -> Iterator[Verifier]:
    """Run a service that verifies tokens."""
    with _script(node, "verifier.mjs") as process:
        process.stdin.write(json.dumps({"jwks_uri": jwks_uri, "issuer": issuer}) + "\n")
        process.stdin.flush()
        yield Verifier(_process=process)


@contextmanager
def _script(node: Node, *words: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [node.executable, *words],
        cwd=PEERS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(STOP_TIMEOUT_SECONDS)


def _line(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the next line of JSON; a script that ended instead fails with what it said."""
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return json.loads(line)

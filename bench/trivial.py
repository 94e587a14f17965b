"""The least that every mode accepts as an answer: shows what the driver itself can do, and how it takes faults.

Keeps nothing: a code is the request's nonce. ``python -m bench.trivial PORT``
serves it.
"""

from __future__ import annotations

import base64
import json
import select
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import count
from typing import Any
from urllib.parse import parse_qs

from bench.target import DISCOVERY_PATH, GRANT_TYPES, REDIRECT_URI, SIGNING_ALGS, Client, Target

Claims = dict[str, Any]
Faults = Mapping[str, Callable[[str], str]]
"""What becomes of a value on its way into an answer: ``state``, ``nonce``, ``code``, ``refresh_token``, ``cookie``."""
HONEST: Faults = {}
_renewals = count()


def document_of(port: int) -> dict[str, Any]:
    """Return its discovery document."""
    issuer = f"http://127.0.0.1:{port}"
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "introspection_endpoint": f"{issuer}/introspect",
        "jwks_uri": f"{issuer}/jwks",
        "grant_types_supported": list(GRANT_TYPES),
    }


def target_at(port: int) -> Target:
    """Return it as the load meets it."""
    clients = {alg: Client(client_id="anybody") for alg in SIGNING_ALGS}
    return Target(port=port, document=document_of(port), clients=clients, cookies=["anything=1"], account="anybody")


def serve(listener: socket.socket, stop: socket.socket, faults: Faults = HONEST) -> None:
    """Answer until ``stop`` can be read.

    :param listener: bound and listening.
    """
    fixed = _fixed_answers(listener.getsockname()[1])
    with select.epoll() as epoll, ExitStack() as stack:
        connections: dict[int, socket.socket] = {}
        for waiting in (listener, stop):
            epoll.register(waiting, select.EPOLLIN)
        while True:
            for number, _ in epoll.poll():
                if number == stop.fileno():
                    return
                if number == listener.fileno():
                    connection = stack.enter_context(listener.accept()[0])
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    connections[connection.fileno()] = connection
                    epoll.register(connection, select.EPOLLIN)
                elif not _answered(connections[number], fixed, faults):
                    connections.pop(number).close()


def _answered(connection: socket.socket, fixed: Mapping[bytes, bytes], faults: Faults) -> bool:
    """Answer what came; false once the other side is gone."""
    try:
        request = connection.recv(65536)
        if not request:
            return False
        path = request.split(b" ", 2)[1]
        answer = fixed.get(path)
        connection.sendall(answer if answer is not None else _made_answer(request, path.decode(), faults))
    except ConnectionError:
        return False
    return True


def _fixed_answers(port: int) -> dict[bytes, bytes]:
    bodies = {
        DISCOVERY_PATH: document_of(port),
        "/jwks": {"keys": []},
        "/userinfo": {"sub": "somebody"},
        "/introspect": {"active": True},
    }
    return {path.encode(): _json(body) for path, body in bodies.items()}


def _made_answer(request: bytes, path: str, faults: Faults) -> bytes:
    if path.startswith("/authorize?"):
        sent = parse_qs(path.partition("?")[2])
        state = _spoilt("state", sent["state"][0], faults)
        code = _spoilt("code", sent["nonce"][0], faults)
        location = f"{REDIRECT_URI}?code={code}&state={state}"
        return f"HTTP/1.1 303 See Other\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    if path.startswith(("/platform/sso?", "/auth/refresh")):
        status = "303 See Other" if path.startswith("/platform") else "200 OK"
        renewal = _spoilt("cookie", str(next(_renewals)), faults)
        cookies = f"Set-Cookie: refresh_token_cookie={renewal}\r\nSet-Cookie: csrf_refresh_token=c\r\n"
        return f"HTTP/1.1 {status}\r\n{cookies}Content-Length: 0\r\n\r\n".encode()
    nonce = parse_qs(request.partition(b"\r\n\r\n")[2].decode()).get("code", [""])[0]
    payload = base64.urlsafe_b64encode(json.dumps({"nonce": _spoilt("nonce", nonce, faults)}).encode()).rstrip(b"=")
    renewal = _spoilt("refresh_token", str(next(_renewals)), faults)
    return _json({"access_token": "a", "refresh_token": renewal, "id_token": f"e30.{payload.decode()}."})


def _spoilt(name: str, value: str, faults: Faults) -> str:
    return faults[name](value) if name in faults else value


def _json(body: Mapping[str, Any]) -> bytes:
    encoded = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(encoded) + encoded


def main() -> None:
    """Serve on the port of the command line until interrupted."""
    forever, _kept = socket.socketpair()
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener, forever, _kept:
        serve(listener, forever)


if __name__ == "__main__":
    main()

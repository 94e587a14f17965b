"""WebDriver BiDi over a WebSocket, as much of both as a test needs to drive a stock Firefox.

Playwright speaks it too, but begins with commands that the long-term Firefox
does not know (seen with Playwright 1.65 and Firefox 153).
"""

from __future__ import annotations

import base64
import itertools
import json
import secrets
import socket
import struct
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30
_FINAL, _MASKED = 0x80, 0x80
_CONTINUATION, _TEXT, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x8, 0x9, 0xA


class WebSocket:
    """A client's end of a WebSocket (RFC 6455), for text messages."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._socket = socket.create_connection((str(address.hostname), int(address.port or 80)), TIMEOUT_SECONDS)
        self._stream = self._socket.makefile("rb")
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        lines = (
            f"GET {address.path or '/'} HTTP/1.1",
            f"Host: {address.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        )
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        status = self._stream.readline()
        assert b" 101 " in status, status
        while self._stream.readline().strip():
            pass

    def send(self, text: str) -> None:
        self._send(_TEXT, text.encode())

    def receive(self) -> str:
        """Return the next message; pings are answered."""
        message = b""
        while True:
            first, second = self._stream.read(2)
            length = second & 0x7F
            if length > 125:
                length = struct.unpack("!H" if length == 126 else "!Q", self._stream.read(2 if length == 126 else 8))[0]
            payload = self._stream.read(length)
            kind = first & 0x0F
            assert kind != _CLOSE, payload
            if kind == _PING:
                self._send(_PONG, payload)
            elif kind in (_TEXT, _CONTINUATION):
                message += payload
                if first & _FINAL:
                    return message.decode()

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def _send(self, kind: int, payload: bytes) -> None:
        mask, length = secrets.token_bytes(4), len(payload)
        if length < 126:
            size = bytes([_MASKED | length])
        else:
            size = bytes([_MASKED | (126 if length < 2**16 else 127)])
            size += struct.pack("!H" if length < 2**16 else "!Q", length)
        hidden = bytes(byte ^ key for byte, key in zip(payload, itertools.cycle(mask), strict=False))
        self._socket.sendall(bytes([_FINAL | kind]) + size + mask + hidden)


class Bidi:
    """A WebDriver BiDi session (W3C WebDriver BiDi §4); events are passed over."""

    def __init__(self, url: str) -> None:
        self._socket = WebSocket(f"{url}/session")
        self._numbers = itertools.count(1)
        self.call("session.new", capabilities={"alwaysMatch": {"unhandledPromptBehavior": {"default": "ignore"}}})

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result.

        :raises AssertionError: the browser refused it; the message says why.
        """
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer: dict[str, Any] = json.loads(self._socket.receive())
            if answer.get("id") == number:
                assert answer["type"] == "success", f"{method}: {answer.get('error')}: {answer.get('message')}"
                result: dict[str, Any] = answer["result"]
                return result

    def close(self) -> None:
        """End session and browser."""
        self.call("browser.close")
        self._socket.close()

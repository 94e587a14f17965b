"""Just enough HTTP/1.1: whole requests as bytes, and the answer in a buffer.

An answer is read by its Content-Length; anything else ends the round, since
the time it takes would be the driver's and not the server's.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, urlencode

FORM = "application/x-www-form-urlencoded"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)\r\n", re.IGNORECASE)
_LOCATION = re.compile(rb"\r\nlocation:[ \t]*([^\r\n]+)\r\n", re.IGNORECASE)
_SET_COOKIE = re.compile(rb"\r\nset-cookie:[ \t]*([^=;\r\n]+)=([^;\r\n]*)", re.IGNORECASE)
_SHOWN_BYTES = 300


class Wrong(Exception):
    """A server answered something else than it must; the message says what."""


class Answer(NamedTuple):
    """One whole answer.

    :param head: from the status line to the last header's line end.
    """

    status: int
    head: bytes
    body: bytes

    @property
    def location(self) -> str:
        """Return where it sends the browser, or nothing."""
        found = _LOCATION.search(self.head)
        return found[1].decode("latin-1") if found else ""

    def cookies(self) -> dict[str, str]:
        """Return the cookies that it sets, by name."""
        return {name.decode(): value.decode() for name, value in _SET_COOKIE.findall(self.head)}

    def must_be(self, *statuses: int) -> Answer:
        """Return the answer itself.

        :raises Wrong: it has another status.
        """
        if self.status not in statuses:
            raise Wrong(f"status {self.status} instead of {statuses[0]}: {self.body[:_SHOWN_BYTES]!r}")
        return self


def answer_in(buffer: bytes | bytearray) -> Answer | None:
    """Return the answer once the buffer holds all of it.

    :raises Wrong: its length is not told, or more came than was asked for.
    """
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(buffer[: end + 2])
    told = _LENGTH.search(head)
    if told is None:
        raise Wrong(f"an answer without Content-Length: {head[:_SHOWN_BYTES]!r}")
    missing = end + 4 + int(told[1]) - len(buffer)
    if missing > 0:
        return None
    if missing < 0:
        raise Wrong("more bytes than the answer's Content-Length")
    return Answer(int(head[9:12]), head, bytes(buffer[end + 4 :]))


def get(host: str, path: str, headers: Mapping[str, str] | None = None) -> bytes:
    """Return a GET request."""
    return _head("GET", host, path, headers or {})


def post(host: str, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> bytes:
    """Return a POST request with a form."""
    body = urlencode(form)
    return _head("POST", host, path, {"Content-Type": FORM, "Content-Length": str(len(body)), **(headers or {})}) + (
        body.encode()
    )


def basic(client_id: str, client_secret: str) -> dict[str, str]:
    """Return the header of client_secret_basic (RFC 6749 §2.3.1)."""
    pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _head(method: str, host: str, path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Accept: */*"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()

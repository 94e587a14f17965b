"""Guarded HTTP for addresses that people typed in: discovery, keys, tokens, user information.

One call, one connection: no redirect is followed, no proxy taken from the
environment, no cookie kept, and what is read is bounded in time and size. The
address connected to is the one that was judged (``policy``, ``connection``).
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

import urllib3.exceptions
from urllib3.response import HTTPResponse

from idp.outbound.connection import (
    Deadline,
    Gate,
    GuardedHTTPConnection,
    GuardedHTTPSConnection,
    Resolver,
    system_resolver,
)
from idp.outbound.errors import (
    AddressRefused,
    AnswerTooLarge,
    AnswerUnreadable,
    OutboundError,
    TimedOut,
    Unreachable,
)
from idp.outbound.policy import OutboundPolicy
from idp.outbound.trust import tls_context

__all__ = [
    "AddressRefused",
    "Answer",
    "AnswerTooLarge",
    "AnswerUnreadable",
    "HttpClient",
    "OutboundError",
    "OutboundPolicy",
    "TimedOut",
    "Unreachable",
]

MAX_BODY_BYTES = 1024 * 1024
TIMEOUT = timedelta(seconds=5)

_CHUNK_BYTES = 64 * 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9._:-]+")
_AS_WRITTEN = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status.

    :param headers: names in lower case; values of a repeated header joined by commas.
    :param body: decoded (gzip and the like undone), at most 1 MiB.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Return the body read as JSON.

        :raises AnswerUnreadable: it is something else.
        """
        try:
            return json.loads(self.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise AnswerUnreadable("the answer is not JSON") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


@dataclass(frozen=True, slots=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> _Target:
        if any(character.isspace() or not character.isprintable() for character in url):
            raise AddressRefused("the address holds characters that a URL may not hold")
        try:
            parts = urlsplit(url)
            port = parts.port
            host = (parts.hostname or "").encode("idna").decode("ascii")
        except ValueError:
            raise AddressRefused("the address is not a URL") from None
        if parts.scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(host):
            raise AddressRefused("the address is not an absolute https URL")
        if parts.username is not None or parts.password is not None:
            raise AddressRefused("the address carries a user name or password")
        path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_AS_WRITTEN)
        return cls(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], path)


class HttpClient:
    """Makes guarded calls; safe to share between threads.

    :param ca_file: certificate authorities to trust besides the machine's and the public ones, as PEM.
    :param timeout: for a whole call, from name resolution to the last byte.
    :param resolve: the name service.
    :raises ValueError: ``ca_file`` cannot be read; one sentence.
    """

    def __init__(
        self,
        policy: OutboundPolicy,
        *,
        ca_file: Path | None = None,
        timeout: timedelta = TIMEOUT,
        resolve: Resolver = system_resolver,
    ) -> None:
        self._policy = policy
        self._timeout = timeout
        self._resolve = resolve
        self._tls = tls_context(ca_file)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Read ``url``.

        :raises OutboundError: there is no complete answer; a status, whichever, is an answer.
        """
        return self._call("GET", url, {"Accept": "application/json", **(headers or {})}, None)

    def post_form(
        self,
        url: str,
        data: Mapping[str, str],
        *,
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send ``data`` form-encoded.

        :param auth: user and password for HTTP Basic, taken as they are (OAuth wants them form-encoded first).
        :raises OutboundError: there is no complete answer; a status, whichever, is an answer.
        """
        sent = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if auth is not None:
            sent |= urllib3.make_headers(basic_auth=":".join(auth))
        return self._call("POST", url, sent | dict(headers or {}), urlencode(data).encode("ascii"))

    def post_json(self, url: str, data: Any, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Send ``data`` as JSON.

        :raises OutboundError: there is no complete answer; a status, whichever, is an answer.
        """
        sent = {"Accept": "application/json", "Content-Type": "application/json", **(headers or {})}
        return self._call("POST", url, sent, json.dumps(data).encode("ascii"))

    def _call(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        target = _Target.parse(url)
        with _translated(target.host):
            connection = self._connection(target)
            try:
                connection.request(
                    method,
                    target.path,
                    body=body,
                    headers={"User-Agent": "deepdesk-idp", "Connection": "close", **headers},
                    preload_content=False,
                )
                with connection.getresponse() as response:
                    return _read(response, target.host)
            finally:
                connection.close()

    def _connection(self, target: _Target) -> GuardedHTTPConnection | GuardedHTTPSConnection:
        gate = Gate(self._policy, self._resolve, Deadline(self._timeout.total_seconds()), target.scheme)
        if target.scheme == "http":
            return GuardedHTTPConnection(target.host, target.port, gate=gate)
        return GuardedHTTPSConnection(target.host, target.port, gate=gate, tls=self._tls)


def _read(response: HTTPResponse, host: str) -> Answer:
    body = bytearray()
    # The decoded bytes count: a small compressed answer can unfold into gigabytes.
    while chunk := response.read(_CHUNK_BYTES, decode_content=True):
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise AnswerTooLarge(f"{host} answered with more than {MAX_BODY_BYTES // 1024} KiB")
    headers = {name.lower(): response.headers[name] for name in response.headers}
    return Answer(response.status, headers, bytes(body))


@contextmanager
def _translated(host: str) -> Iterator[None]:
    """Turn whatever urllib3, ``ssl`` and the sockets raise into our own errors, without their texts."""
    try:
        yield
    except (TimeoutError, urllib3.exceptions.TimeoutError):
        raise TimedOut(f"{host} did not answer in time") from None
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"the certificate of {host} is not trusted ({error.verify_message})") from None
    except (ssl.SSLError, urllib3.exceptions.SSLError):
        raise Unreachable(f"no TLS connection to {host} can be made") from None
    except (urllib3.exceptions.HTTPError, http.client.HTTPException):
        raise AnswerUnreadable(f"the answer of {host} broke off or is not HTTP") from None
    except OSError:
        raise Unreachable(f"the connection to {host} was lost") from None

"""Connections that check the very address they connect to, and keep one deadline for everything.

urllib3 applies its time-out to each read anew, so a server that drips bytes
could hold a caller for hours; here every wait takes what is left of the whole.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from idp.outbound.errors import AddressRefused, TimedOut, Unreachable
from idp.outbound.policy import IPAddress, OutboundPolicy

Resolver = Callable[[str, int], Sequence[str]]
"""Takes host and port, gives IP addresses in the order to try; raises ``OSError`` for an unknown name."""


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the operating system for the addresses of ``host``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class Deadline:
    """The moment at which a call ends, on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, more than zero.

        :raises TimeoutError: none are left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


@dataclass(frozen=True, slots=True)
class Gate:
    """What one call may connect to, and until when."""

    policy: OutboundPolicy
    resolve: Resolver
    deadline: Deadline
    scheme: str

    def open(self, host: str, port: int) -> DeadlineSocket:
        """Resolve ``host``, and connect to the first permitted address that answers.

        :raises AddressRefused: the name has no permitted address.
        :raises Unreachable: the name is unknown, or nothing answers there.
        :raises TimedOut: the name service takes too long.
        """
        permitted = [
            address
            for address in self._addresses(host, port)
            if self.policy.permits(host, address, port, scheme=self.scheme)
        ]
        if not permitted:
            raise AddressRefused(
                f"{host} does not lead to a public https address, and IDP_OUTBOUND_ALLOW does not name it"
            )
        return self._connect(permitted, host, port)

    def _addresses(self, host: str, port: int) -> list[IPAddress]:
        try:
            return [ipaddress.ip_address(text) for text in _within(self.deadline, self.resolve, host, port)]
        except TimeoutError:
            raise TimedOut(f"the name service took too long to find {host}") from None
        except (OSError, UnicodeError):
            raise Unreachable(f"the name {host} cannot be resolved") from None
        except ValueError:
            raise AddressRefused(f"the name service gave no plain address for {host}") from None

    def _connect(self, addresses: Sequence[IPAddress], host: str, port: int) -> DeadlineSocket:
        failure: OSError | None = None
        for tried, address in enumerate(addresses):
            connecting = DeadlineSocket(socket.AF_INET if address.version == 4 else socket.AF_INET6)
            connecting.deadline = self.deadline
            try:
                # A share each, so that a dead IPv6 route leaves time for IPv4.
                connecting.settimeout(self.deadline.remaining() / (len(addresses) - tried))
                connecting.connect((str(address), port))
                connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                connecting.close()
                failure = error
            else:
                return connecting
        if isinstance(failure, TimeoutError):
            raise failure
        raise Unreachable(f"nothing answers at {host} port {port}") from None


def _within(deadline: Deadline, resolve: Resolver, host: str, port: int) -> Sequence[str]:
    """Resolve in a thread of its own: the system's resolver cannot be told how long to take."""
    outcome: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            outcome.put(resolve(host, port))
        except Exception as error:  # noqa: BLE001 - handed to the waiting thread, which knows what to do
            outcome.put(error)

    threading.Thread(target=ask, name="idp-resolve", daemon=True).start()
    try:
        answer = outcome.get(timeout=deadline.remaining())
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


class DeadlineSocket(socket.socket):
    """A socket that never waits beyond its deadline."""

    deadline: Deadline | None = None

    def recv_into(self, *args: Any, **options: Any) -> int:
        """Wait for bytes, for what is left of the deadline."""
        if self.deadline is not None:
            self.settimeout(self.deadline.remaining())
        return super().recv_into(*args, **options)


class DeadlineTLSSocket(ssl.SSLSocket):
    """The same for TLS; the handshake is bounded by the time-out of the socket that it wraps."""

    deadline: Deadline | None = None

    def recv_into(self, *args: Any, **options: Any) -> int:
        """Wait for bytes, for what is left of the deadline."""
        if self.deadline is not None:
            self.settimeout(self.deadline.remaining())
        return super().recv_into(*args, **options)


class GuardedHTTPConnection(HTTPConnection):
    """An http connection through a :class:`Gate`."""

    def __init__(self, host: str, port: int, *, gate: Gate) -> None:
        super().__init__(host, port, timeout=gate.deadline.remaining())
        self._gate = gate

    def _new_conn(self) -> socket.socket:
        return self._gate.open(self.host, self.port)


class GuardedHTTPSConnection(HTTPSConnection):
    """An https connection through a :class:`Gate`; the certificate must name the host, not the address."""

    def __init__(self, host: str, port: int, *, gate: Gate, tls: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=gate.deadline.remaining(), ssl_context=tls)
        self._gate = gate

    def _new_conn(self) -> socket.socket:
        return self._gate.open(self.host, self.port)

    def connect(self) -> None:
        """Connect, shake hands, and keep the deadline for what follows."""
        super().connect()
        if isinstance(self.sock, DeadlineTLSSocket):
            self.sock.deadline = self._gate.deadline

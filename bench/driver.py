"""The load: keep-alive connections driven by one thread over epoll, light enough for one core.

Closed: each connection begins its next unit when the last one is done. Paced:
units begin when they are due, whether or not earlier ones are done. Whatever
goes wrong ends the run with :class:`~bench.wire.Wrong`.
"""

from __future__ import annotations

import gc
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from bench.modes import Supply, Unit
from bench.wire import Wrong, answer_in

PATIENCE_SECONDS = 10.0
SPIN_SECONDS = 0.002
"""This close to the next due unit the loop looks again instead of sleeping: epoll counts in milliseconds."""
RECEIVE_BYTES = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one run showed.

    :param latencies: seconds from the sending of each unit's last request to its whole answer; for a code flow that
        is the token request.
    :param busy: which part of the time the driver's own process used a processor. Near 1 it measured itself.
    """

    units: int
    seconds: float
    latencies: Sequence[float]
    busy: float

    @property
    def rate(self) -> float:
        """Return units a second."""
        return self.units / self.seconds


def ask(port: int, unit: Unit) -> Any:
    """Run one unit on a connection of its own and return what it returns.

    :raises Wrong: an answer was not what it must be.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        request = next(unit)
        while True:
            connection.sendall(request)
            buffer = bytearray()
            while (answer := answer_in(buffer)) is None:
                received = connection.recv(RECEIVE_BYTES)
                if not received:
                    raise Wrong("the server closed the connection")
                buffer += received
            try:
                request = unit.send(answer)
            except StopIteration as done:
                return done.value


class _Connection:
    """One connection and the unit that it is on."""

    __slots__ = ("buffer", "sent_at", "socket", "supply", "unit")

    def __init__(self, port: int, supply: Supply) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.supply = supply
        self.buffer = b""

    def begin(self) -> None:
        self.unit = self.supply()
        self._send(next(self.unit))

    def advance(self) -> float | None:
        """Take what arrived; return the last request's seconds once the unit is done."""
        received = self.socket.recv(RECEIVE_BYTES)
        if not received:
            raise Wrong("the server closed the connection")
        self.buffer += received
        answer = answer_in(self.buffer)
        if answer is None:
            return None
        self.buffer = b""
        took = time.perf_counter() - self.sent_at
        try:
            self._send(self.unit.send(answer))
        except StopIteration:
            return took
        return None

    def _send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        if self.socket.send(request) != len(request):
            raise Wrong("a request did not fit into the socket's buffer")


class Load:
    """Connections to one server, open while the block runs."""

    def __init__(self, port: int, supplies: Iterator[Supply]) -> None:
        self._port = port
        self._supplies = list(supplies)
        self._connections: dict[int, _Connection] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Load:
        """Connect."""
        self._epoll = self._stack.enter_context(select.epoll())
        for supply in self._supplies:
            connection = _Connection(self._port, supply)
            self._stack.enter_context(connection.socket)
            self._connections[connection.socket.fileno()] = connection
            self._epoll.register(connection.socket, select.EPOLLIN)
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self._stack.close()

    def closed(self, seconds: float) -> Measured:
        """Keep every connection busy for a time."""
        latencies: list[float] = []
        with _quiet():
            began, cpu = time.perf_counter(), time.process_time()
            until = began + seconds
            for connection in self._connections.values():
                connection.begin()
            while time.perf_counter() < until:
                for connection, took in self._finished(PATIENCE_SECONDS):
                    latencies.append(took)
                    connection.begin()
            return self._measured(latencies, began, cpu, under_way=len(self._connections))

    def paced(self, due: Iterator[float]) -> Measured:
        """Begin units at given seconds from now; one that finds no free connection waits for the next."""
        latencies: list[float] = []
        idle, waiting, under_way = deque(self._connections.values()), 0, 0
        with _quiet():
            began, cpu = time.perf_counter(), time.process_time()
            following = next(due, None)
            while following is not None or waiting or under_way:
                elapsed = time.perf_counter() - began
                while following is not None and following <= elapsed:
                    waiting, following = waiting + 1, next(due, None)
                while waiting and idle:
                    idle.popleft().begin()
                    waiting, under_way = waiting - 1, under_way + 1
                for connection, took in self._finished(_pause(following, elapsed), must_come=following is None):
                    latencies.append(took)
                    idle.append(connection)
                    under_way -= 1
            return self._measured(latencies, began, cpu, under_way=0)

    def _finished(self, pause: float, *, must_come: bool = False) -> Iterator[tuple[_Connection, float]]:
        events = self._epoll.poll(pause)
        if not events and (must_come or pause >= PATIENCE_SECONDS):
            raise Wrong(f"no answer within {PATIENCE_SECONDS:.0f} s")
        for number, _ in events:
            connection = self._connections[number]
            took = connection.advance()
            if took is not None:
                yield connection, took

    def _measured(self, latencies: list[float], began: float, cpu: float, *, under_way: int) -> Measured:
        """Measure up to now, then let the server finish, so that the next run finds it idle."""
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
        units = len(latencies)
        while under_way:
            under_way -= len(list(self._finished(PATIENCE_SECONDS)))
        return Measured(units=units, seconds=seconds, latencies=latencies, busy=used / seconds)


def _pause(following: float | None, elapsed: float) -> float:
    if following is None:
        return PATIENCE_SECONDS
    return max(0.0, following - elapsed - SPIN_SECONDS)


@contextmanager
def _quiet() -> Iterator[None]:
    """Collect no garbage meanwhile: a pause of ours would look like one of the server's."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

"""The worker's loop: delivers the outbox and does chores, until the process is told to stop.

Any number of workers may run on one database; of each item and each chore one of them has the lease.
"""

from __future__ import annotations

import os
import queue
import secrets
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from idp.domain.clock import Clock
from idp.services.operations import delivery
from idp.services.operations.chores import Chore, all_chores, do_due
from idp.services.operations.deliverers import deliverers_of
from idp.services.operations.delivery import Deliver
from idp.services.parts import EXTENSION, Parts
from idp.store.outbox import Leased, OutboxKind

SLOTS = 8
"""So many deliveries go on at once; one that hangs takes one of them for some seconds."""
POLL_SECONDS = 1.0
"""How long an idle worker rests: what is enqueued is to arrive within ten seconds (CONTRACT §6 rule 16)."""
CHORES_EVERY_SECONDS = 5.0
"""How often a worker asks whether a chore is due."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a worker does."""

    deliverers: Mapping[OutboxKind, Deliver]
    chores: Sequence[Chore]
    clock: Clock

    @classmethod
    def of(cls, app: Flask) -> Work:
        """Return all that there is to do for an application."""
        parts: Parts = app.extensions[EXTENSION]
        return cls(deliverers=deliverers_of(parts), chores=all_chores(parts), clock=parts.clock)


class Worker:
    """One worker of an application. It outlives a database that is away for a while."""

    def __init__(self, app: Flask, work: Work) -> None:
        self._app = app
        self._work = work
        self._holder = f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._stopping = False
        # A queue and not an event: this one may be woken from within a signal handler.
        self._wakes: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._busy: set[Future[None]] = set()
        self._errand: Future[None] | None = None
        self._chores_at = 0.0
        self._database_is_away = False

    def stop(self, *_: object) -> None:
        """Let the worker finish what it is at and end; also from another thread or a signal handler."""
        self._stopping = True
        self._wakes.put(None)

    def run(self, *, is_abandoned: Callable[[], bool] = lambda: False) -> None:
        """Work until stopped.

        :param is_abandoned: asked between rests; once it is true, the worker stops.
        """
        log.info("worker_started", holder=self._holder)
        with ThreadPoolExecutor(SLOTS) as deliveries, ThreadPoolExecutor(1) as errands:
            while not self._stopping and not is_abandoned():
                self._begin_deliveries(deliveries)
                self._begin_chores(errands)
                self._rest()
        log.info("worker_stopped", holder=self._holder)

    def _begin_deliveries(self, pool: ThreadPoolExecutor) -> None:
        self._busy = {one for one in self._busy if not one.done()}
        free = SLOTS - len(self._busy)
        for item in self._lease(free) if free else ():
            under_way = pool.submit(self._deliver, item)
            self._busy.add(under_way)
            under_way.add_done_callback(lambda _: self._wakes.put(None))

    def _lease(self, most: int) -> Sequence[Leased]:
        kinds = tuple(self._work.deliverers)
        try:
            with self._app.app_context():
                leased = delivery.lease(kinds, holder=self._holder, most=most, clock=self._work.clock)
        except SQLAlchemyError as error:
            if not self._database_is_away:
                log.warning("database_away", error=type(error).__name__)
            self._database_is_away = True
            return ()
        if self._database_is_away:
            log.warning("database_back")
        self._database_is_away = False
        return leased

    def _deliver(self, item: Leased) -> None:
        try:
            with self._app.app_context():
                delivery.attempt(item, self._work.deliverers[item.kind], clock=self._work.clock)
        except SQLAlchemyError as error:
            # Whether it arrived is not known to anybody now; when the lease runs out it is delivered again.
            log.warning("not_settled", item=item.id, error=type(error).__name__)

    def _begin_chores(self, pool: ThreadPoolExecutor) -> None:
        if time.monotonic() < self._chores_at or (self._errand is not None and not self._errand.done()):
            return
        self._chores_at = time.monotonic() + CHORES_EVERY_SECONDS
        self._errand = pool.submit(self._do_chores)

    def _do_chores(self) -> None:
        try:
            with self._app.app_context():
                do_due(self._work.chores, holder=self._holder, clock=self._work.clock)
        except SQLAlchemyError as error:
            log.warning("chores_put_off", error=type(error).__name__)

    def _rest(self) -> None:
        """Wait until a delivery ends, which may leave room for more, or somebody stops us, or it is time to look."""
        with suppress(queue.Empty):
            self._wakes.get(timeout=POLL_SECONDS)
            while True:
                self._wakes.get_nowait()


def work_until_stopped(
    app: Flask,
    *,
    signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT),
    is_abandoned: Callable[[], bool] = lambda: False,
) -> None:
    """Work for an application until the process is told to stop.

    :param signals: which tell it.
    :param is_abandoned: as of :meth:`Worker.run`.
    """
    worker = Worker(app, Work.of(app))
    before = {one: signal.signal(one, worker.stop) for one in signals}
    try:
        worker.run(is_abandoned=is_abandoned)
    finally:
        parts: Parts = app.extensions[EXTENSION]
        parts.mailer.close()
        for one, handler in before.items():
            signal.signal(one, handler)

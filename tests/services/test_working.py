"""The worker's loop: side by side, at once, through outages, until it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from idp.domain.clock import SystemClock
from idp.services.operations.chores import Chore
from idp.services.operations.delivery import Deliver
from idp.store import outbox
from idp.store.db import db
from idp.store.outbox import OutboxItem, OutboxKind
from idp.store.unit_of_work import reading, unit_of_work
from idp.working import SLOTS, Work, Worker
from tests.support.database import DATABASES, database_alone, fresh_url

KIND = OutboxKind.BACKCHANNEL_LOGOUT
PATIENCE_SECONDS = 30


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    with database_alone(fresh_url(request, tmp_path)) as app:
        yield app


@contextmanager
def working(app: Flask, deliver: Deliver, *chores: Chore) -> Iterator[Worker]:
    """Let a worker run while the block does; it is stopped at the end, and has to come to it."""
    worker = Worker(app, Work(deliverers={KIND: deliver}, chores=chores, clock=SystemClock()))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(worker.run)
        try:
            yield worker
        finally:
            worker.stop()
            running.result(PATIENCE_SECONDS)


def enqueue(*names: str) -> None:
    with unit_of_work() as session:
        for name in names:
            outbox.enqueue(session, KIND, {"name": name}, account=None, now=SystemClock().now())


def undelivered() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).where(OutboxItem.done_at.is_(None))) or 0


class Receiver:
    """Takes what is delivered; a name that it holds is kept until it is let go."""

    def __init__(self, *held: str) -> None:
        self.arrived: Queue[str] = Queue()
        self.go_on = threading.Event()
        self._held = held

    def __call__(self, payload: Mapping[str, Any]) -> None:
        name = payload["name"]
        self.arrived.put(name)
        if name in self._held:
            assert self.go_on.wait(PATIENCE_SECONDS)

    def next(self, number: int = 1) -> set[str]:
        return {self.arrived.get(timeout=PATIENCE_SECONDS) for _ in range(number)}


def test_what_is_enqueued_while_a_worker_rests_arrives(database: Flask) -> None:
    receiver = Receiver()
    with working(database, receiver):
        enqueue("first")
        assert receiver.next() == {"first"}
        enqueue("second")
        assert receiver.next() == {"second"}
    assert undelivered() == 0


def test_one_receiver_that_hangs_does_not_hold_up_the_others(database: Flask) -> None:
    receiver = Receiver("slow")
    others = {str(number) for number in range(3 * SLOTS)}
    enqueue("slow", *others)
    with working(database, receiver):
        assert receiver.next(1 + len(others)) == {"slow", *others}
        assert undelivered() >= 1
        receiver.go_on.set()
    assert undelivered() == 0


def test_a_worker_takes_no_more_than_it_can_deliver_at_once(database: Flask) -> None:
    """What it holds without delivering, another worker could not take."""
    names = [str(number) for number in range(SLOTS + 3)]
    receiver = Receiver(*names)
    enqueue(*names)
    with working(database, receiver) as worker:
        receiver.next(SLOTS)
        with reading() as session:
            held = session.scalar(select(func.count()).where(OutboxItem.leased_by.is_not(None)))
        worker.stop()
        receiver.go_on.set()
    assert held == SLOTS
    assert undelivered() == 3


def test_a_worker_that_is_stopped_finishes_what_it_delivers(database: Flask) -> None:
    receiver = Receiver("slow")
    enqueue("slow")
    with working(database, receiver) as worker:
        receiver.next()
        worker.stop()
        receiver.go_on.set()
    assert undelivered() == 0


def test_a_worker_that_is_abandoned_stops_by_itself(database: Flask) -> None:
    worker = Worker(database, Work(deliverers={}, chores=(), clock=SystemClock()))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(worker.run, is_abandoned=lambda: True)
        try:
            running.result(PATIENCE_SECONDS)
        finally:
            worker.stop()


def test_a_chore_that_takes_long_does_not_hold_up_deliveries(database: Flask) -> None:
    receiver = Receiver()
    begun, go_on = threading.Event(), threading.Event()

    def take_long(_context: object) -> None:
        begun.set()
        go_on.wait(PATIENCE_SECONDS)

    long = Chore(name="long", every=timedelta(minutes=1), within=timedelta(minutes=1), do=take_long)
    with working(database, receiver, long):
        assert begun.wait(PATIENCE_SECONDS)
        enqueue("first")
        receiver.next()
        go_on.set()
    assert undelivered() == 0


def test_the_loop_outlives_a_database_that_refuses_connections(database: Flask) -> None:
    """As a restart looks from here: for a while no connection can be had, and what was open is gone."""
    receiver, refused = Receiver(), threading.Event()
    away = threading.Event()

    def refuse(*_: object) -> None:
        if away.is_set():
            refused.set()
            raise OperationalError("connect", {}, Exception("the database system is starting up"))

    event.listen(db.engine, "checkout", refuse)
    with working(database, receiver):
        enqueue("before")
        receiver.next()
        away.set()
        assert refused.wait(PATIENCE_SECONDS)
        away.clear()
        enqueue("after")
        assert receiver.next() == {"after"}
    assert undelivered() == 0

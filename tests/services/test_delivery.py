"""What becomes of an item after each attempt, on the database and under a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from idp.domain.backoff import MOST_ATTEMPTS
from idp.domain.errors import DeliveryFailed, DeliveryRefused
from idp.services.operations import delivery
from idp.services.operations.delivery import LEASE, Deliver, Outcome
from idp.store import outbox
from idp.store.db import db
from idp.store.outbox import Leased, OutboxItem, OutboxKind
from idp.store.unit_of_work import reading, unit_of_work
from tests.support.clock import NOW, FrozenClock
from tests.support.database import database_alone, fresh_sqlite

KIND = OutboxKind.BACKCHANNEL_LOGOUT


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Flask]:
    with database_alone(fresh_sqlite(tmp_path)) as app:
        yield app


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def item(database: Flask, clock: FrozenClock) -> Leased:
    """An item that was just leased."""
    with unit_of_work() as session:
        outbox.enqueue(session, KIND, {"sid": "s-1"}, account="acme", now=NOW)
    return lease(clock)


def lease(clock: FrozenClock) -> Leased:
    (item,) = delivery.lease([KIND], holder="one", most=1, clock=clock)
    return item


def row() -> OutboxItem:
    with reading() as session:
        return session.scalars(select(OutboxItem)).one()


def failing(error: Exception) -> Deliver:
    def deliver(_payload: Mapping[str, Any]) -> None:
        raise error

    return deliver


def test_what_was_delivered_is_done(item: Leased, clock: FrozenClock) -> None:
    got: list[Mapping[str, Any]] = []
    assert delivery.attempt(item, got.append, clock=clock) is Outcome.DELIVERED
    assert got == [{"sid": "s-1"}]
    assert row().done_at == NOW


def test_what_failed_comes_back_within_a_second(item: Leased, clock: FrozenClock) -> None:
    assert delivery.attempt(item, failing(DeliveryFailed("studio answered 503")), clock=clock) is Outcome.FAILED
    assert timedelta(milliseconds=800) <= row().due_at - NOW <= timedelta(seconds=1)
    assert row().last_error == "studio answered 503"


def test_what_failed_the_last_time_is_given_up(item: Leased, clock: FrozenClock) -> None:
    outcomes = []
    for _ in range(MOST_ATTEMPTS - 1):
        outcomes.append(delivery.attempt(item, failing(DeliveryFailed("no")), clock=clock))
        clock.set(row().due_at)
        item = lease(clock)
    assert set(outcomes) == {Outcome.FAILED}
    assert timedelta(hours=18) < clock.now() - NOW < timedelta(hours=25)
    assert delivery.attempt(item, failing(DeliveryFailed("no, at last")), clock=clock) is Outcome.BURIED
    assert (row().dead_at, row().last_error) == (clock.now(), "no, at last")


def test_what_is_refused_for_good_is_given_up_at_once(item: Leased, clock: FrozenClock) -> None:
    assert delivery.attempt(item, failing(DeliveryRefused("no such service")), clock=clock) is Outcome.BURIED
    assert (row().dead_at, row().last_error) == (NOW, "no such service")


def test_an_error_of_ours_is_tried_again_and_its_text_is_not_shown(item: Leased, clock: FrozenClock) -> None:
    assert delivery.attempt(item, failing(KeyError("of a person")), clock=clock) is Outcome.FAILED
    assert row().dead_at is None
    assert "KeyError" in str(row().last_error)
    assert "of a person" not in str(row().last_error)


@pytest.mark.parametrize("error", [DeliveryFailed("late"), DeliveryRefused("late"), None], ids=str)
def test_what_took_longer_than_its_lease_is_the_next_ones(
    item: Leased, clock: FrozenClock, error: Exception | None
) -> None:
    def slow(_payload: Mapping[str, Any]) -> None:
        clock.advance(seconds=LEASE.total_seconds())
        lease(clock)
        if error:
            raise error

    assert delivery.attempt(item, slow, clock=clock) is Outcome.TAKEN_OVER
    assert (row().attempts, row().done_at, row().dead_at, row().last_error) == (2, None, None, None)


def test_nothing_is_locked_while_something_is_delivered(item: Leased, clock: FrozenClock) -> None:
    """On SQLite a transaction that writes would keep everybody else from writing."""

    def deliver(_payload: Mapping[str, Any]) -> None:
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]

    assert delivery.attempt(item, deliver, clock=clock) is Outcome.DELIVERED

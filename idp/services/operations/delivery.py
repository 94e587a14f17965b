"""Delivering the outbox: each item is leased, delivered outside of every transaction, and settled.

At least once: a worker that dies between delivering and settling leaves the
item to the next one, which delivers it again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from enum import Enum, auto
from typing import Any

import structlog

from idp.domain import backoff
from idp.domain.clock import Clock
from idp.domain.errors import DeliveryFailed, DeliveryRefused
from idp.store import outbox
from idp.store.outbox import Leased, OutboxKind
from idp.store.unit_of_work import unit_of_work

Deliver = Callable[[Mapping[str, Any]], None]
"""Delivers a payload within seconds.

:raises DeliveryFailed: it did not arrive; another try may help.
:raises DeliveryRefused: it never will.
"""

LEASE = timedelta(seconds=60)
"""Longer than any delivery takes; so long an item waits when its worker was killed."""

log = structlog.get_logger()
_chance = random.SystemRandom().random


class Outcome(Enum):
    """How an attempt ended."""

    DELIVERED = auto()
    FAILED = auto()
    """It will be tried again."""
    BURIED = auto()
    """It will not."""
    TAKEN_OVER = auto()
    """It took so long that it is somebody else's now; what they say counts."""


def lease(kinds: Sequence[OutboxKind], *, holder: str, most: int, clock: Clock) -> Sequence[Leased]:
    """Take up to ``most`` items that are due."""
    now = clock.now()
    with unit_of_work() as session:
        return outbox.lease(session, holder=holder, kinds=kinds, most=most, now=now, until=now + LEASE)


def attempt(item: Leased, deliver: Deliver, *, clock: Clock) -> Outcome:
    """Deliver an item and settle it. Nothing that a delivery raises gets out."""
    try:
        deliver(item.payload)
    except DeliveryRefused as refused:
        outcome = _bury(item, str(refused), clock)
    except DeliveryFailed as failed:
        outcome = _put_off(item, str(failed), clock)
    except Exception as error:
        log.exception("delivery_broken", item=item.id, delivers=item.kind)
        outcome = _put_off(item, f"an error of the provider itself ({type(error).__name__}); see its log", clock)
    else:
        with unit_of_work() as session:
            settled = outbox.settle_done(session, item, now=clock.now())
        outcome = Outcome.DELIVERED if settled else Outcome.TAKEN_OVER
    _tell(item, outcome)
    return outcome


def _put_off(item: Leased, error: str, clock: Clock) -> Outcome:
    wait = backoff.wait_after(item.attempts, _chance())
    if wait is None:
        return _bury(item, error, clock)
    with unit_of_work() as session:
        settled = outbox.settle_failed(session, item, error=error, due_at=clock.now() + wait)
    return Outcome.FAILED if settled else Outcome.TAKEN_OVER


def _bury(item: Leased, error: str, clock: Clock) -> Outcome:
    with unit_of_work() as session:
        settled = outbox.bury(session, item, error=error, now=clock.now())
    return Outcome.BURIED if settled else Outcome.TAKEN_OVER


def _tell(item: Leased, outcome: Outcome) -> None:
    # Neither payload nor error: both may name people. The listing has the error.
    facts = {"item": item.id, "delivers": item.kind.value, "account": item.account, "attempts": item.attempts}
    match outcome:
        case Outcome.DELIVERED:
            log.info("delivered", **facts)
        case Outcome.FAILED | Outcome.TAKEN_OVER:
            log.warning("not_delivered", **facts)
        case Outcome.BURIED:
            log.error("given_up", **facts)

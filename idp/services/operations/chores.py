"""Chores: what somebody has to do every now and then, and of several workers one does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from idp.domain.clock import Clock
from idp.domain.context import Context
from idp.services.operations import housekeeping, keys
from idp.services.parts import Parts
from idp.services.people import leavers, overdue_requests
from idp.store import leases
from idp.store.unit_of_work import unit_of_work

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Something to be done again and again.

    :param every: how long after it was done it is due again.
    :param within: longer than it takes; when it was not finished by then, another worker does it.
    """

    name: str
    every: timedelta
    within: timedelta
    do: Callable[[Context], object]


def all_chores(parts: Parts) -> tuple[Chore, ...]:
    """Return what a worker does beside delivering."""
    return (
        Chore(
            name="key rotation",
            every=timedelta(minutes=1),
            within=timedelta(minutes=1),
            do=lambda context: keys.rotate_if_due(parts=parts, context=context),
        ),
        Chore(
            name="access requests",
            every=timedelta(minutes=1),
            within=timedelta(minutes=2),
            do=lambda context: overdue_requests.look_after(parts=parts, context=context),
        ),
        Chore(
            name="leavers",
            every=timedelta(hours=1),
            within=timedelta(minutes=5),
            do=lambda context: leavers.look_after(context=context),
        ),
        Chore(
            name="housekeeping",
            every=timedelta(minutes=10),
            within=timedelta(minutes=5),
            do=lambda context: housekeeping.tidy(parts=parts, context=context),
        ),
    )


def do_due(chores: Iterable[Chore], *, holder: str, clock: Clock) -> list[str]:
    """Do the chores that are due and nobody else does.

    One that fails is logged, keeps nobody from the others, and comes again when its lease has run out.

    :returns: the names of those that were done.
    """
    return [chore.name for chore in chores if _take(chore, holder, clock) and _do(chore, holder, clock)]


def _take(chore: Chore, holder: str, clock: Clock) -> bool:
    now = clock.now()
    with unit_of_work() as session:
        return leases.take(
            session,
            chore.name,
            holder=holder,
            now=now,
            until=now + chore.within,
            unless_done_after=now - chore.every,
        )


def _do(chore: Chore, holder: str, clock: Clock) -> bool:
    try:
        chore.do(Context.of_worker(clock.now()))
    except Exception:
        log.exception("chore_failed", chore=chore.name)
        return False
    with unit_of_work() as session:
        leases.finish(session, chore.name, holder=holder, now=clock.now())
    return True

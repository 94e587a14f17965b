"""Throttles: what is counted before anything is looked up, so that being refused tells nothing about anybody."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from idp.domain.context import Context
from idp.settings import Settings
from idp.settings.rates import LIMITS
from idp.store import counters


def wait(session: Session, limit: str, subject: str, *, settings: Settings, context: Context) -> timedelta | None:
    """Count one more in the caller's transaction; return how long to wait where that is one too many.

    Where limits are off it is counted all the same, and nobody waits. Whoever asks for the same subject at the same
    moment takes turns, so that what is looked at next stands still.

    :param limit: one of :data:`idp.settings.rates.LIMITS`.
    :param subject: whom or what it is counted for.
    """
    wanted = settings.limit(limit)
    rate = wanted or LIMITS[limit]
    counted = counters.add(session, f"{limit}:{subject}", within=rate.within, now=context.now)
    if wanted is None or counted <= rate.most:
        return None
    return counters.window_of(context.now, rate.within) + rate.within - context.now

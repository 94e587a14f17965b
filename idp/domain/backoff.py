"""When a delivery that failed is tried again, and when nobody tries any more."""

from __future__ import annotations

from datetime import timedelta

JITTER = 0.2
"""By how much a wait may be shorter, so that what failed together does not come back together."""

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)

WAITS: tuple[timedelta, ...] = (
    # A receiver that restarts: whoever was away for a minute or so hears within 10 s of coming back.
    *(seconds * _SECOND for seconds in (1, 2, 4, 8)),
    *[8 * _SECOND] * 10,
    # One that is being mended.
    *(seconds * _SECOND for seconds in (20, 30)),
    *(minutes * _MINUTE for minutes in (1, 5, 15, 30)),
    # One that is away for the day. An attempt an hour costs nobody anything; after a day the sessions of which
    # a sign-out speaks have run out by themselves, and a person has to look.
    *[_HOUR] * 23,
)
"""The waits after the first, second, … attempt; in all some 24 hours."""

MOST_ATTEMPTS = len(WAITS) + 1


def wait_after(attempts: int, chance: float) -> timedelta | None:
    """Return how long to wait before the next attempt; none when there is to be none.

    :param attempts: how many there were, 1 or more.
    :param chance: drawn anew for every failure, from 0 up to 1.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    return WAITS[attempts - 1] * (1 - JITTER * chance)

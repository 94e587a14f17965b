"""What a presented refresh token is good for (CONTRACT §6 rule 3, RFC 9700 §4.14.2).

A family counts its refresh tokens. The one of the present generation is
exchanged for the next. The one just spent may come again for a short while,
because an answer can be lost and two tabs can renew at once: it gets the same
successor again, until that one is used. Whatever is older was copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

FIRST_GENERATION = 1


class Verdict(Enum):
    """What follows from a genuine refresh token."""

    ROTATE = auto()
    """It is the present one: the next generation begins."""
    REPEAT = auto()
    """It was spent a moment ago: the same successor once more."""
    REPLAYED = auto()
    """It was spent before that: the family ends."""
    EXPIRED = auto()
    """The family is too old, or was idle for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a family stands.

    :param rotated_at: when the present generation began.
    :param expires_at: from then on nothing renews any more.
    """

    generation: int
    rotated_at: datetime
    expires_at: datetime


def judge(presented: int, family: Standing, *, now: datetime, grace: timedelta, idle: timedelta | None) -> Verdict:
    """Say what a refresh token of generation ``presented`` is good for.

    :param grace: how long a spent token may come again.
    :param idle: how long a family lives without being used; none for as long as it lives at all.
    """
    if now >= family.expires_at or (idle is not None and now >= family.rotated_at + idle):
        return Verdict.EXPIRED
    if presented == family.generation:
        return Verdict.ROTATE
    if presented == family.generation - 1 and now < family.rotated_at + grace:
        return Verdict.REPEAT
    return Verdict.REPLAYED

"""The one place that reads the time.

Everything else takes ``now``, an aware UTC ``datetime``, as an argument.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present as an aware ``datetime`` in UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present as an aware ``datetime`` in UTC."""
        return datetime.now(UTC)


def unix(moment: datetime) -> int:
    """Return ``moment`` in whole seconds since 1970, as JWT claims want it (RFC 7519 §2)."""
    return int(moment.timestamp())


def from_unix(seconds: int) -> datetime:
    """Return the aware UTC moment of a JWT ``NumericDate`` (RFC 7519 §2)."""
    return datetime.fromtimestamp(seconds, UTC)

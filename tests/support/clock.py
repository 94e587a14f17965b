"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


class FrozenClock:
    """Tells the time that it was set to."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the present as an aware ``datetime`` in UTC."""
        return self._now

    def advance(self, **duration: float) -> None:
        """Let time pass, in the words of ``timedelta``."""
        self._now += timedelta(**duration)

    def set(self, now: datetime) -> None:
        """Show another time."""
        self._now = now

    @property
    def unix(self) -> int:
        """The present in whole seconds since 1970."""
        return int(self._now.timestamp())

"""Documents of upstreams, fetched once for all who ask, and kept for an hour.

One object a process and kind of document. Threads that want the same document
at the same time share one fetch and its outcome; different upstreams never wait
for each other.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from idp.domain.errors import UpstreamError, UpstreamUnavailable

LIFETIME = timedelta(hours=1)
RENEWAL_INTERVAL = timedelta(seconds=30)

Document = TypeVar("Document")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Document]):
    document: Document
    since: datetime


@dataclass(slots=True)
class _Shelf(Generic[Document]):
    """One address. ``kept`` is replaced whole, so that it may be read without the lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    kept: _Kept[Document] | None = None
    fetches: int = 0
    failure: UpstreamError | None = None
    renewed_at: datetime | None = None


class Documents(Generic[Document]):
    """A cache of parsed documents by address.

    :param fetch: reads and parses the document at an address; raises an ``UpstreamError``.
    """

    def __init__(self, fetch: Callable[[str], Document]) -> None:
        self._fetch = fetch
        self._shelves: dict[str, _Shelf[Document]] = {}
        self._lock = threading.Lock()

    def get(self, address: str, *, now: datetime) -> Document:
        """Return the document, at most an hour old.

        :raises UpstreamError: it cannot be had; whoever waited for the same fetch gets the same error.
        """
        shelf = self._shelf(address)
        kept = shelf.kept
        if kept is not None and _within(kept.since, now, LIFETIME):
            return kept.document
        fetches = shelf.fetches
        with shelf.lock:
            if shelf.fetches != fetches:
                return _outcome(shelf)
            return self._fill(shelf, address, now)

    def renewed(self, address: str, seen: Document, *, now: datetime) -> Document:
        """Return a younger document than ``seen``, fetched at most every 30 seconds an address.

        In between, it answers what it has: tokens with made-up key ids never make us flood an upstream.

        :raises UpstreamError: it cannot be had, now or at the last try within the interval.
        """
        shelf = self._shelf(address)
        with shelf.lock:
            if shelf.kept is not None and shelf.kept.document is not seen:
                return shelf.kept.document
            if shelf.renewed_at is not None and _within(shelf.renewed_at, now, RENEWAL_INTERVAL):
                return _outcome(shelf)
            shelf.renewed_at = now
            return self._fill(shelf, address, now)

    def _shelf(self, address: str) -> _Shelf[Document]:
        with self._lock:
            return self._shelves.setdefault(address, _Shelf())

    def _fill(self, shelf: _Shelf[Document], address: str, now: datetime) -> Document:
        try:
            shelf.kept = _Kept(self._fetch(address), now)
        except UpstreamError as error:
            shelf.failure = error
            raise
        else:
            shelf.failure = None
        finally:
            # Counted at its end, so that whoever began to wait before sees that it is over.
            shelf.fetches += 1
        return shelf.kept.document


def _outcome(shelf: _Shelf[Document]) -> Document:
    """Return what the last fetch gave, or raise what it raised."""
    failure, kept = shelf.failure, shelf.kept
    if failure is not None:
        # A copy: one exception object must not gather the tracebacks of several threads.
        raise copy.copy(failure)
    if kept is None:
        raise UpstreamUnavailable("the fetch that was waited for did not end")
    return kept.document


def _within(since: datetime, now: datetime, span: timedelta) -> bool:
    # A clock that was set back makes nothing young again.
    return timedelta(0) <= now - since < span

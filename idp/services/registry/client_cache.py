"""Clients as the protocol sees them, kept for seconds (ARCHITECTURE, decision 8; CONTRACT §6 rule 16).

A change made elsewhere is seen after :data:`KEPT_FOR`; what is new, at once:
whoever finds that a kept client does not know something asks :meth:`ClientCache.again`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.domain.context import Context
from idp.services.registry import client_changes, clients
from idp.services.registry.clients import RegisteredClient

KEPT_FOR = timedelta(seconds=5)
MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Kept:
    client: RegisteredClient
    read_at: datetime
    change: int

    def is_fresh(self, now: datetime) -> bool:
        return self.read_at <= now < self.read_at + KEPT_FOR and self.change == client_changes.latest()


class ClientCache:
    """Thread-safe: entries are replaced whole, and the worst of a race is to read twice."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def find(self, client_id: str, *, context: Context) -> RegisteredClient | None:
        """Return a client, at most :data:`KEPT_FOR` old, or none."""
        kept = self._kept.get(client_id)
        if kept is not None and kept.is_fresh(context.now):
            return kept.client
        return self.again(client_id, context=context)

    def again(self, client_id: str, *, context: Context) -> RegisteredClient | None:
        """Return a client as the records say now, or none."""
        change = client_changes.latest()
        client = clients.find(client_id, context=context)
        if client is None:
            self._kept.pop(client_id, None)
            return None
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[client_id] = _Kept(client, context.now, change)
        return client

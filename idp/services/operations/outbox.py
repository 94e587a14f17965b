"""The outbox as operators see it: what waits, what was given up, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from idp.audit import trail
from idp.audit.events import OutboxDropped, OutboxRetried
from idp.domain.context import Context
from idp.domain.errors import NotFound
from idp.services.operations.readiness import Finding
from idp.services.registry import accounts
from idp.store import outbox
from idp.store.outbox import OutboxItem, OutboxKind
from idp.store.unit_of_work import reading, unit_of_work

PATIENCE = timedelta(seconds=60)
"""An item that is due for longer than that waits for a worker that is not there."""


class Standing(StrEnum):
    """Where an undelivered item stands."""

    WAITING = "waiting"
    DELIVERING = "delivering"
    RETRYING = "retrying"
    """Failed before, and will be tried again."""
    DEAD = "dead"
    """Given up, until somebody retries or drops it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An item and where it stands."""

    item: OutboxItem
    standing: Standing

    @property
    def to(self) -> str | None:
        """The address of a mail."""
        return self._of_a_mail("to")

    @property
    def subject(self) -> str | None:
        """The subject of a mail."""
        return self._of_a_mail("subject")

    def _of_a_mail(self, name: str) -> str | None:
        return self.item.payload.get(name) if self.item.kind == OutboxKind.MAIL else None


def list_all(account: str | None, *, context: Context) -> Sequence[Listed]:
    """Return what is not delivered, the oldest first.

    :raises NotFound: there is no such account.
    """
    with reading() as session:
        code = None if account is None else accounts.require(session, account).code
        items = outbox.unsettled(session, account=code)
    return [Listed(item=item, standing=_standing(item, context.now)) for item in items]


def retry(item_id: str, *, context: Context) -> OutboxItem:
    """Let an item be delivered now, also one that was given up.

    :raises NotFound: it is unknown, or was delivered.
    """
    with unit_of_work() as session:
        item = outbox.revive(session, item_id, now=context.now)
        if item is None:
            raise _unknown(item_id)
        trail.record(session, OutboxRetried(account=item.account_code, item=item.id, delivers=item.kind), context)
    return item


def drop(item_id: str, *, context: Context) -> OutboxItem:
    """Give an item up for good. What is on its way at the moment may still arrive.

    :raises NotFound: it is unknown, or was delivered.
    """
    with unit_of_work() as session:
        item = outbox.remove(session, item_id)
        if item is None:
            raise _unknown(item_id)
        event = OutboxDropped(account=item.account_code, item=item.id, delivers=item.kind, attempts=item.attempts)
        trail.record(session, event, context)
    return item


def findings(*, context: Context) -> Iterator[Finding]:
    """Tell whether everything is delivered in time; nothing of it keeps requests from being served."""
    with reading() as session:
        backlog = outbox.backlog(session, now=context.now)
    since = backlog.due_since
    late = since is not None and context.now - since > PATIENCE
    if late:
        what = f"What was due at {since:%Y-%m-%d %H:%M:%S} UTC is not delivered: no worker is running. Run: idp worker"
        yield Finding(part="outbox", what=what, deserves_attention=True)
    if backlog.dead:
        what = f"Given up: {backlog.dead} deliveries; look with idp outbox list, then: idp outbox retry ID, or drop ID"
        yield Finding(part="outbox", what=what, deserves_attention=True)
    if not late and not backlog.dead:
        yield Finding(part="outbox", what=f"Deliveries are made in time; {backlog.waiting} wait.")


def _standing(item: OutboxItem, now: datetime) -> Standing:
    if item.dead_at is not None:
        return Standing.DEAD
    if item.leased_until is not None and item.leased_until > now:
        return Standing.DELIVERING
    return Standing.RETRYING if item.attempts else Standing.WAITING


def _unknown(item_id: str) -> NotFound:
    return NotFound(f"nothing with the id {item_id!r} waits to be delivered; see: idp outbox list")

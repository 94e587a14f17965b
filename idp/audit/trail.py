"""Writing the trail. Events are inserted in the transaction that they describe."""

from __future__ import annotations

from sqlalchemy import insert
from sqlalchemy.orm import Session

from idp.audit.events import Event
from idp.domain.context import Context
from idp.store.audit_events import AuditEvent
from idp.store.db import core, table_of

_INSERT = insert(table_of(AuditEvent))


def record(session: Session, event: Event, context: Context) -> None:
    """Insert one event; it stands if and only if the caller's transaction does."""
    core(session).execute(
        _INSERT,
        {
            "at": context.now,
            "kind": event.kind,
            "outcome": event.outcome,
            "account_code": event.account,
            "user_id": event.user,
            "client_id": event.client,
            "actor_kind": context.actor.kind,
            "actor_id": context.actor.id,
            "network": context.network,
            "request_id": context.request_id,
            "details": event.details(),
        },
    )

"""Writing the trail. Events are inserted in the transaction that they describe."""

from __future__ import annotations

from sqlalchemy import insert
from sqlalchemy.orm import Session

from idp.audit.events import Event
from idp.domain.context import Context
from idp.store.audit_events import AuditEvent
from idp.store.db import table_of
from idp.store.prepared import Prepared

_EVENTS = table_of(AuditEvent)
_INSERT = Prepared(insert(_EVENTS), columns=[column.name for column in _EVENTS.c if not column.primary_key])


def record(session: Session, event: Event, context: Context) -> None:
    """Insert one event; it stands if and only if the caller's transaction does."""
    _INSERT.run(
        session,
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

"""The audit trail's rows. No foreign keys: the trail outlives what it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode, ProviderCode, UserId
from idp.store.db import Base

SIGN_IN_FAILED = "sign_in.failed"
"""The kind of event that :func:`latest_failure` looks for."""


class AuditEvent(Base):
    """One event, inserted in the transaction that it describes."""

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(60))
    outcome: Mapped[str] = mapped_column(String(40))
    account_code: Mapped[str | None] = mapped_column(String(63), index=True)
    user_id: Mapped[str | None] = mapped_column(String(32), index=True)
    client_id: Mapped[str | None] = mapped_column(String(128))
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[str | None] = mapped_column(String(255))
    network: Mapped[str | None] = mapped_column(String(45))
    request_id: Mapped[str] = mapped_column(String(64), index=True)
    details: Mapped[dict[str, Any]]


def after(
    session: Session,
    event_id: int,
    *,
    account: AccountCode | None = None,
    user: UserId | None = None,
    request: str | None = None,
    since: datetime | None = None,
) -> Sequence[AuditEvent]:
    """Return the events after ``event_id``, the oldest first, narrowed where asked."""
    query = select(AuditEvent).where(AuditEvent.id > event_id).order_by(AuditEvent.id)
    if account is not None:
        query = query.where(AuditEvent.account_code == account)
    if user is not None:
        query = query.where(AuditEvent.user_id == user)
    if request is not None:
        query = query.where(AuditEvent.request_id == request)
    if since is not None:
        query = query.where(AuditEvent.at >= since)
    return session.scalars(query).all()


def latest_failure(
    session: Session, account: AccountCode, provider: ProviderCode, *, since: datetime
) -> AuditEvent | None:
    """Return the latest sign-in at a provider that came back without an identity."""
    query = select(AuditEvent).where(
        AuditEvent.account_code == account,
        AuditEvent.kind == SIGN_IN_FAILED,
        AuditEvent.at >= since,
        AuditEvent.details["provider"].as_string() == provider,
    )
    return session.scalars(query.order_by(AuditEvent.id.desc()).limit(1)).first()

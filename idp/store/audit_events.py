"""The audit trail's rows. No foreign keys: the trail outlives what it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode, ProviderCode, UserId
from idp.store.db import Base

SIGN_IN_FAILED = "sign_in.failed"
"""The kind of event that :func:`latest_failure` looks for."""
STAFF_CAME_IN = ("staff.entered", "staff.manages")
"""The kinds of event that :func:`has_entered` looks for."""
RENEWED = ("token.refreshed", "cookies.renewed")
"""The kinds of event that say that somebody went on without signing in."""


class AuditEvent(Base):
    """One event, inserted in the transaction that it describes."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_account_code_id", "account_code", "id"),)

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


def page(
    session: Session,
    account: AccountCode,
    *,
    before: int | None,
    most: int,
    user: UserId | None = None,
    kind: str | None = None,
    request: str | None = None,
) -> Sequence[AuditEvent]:
    """Return an account's events, the latest first, narrowed where asked.

    :param before: only those with a lower id: where the page before ended.
    """
    query = select(AuditEvent).where(AuditEvent.account_code == account).order_by(AuditEvent.id.desc()).limit(most)
    if before is not None:
        query = query.where(AuditEvent.id < before)
    if user is not None:
        query = query.where(AuditEvent.user_id == user)
    if kind is not None:
        query = query.where(AuditEvent.kind == kind)
    if request is not None:
        query = query.where(AuditEvent.request_id == request)
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


def has_entered(session: Session, staff: UserId, account: AccountCode, *, since: datetime) -> bool:
    """Say whether a staff member entered an account since it was made, at a client or to manage it."""
    query = select(AuditEvent.id).where(
        AuditEvent.user_id == staff,
        AuditEvent.account_code == account,
        AuditEvent.kind.in_(STAFF_CAME_IN),
        AuditEvent.at >= since,
    )
    return session.scalar(query.limit(1)) is not None

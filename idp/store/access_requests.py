"""Requests that somebody has to decide: so far, identity collisions (``kind: link``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode, ProviderId, UserId
from idp.store.db import Base


class RequestKind(StrEnum):
    """What is asked for."""

    LINK = "link"
    """To tie a new upstream identity to the person whose address it brought."""


class RequestStatus(StrEnum):
    """How far a request has come."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"


class AccessRequest(Base):
    """One request. There is one row for an upstream identity and the person it met, however often it comes back."""

    __tablename__ = "access_requests"
    __table_args__ = (UniqueConstraint("provider_id", "issuer", "subject", "user_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(2048))
    subject: Mapped[str] = mapped_column(String(255))
    email: Mapped[str] = mapped_column(String(254))
    email_vouched: Mapped[bool]
    name: Mapped[str | None] = mapped_column(String(255))
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    last_attempt_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(255))
    reason: Mapped[str | None] = mapped_column(String(500))


def take(session: Session, request_id: str) -> AccessRequest | None:
    """Return the request's row to whoever decides it; another decision waits until this one is made."""
    return session.get(AccessRequest, request_id, with_for_update=True)


def of_collision(
    session: Session, provider: ProviderId, *, issuer: str, subject: str, user_id: UserId
) -> AccessRequest | None:
    """Return the request about exactly this identity and the person it met."""
    return session.scalar(
        select(AccessRequest).where(
            AccessRequest.provider_id == provider,
            AccessRequest.issuer == issuer,
            AccessRequest.subject == subject,
            AccessRequest.user_id == user_id,
        )
    )


def not_approved(session: Session, user_id: UserId) -> Sequence[AccessRequest]:
    """Return the requests about sign-ins that met a user and are not theirs, the oldest first."""
    query = select(AccessRequest).where(
        AccessRequest.user_id == user_id, AccessRequest.status != RequestStatus.APPROVED
    )
    return session.scalars(query.order_by(AccessRequest.created_at, AccessRequest.id)).all()


def of_account(session: Session, account: AccountCode | None) -> Sequence[AccessRequest]:
    """Return the requests of one account, or all, the oldest first."""
    query = select(AccessRequest).order_by(AccessRequest.created_at, AccessRequest.id)
    return session.scalars(query if account is None else query.where(AccessRequest.account_code == account)).all()

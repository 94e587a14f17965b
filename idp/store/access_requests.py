"""Requests that somebody has to decide: for access, and about identity collisions (``kind: link``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Select, String, UniqueConstraint, func, select, text, tuple_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.access_requests import MAX_MESSAGE_LENGTH
from idp.domain.identifiers import AccountCode, ProviderId, UserId
from idp.store.db import Base


class RequestKind(StrEnum):
    """What is asked for."""

    LINK = "link"
    """To tie a new upstream identity to the person whose address it brought."""
    ACCESS = "access"
    """To be let in by mail."""


class RequestStatus(StrEnum):
    """How far a request has come."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"


_PENDING_ACCESS = text("kind = 'access' AND status = 'pending'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collision:
    """Which upstream identity met whom, in a request of kind ``link``."""

    user_id: UserId
    provider_id: ProviderId
    issuer: str
    subject: str


class AccessRequest(Base):
    """One request.

    Of kind ``link`` there is one row for an upstream identity and the person it met, however often it comes back.
    Of kind ``access`` an address has at most one that is pending; ``user_id`` is whom its approval made (``user_made``)
    or found. The window in which it was asked for is kept, so that an approval within the hour leads back into it.

    ``reminded_at`` and ``escalated_at`` are when it was put before the deputies, and before staff; ``mail_id`` is the
    outbox item by which the asker was told of the decision; ``arrived_at`` is when they first signed in.
    """

    __tablename__ = "access_requests"
    __table_args__ = (
        UniqueConstraint("provider_id", "issuer", "subject", "user_id"),
        Index(
            "uq_access_requests_pending_address",
            "account_code",
            "email_canonical",
            unique=True,
            sqlite_where=_PENDING_ACCESS,
            postgresql_where=_PENDING_ACCESS,
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    provider_id: Mapped[str | None] = mapped_column(ForeignKey("providers.id", ondelete="CASCADE"))
    issuer: Mapped[str | None] = mapped_column(String(2048))
    subject: Mapped[str | None] = mapped_column(String(255))
    email: Mapped[str] = mapped_column(String(254))
    email_canonical: Mapped[str | None] = mapped_column(String(254))
    email_vouched: Mapped[bool]
    name: Mapped[str | None] = mapped_column(String(255))
    message: Mapped[str | None] = mapped_column(String(MAX_MESSAGE_LENGTH))
    language: Mapped[str | None] = mapped_column(String(35))
    browser_digest: Mapped[str | None] = mapped_column(String(64))
    parked_id: Mapped[str | None] = mapped_column(String(32))
    after: Mapped[str | None] = mapped_column(String(2048))
    service_name: Mapped[str | None] = mapped_column(String(200))
    asked_at: Mapped[datetime | None]
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    last_attempt_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    reminded_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(String(500))
    user_made: Mapped[bool | None]
    mail_id: Mapped[str | None] = mapped_column(String(32))
    arrived_at: Mapped[datetime | None]

    def collision(self) -> Collision:
        """Return what a request of kind ``link`` is about.

        :raises ValueError: it is of another kind.
        """
        if self.user_id is None or self.provider_id is None or self.issuer is None or self.subject is None:
            raise ValueError("only a request of kind link is about a collision")
        return Collision(
            user_id=UserId(self.user_id),
            provider_id=ProviderId(self.provider_id),
            issuer=self.issuer,
            subject=self.subject,
        )


def get(session: Session, request_id: str) -> AccessRequest | None:
    """Return the request's row."""
    return session.get(AccessRequest, request_id)


def take(session: Session, request_id: str) -> AccessRequest | None:
    """Return the request's row to whoever decides it; another decision waits until this one is made."""
    return session.get(AccessRequest, request_id, with_for_update=True, populate_existing=True)


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
        AccessRequest.user_id == user_id,
        AccessRequest.kind == RequestKind.LINK,
        AccessRequest.status != RequestStatus.APPROVED,
    )
    return session.scalars(query.order_by(AccessRequest.created_at, AccessRequest.id)).all()


def of_account(session: Session, account: AccountCode | None) -> Sequence[AccessRequest]:
    """Return the requests of one account, or all, the oldest first."""
    query = select(AccessRequest).order_by(AccessRequest.created_at, AccessRequest.id)
    return session.scalars(query if account is None else query.where(AccessRequest.account_code == account)).all()


def page(
    session: Session,
    account: AccountCode,
    *,
    status: RequestStatus | None,
    after: tuple[datetime, str] | None,
    most: int,
) -> Sequence[AccessRequest]:
    """Return an account's requests from a place on, the oldest first.

    :param after: when the last one of the page before was made, and its id.
    """
    query = select(AccessRequest).where(AccessRequest.account_code == account)
    if status is not None:
        query = query.where(AccessRequest.status == status)
    if after is not None:
        query = query.where(tuple_(AccessRequest.created_at, AccessRequest.id) > tuple_(*after))
    return session.scalars(query.order_by(AccessRequest.created_at, AccessRequest.id).limit(most)).all()


def waiting_of(session: Session, account: AccountCode) -> Sequence[AccessRequest]:
    """Return an account's requests that wait for a decision, the oldest first."""
    query = select(AccessRequest).where(
        AccessRequest.account_code == account, AccessRequest.status == RequestStatus.PENDING
    )
    return session.scalars(query.order_by(AccessRequest.created_at, AccessRequest.id)).all()


def settled_of(session: Session, account: AccountCode, *, most: int) -> Sequence[AccessRequest]:
    """Return an account's requests that do not wait any more, those settled last first."""
    settled_at = func.coalesce(AccessRequest.decided_at, AccessRequest.expires_at, AccessRequest.last_attempt_at)
    query = select(AccessRequest).where(
        AccessRequest.account_code == account, AccessRequest.status != RequestStatus.PENDING
    )
    return session.scalars(query.order_by(settled_at.desc(), AccessRequest.id).limit(most)).all()


def pending_for(session: Session, account: AccountCode, canonical: str) -> AccessRequest | None:
    """Return the request for access that waits for a decision about an address."""
    return session.scalar(_for_address(account, canonical).where(AccessRequest.status == RequestStatus.PENDING))


def latest_for(session: Session, account: AccountCode, canonical: str) -> AccessRequest | None:
    """Return the latest request for access of an address, whatever became of it."""
    newest = _for_address(account, canonical).order_by(AccessRequest.created_at.desc(), AccessRequest.id.desc())
    return session.scalar(newest.limit(1))


def pending(session: Session) -> Sequence[AccessRequest]:
    """Return all requests for access that wait, the oldest first."""
    query = select(AccessRequest).where(
        AccessRequest.kind == RequestKind.ACCESS, AccessRequest.status == RequestStatus.PENDING
    )
    return session.scalars(query.order_by(AccessRequest.created_at, AccessRequest.id)).all()


def for_access(session: Session) -> Sequence[AccessRequest]:
    """Return all requests for access that are remembered."""
    return session.scalars(select(AccessRequest).where(AccessRequest.kind == RequestKind.ACCESS)).all()


def arrived_since(session: Session, moment: datetime, *, account: AccountCode) -> Sequence[AccessRequest]:
    """Return the requests whose people first signed in since a moment."""
    query = select(AccessRequest).where(AccessRequest.account_code == account, AccessRequest.arrived_at >= moment)
    return session.scalars(query).all()


def note_arrival(session: Session, request_id: str, *, now: datetime) -> datetime | None:
    """Note that the person of an approved request has signed in, once; returns when they had asked."""
    return session.scalar(
        update(AccessRequest)
        .where(AccessRequest.id == request_id, AccessRequest.arrived_at.is_(None))
        .values(arrived_at=now)
        .returning(AccessRequest.created_at)
        .execution_options(synchronize_session=False)
    )


def approved_for(session: Session, user_id: UserId) -> str | None:
    """Return the id of the request whose approval made a user who has not arrived yet."""
    query = select(AccessRequest.id).where(
        AccessRequest.user_id == user_id,
        AccessRequest.kind == RequestKind.ACCESS,
        AccessRequest.status == RequestStatus.APPROVED,
        AccessRequest.user_made.is_(True),
        AccessRequest.arrived_at.is_(None),
    )
    return session.scalar(query.order_by(AccessRequest.created_at.desc()).limit(1))


def _for_address(account: AccountCode, canonical: str) -> Select[AccessRequest]:
    return select(AccessRequest).where(
        AccessRequest.account_code == account,
        AccessRequest.email_canonical == canonical,
        AccessRequest.kind == RequestKind.ACCESS,
    )

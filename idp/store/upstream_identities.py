"""Links: which upstream identity is which user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import ProviderId, UserId
from idp.domain.secrets import new_identifier
from idp.store.db import Base


class UpstreamIdentityLink(Base):
    """(provider, issuer, subject) → user. The issuer is part of the key: another issuer's subject is nobody we know."""

    __tablename__ = "upstream_identities"
    __table_args__ = (UniqueConstraint("provider_id", "issuer", "subject"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(2048))
    subject: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


def find(session: Session, provider: ProviderId, *, issuer: str, subject: str) -> UpstreamIdentityLink | None:
    """Return the link of exactly that identity, if there is one."""
    return session.scalar(
        select(UpstreamIdentityLink).where(
            UpstreamIdentityLink.provider_id == provider,
            UpstreamIdentityLink.issuer == issuer,
            UpstreamIdentityLink.subject == subject,
        )
    )


def tie(session: Session, provider: ProviderId, *, issuer: str, subject: str, user_id: UserId, now: datetime) -> None:
    """Recognise a user by this upstream identity from now on; the unique key refuses a second owner."""
    session.add(
        UpstreamIdentityLink(
            id=new_identifier(),
            provider_id=provider,
            issuer=issuer,
            subject=subject,
            user_id=user_id,
            created_at=now,
            last_seen_at=now,
        )
    )


def untie(session: Session, provider: ProviderId, *, issuer: str, subject: str, user_id: UserId) -> None:
    """Recognise the user by this upstream identity no longer."""
    session.execute(
        delete(UpstreamIdentityLink).where(
            UpstreamIdentityLink.provider_id == provider,
            UpstreamIdentityLink.issuer == issuer,
            UpstreamIdentityLink.subject == subject,
            UpstreamIdentityLink.user_id == user_id,
        )
    )


def has_any(session: Session, provider: ProviderId) -> bool:
    """Say whether anybody is known by this provider."""
    query = select(UpstreamIdentityLink.id).where(UpstreamIdentityLink.provider_id == provider)
    return session.scalar(query.limit(1)) is not None


def of_user(session: Session, user_id: UserId) -> list[UpstreamIdentityLink]:
    """Return a user's links, the oldest first."""
    query = select(UpstreamIdentityLink).where(UpstreamIdentityLink.user_id == user_id)
    return list(session.scalars(query.order_by(UpstreamIdentityLink.created_at)))


def people_of(session: Session, provider_ids: Iterable[str]) -> Mapping[str, int]:
    """Return how many people are known by each provider, by its id; one by whom nobody is known is not in it."""
    people = func.count(func.distinct(UpstreamIdentityLink.user_id))
    query = select(UpstreamIdentityLink.provider_id, people).where(
        UpstreamIdentityLink.provider_id.in_(list(provider_ids))
    )
    found = session.execute(query.group_by(UpstreamIdentityLink.provider_id))
    return {row[0]: row[1] for row in found}

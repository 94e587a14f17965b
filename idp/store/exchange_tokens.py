"""Exchange tokens: each opens one session in another browser, once (CONTRACT §6 rule 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import FamilyId
from idp.domain.secrets import digest
from idp.store.db import Base


class ExchangeToken(Base):
    """One token by the digest of its ``jti``, with the cookie session that it speaks for."""

    __tablename__ = "exchange_tokens"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    family_id: Mapped[str] = mapped_column(ForeignKey("token_families.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A token that was made here."""

    family_id: FamilyId
    is_used: bool


def add(session: Session, jti: str, family_id: FamilyId, *, expires_at: datetime) -> None:
    """Remember a token that is about to be given out."""
    session.add(ExchangeToken(token_digest=digest(jti), family_id=family_id, expires_at=expires_at))
    session.flush()


def find(session: Session, jti: str, *, now: datetime) -> Known | None:
    """Look at a token without using it; none when it is unknown or too old."""
    query = select(ExchangeToken.family_id, ExchangeToken.used_at)
    row = session.execute(
        query.where(ExchangeToken.token_digest == digest(jti), ExchangeToken.expires_at > now)
    ).one_or_none()
    return None if row is None else Known(family_id=FamilyId(row.family_id), is_used=row.used_at is not None)


def use(session: Session, jti: str, *, now: datetime) -> bool:
    """Spend a token; of concurrent callers exactly one is told true."""
    used = session.scalar(
        update(ExchangeToken)
        .where(
            ExchangeToken.token_digest == digest(jti),
            ExchangeToken.used_at.is_(None),
            ExchangeToken.expires_at > now,
        )
        .values(used_at=now)
        .returning(ExchangeToken.token_digest)
        .execution_options(synchronize_session=False)
    )
    return used is not None

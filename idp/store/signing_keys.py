"""Signing keys: the public half in clear, the private half sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.store.db import Base


class KeyUse(StrEnum):
    """Which kind of token a key signs; neither signs the other's."""

    OAUTH = "oauth"


class KeyState(StrEnum):
    """Where a key stands in its life."""

    NEXT = "next"
    """Published, so that clients know it before it signs."""
    CURRENT = "current"
    """Signs."""
    RETIRED = "retired"
    """Published while what it signed may still be presented."""


class SigningKey(Base):
    """One key pair. ``kid`` is the RFC 7638 thumbprint; the private JWK is sealed with the kid as associated data."""

    __tablename__ = "signing_keys"
    __table_args__ = tuple(
        Index(
            f"uq_signing_keys_{state}",
            "use",
            "alg",
            unique=True,
            sqlite_where=text(f"state = '{state}'"),
            postgresql_where=text(f"state = '{state}'"),
        )
        for state in (KeyState.CURRENT, KeyState.NEXT)
    )

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    use: Mapped[str] = mapped_column(String(10))
    alg: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    public_jwk: Mapped[dict[str, str]]
    private_jwk_sealed: Mapped[str]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime]
    promoted_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


def everyone(session: Session) -> Sequence[SigningKey]:
    """Return all keys, grouped by use and algorithm, the newest first."""
    order = (SigningKey.use, SigningKey.alg, SigningKey.created_at.desc(), SigningKey.kid)
    return session.scalars(select(SigningKey).order_by(*order)).all()

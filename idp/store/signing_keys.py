"""Signing keys: the public half in clear, the private half sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.store.db import Base, core


class KeyUse(StrEnum):
    """Which kind of token a key signs; neither signs the other's."""

    OAUTH = "oauth"
    SESSION = "session"
    """The cookie tokens."""


class KeyState(StrEnum):
    """Where a key stands in its life."""

    NEXT = "next"
    """Published, so that clients know it before it signs."""
    CURRENT = "current"
    """Signs."""
    RETIRED = "retired"
    """Published while what it signed may still be presented; kept afterwards, to know what it once signed."""
    REVOKED = "revoked"
    """Not to be trusted: neither published nor asked any more."""


class SigningKey(Base):
    """One key pair. ``kid`` is the RFC 7638 thumbprint.

    The private JWK is sealed with the kid as associated data; it is empty from
    the moment on at which the key has no more to sign.
    """

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
    revoked_at: Mapped[datetime | None]

    @property
    def since(self) -> datetime:
        """When the key came into its state."""
        return self.revoked_at or self.retired_at or self.promoted_at or self.published_at


def everyone(session: Session) -> Sequence[SigningKey]:
    """Return all keys, grouped by use and algorithm, the newest first."""
    order = (SigningKey.use, SigningKey.alg, SigningKey.created_at.desc(), SigningKey.kid)
    return session.scalars(select(SigningKey).order_by(*order)).all()


def get(session: Session, kid: str) -> SigningKey | None:
    """Return a key by its ``kid``."""
    return session.get(SigningKey, kid)


def take_turns(session: Session) -> None:
    """Wait until no other transaction changes keys, and let none do so before this one ends.

    Call it before anything is read. Readers are not held up. SQLite needs
    nothing: of its writing transactions there is one at a time anyhow.
    """
    if core(session).dialect.name == "postgresql":
        session.execute(text("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE"))

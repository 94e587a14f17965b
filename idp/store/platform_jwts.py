"""Platform JWTs that were accepted: one with a ``jti`` counts once, another's networks are compared."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode
from idp.domain.secrets import digest
from idp.store.db import Base
from idp.store.inserting import insert_unless_there


class PlatformJwt(Base):
    """One token until it expires, by the digest of its ``jti``, or of itself where it has none."""

    __tablename__ = "platform_jwts"

    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), primary_key=True)
    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    network: Mapped[str | None] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(index=True)


def note(session: Session, account: AccountCode, token: str, *, network: str | None, expires_at: datetime) -> bool:
    """Remember a token; of concurrent callers exactly one is told that it was new."""
    values = {
        "account_code": account,
        "token_digest": digest(token),
        "network": network,
        "expires_at": expires_at,
    }
    return insert_unless_there(session, PlatformJwt, values)


def first_network(session: Session, account: AccountCode, token: str) -> str | None:
    """Return from which network a remembered token came first."""
    return session.scalar(
        select(PlatformJwt.network).where(
            PlatformJwt.account_code == account, PlatformJwt.token_digest == digest(token)
        )
    )

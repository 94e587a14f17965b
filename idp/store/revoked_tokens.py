"""Access tokens that were revoked one by one, by their ``jti``, until they would have expired (RFC 7009 §2).

What ends with its family needs no row here.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.store.db import Base
from idp.store.inserting import insert_unless_there


class RevokedToken(Base):
    """One access token that no longer counts."""

    __tablename__ = "revoked_tokens"

    jti: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


def add(session: Session, jti: str, *, expires_at: datetime) -> bool:
    """Revoke a token; true when it counted until now."""
    return insert_unless_there(session, RevokedToken, {"jti": jti, "expires_at": expires_at})

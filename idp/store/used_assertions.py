"""Client assertions that were used, by their ``jti``: each proves its client once (RFC 7523 §3)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import ClientId
from idp.domain.secrets import digest
from idp.store.db import Base
from idp.store.inserting import insert_unless_there


class UsedAssertion(Base):
    """One assertion, until it would have expired."""

    __tablename__ = "used_assertions"

    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True)
    jti_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


def use(session: Session, client_id: ClientId, jti: str, *, expires_at: datetime) -> bool:
    """Spend an assertion; of concurrent callers exactly one is told true."""
    values = {"client_id": client_id, "jti_digest": digest(jti), "expires_at": expires_at}
    return insert_unless_there(session, UsedAssertion, values)

"""Authorization requests that a client pushed beforehand (RFC 9126)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.authorization_request import AuthorizationRequest
from idp.domain.identifiers import ClientId
from idp.domain.secrets import digest
from idp.store.db import Base


class PushedRequest(Base):
    """A validated request under the digest of its reference; spent when it is answered, not when it is looked at."""

    __tablename__ = "pushed_requests"

    reference_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), index=True)
    request: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


def add(
    session: Session, reference: str, request: AuthorizationRequest, *, now: datetime, expires_at: datetime
) -> None:
    """Keep a request.

    :param reference: clear; its digest is stored.
    """
    session.execute(
        insert(PushedRequest).values(
            reference_digest=digest(reference),
            client_id=request.client_id,
            request=request.as_json(),
            created_at=now,
            expires_at=expires_at,
        )
    )


def peek(session: Session, reference: str, *, client_id: ClientId, now: datetime) -> AuthorizationRequest | None:
    """Return a request that its client may still make."""
    stored = session.scalar(
        select(PushedRequest.request).where(
            PushedRequest.reference_digest == digest(reference),
            PushedRequest.client_id == client_id,
            PushedRequest.used_at.is_(None),
            PushedRequest.expires_at > now,
        )
    )
    return None if stored is None else AuthorizationRequest.from_json(stored)


def use(session: Session, reference_digest: str, *, now: datetime) -> bool:
    """Spend a request because it is answered; of concurrent callers exactly one is told true.

    Its lifetime limits how long the client may take to send the browser, not how long the person takes.
    """
    spent = session.scalar(
        update(PushedRequest)
        .where(PushedRequest.reference_digest == reference_digest, PushedRequest.used_at.is_(None))
        .values(used_at=now)
        .returning(PushedRequest.reference_digest)
        .execution_options(synchronize_session=False)
    )
    return spent is not None

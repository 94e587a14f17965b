"""Authorization requests that wait while their person signs in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.authorization_request import AuthorizationRequest
from idp.domain.secrets import digest
from idp.store.db import Base


class ParkedRequest(Base):
    """A validated request, bound to the browser that brought it, answered once."""

    __tablename__ = "parked_requests"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    browser_digest: Mapped[str] = mapped_column(String(64))
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), index=True)
    request: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]


def add(
    session: Session,
    parked_id: str,
    request: AuthorizationRequest,
    *,
    browser: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Park a request.

    :param browser: the browser cookie's clear value; its digest is stored.
    """
    session.execute(
        insert(ParkedRequest).values(
            id=parked_id,
            browser_digest=digest(browser),
            client_id=request.client_id,
            request=request.as_json(),
            created_at=now,
            expires_at=expires_at,
        )
    )


def peek(session: Session, parked_id: str, *, browser: str, now: datetime) -> AuthorizationRequest | None:
    """Return a request that still waits for this browser."""
    stored = session.scalar(select(ParkedRequest.request).where(*_waiting(parked_id, browser, now)))
    return None if stored is None else AuthorizationRequest.from_json(stored)


def answer(session: Session, parked_id: str, *, browser: str, now: datetime) -> bool:
    """Mark a waiting request as answered; of concurrent callers exactly one is told true."""
    answered = session.scalar(
        update(ParkedRequest)
        .where(*_waiting(parked_id, browser, now))
        .values(answered_at=now)
        .returning(ParkedRequest.id)
        .execution_options(synchronize_session=False)
    )
    return answered is not None


def _waiting(parked_id: str, browser: str, now: datetime) -> tuple[Any, ...]:
    return (
        ParkedRequest.id == parked_id,
        ParkedRequest.browser_digest == digest(browser),
        ParkedRequest.answered_at.is_(None),
        ParkedRequest.expires_at > now,
    )

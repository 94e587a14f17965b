"""Authorization requests that wait while their person signs in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.authorization_request import AuthorizationRequest
from idp.domain.identifiers import UserId
from idp.domain.secrets import digest
from idp.store.db import Base


class ParkedRequest(Base):
    """A validated request, bound to the browser that brought it, answered once.

    ``consented_by`` is the user who allowed it on the consent page.
    """

    __tablename__ = "parked_requests"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    browser_digest: Mapped[str] = mapped_column(String(64))
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), index=True)
    request: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    consented_by: Mapped[str | None] = mapped_column(String(32))


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
    query = select(ParkedRequest.request, ParkedRequest.created_at).where(*_waiting(parked_id, browser, now))
    row = session.execute(query).one_or_none()
    return None if row is None else replace(AuthorizationRequest.from_json(row.request), asked_at=row.created_at)


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


def consent(session: Session, parked_id: str, *, browser: str, user_id: UserId, now: datetime) -> bool:
    """Note that a person allowed a request that still waits for this browser; false when it does not wait any more."""
    allowed = session.scalar(
        update(ParkedRequest)
        .where(*_waiting(parked_id, browser, now))
        .values(consented_by=user_id)
        .returning(ParkedRequest.id)
        .execution_options(synchronize_session=False)
    )
    return allowed is not None


def consented_by(session: Session, parked_id: str, *, browser: str, now: datetime) -> UserId | None:
    """Return who allowed a request that still waits for this browser."""
    user_id = session.scalar(select(ParkedRequest.consented_by).where(*_waiting(parked_id, browser, now)))
    return None if user_id is None else UserId(user_id)


def _waiting(parked_id: str, browser: str, now: datetime) -> tuple[Any, ...]:
    return (
        ParkedRequest.id == parked_id,
        ParkedRequest.browser_digest == digest(browser),
        ParkedRequest.answered_at.is_(None),
        ParkedRequest.expires_at > now,
    )

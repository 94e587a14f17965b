"""Sign-outs: which services were to be told, so that the page after it can say how far that got."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.secrets import digest
from idp.store.db import Base


class SignOut(Base):
    """One sign-out in one browser.

    ``services`` is a list of ``{"client_id", "client_name", "item"}``: ``item`` is the id of the outbox item
    by which the service is told, none for a service that cannot be told.
    """

    __tablename__ = "sign_outs"

    reference_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    services: Mapped[list[dict[str, Any]]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


def add(
    session: Session, reference: str, services: Sequence[dict[str, Any]], *, now: datetime, expires_at: datetime
) -> None:
    """Remember a sign-out.

    :param reference: clear, for the address of the page; its digest is stored.
    """
    session.execute(
        insert(SignOut).values(
            reference_digest=digest(reference), services=list(services), created_at=now, expires_at=expires_at
        )
    )


def services_of(session: Session, reference: str, *, now: datetime) -> Sequence[dict[str, Any]] | None:
    """Return the services of a sign-out; none when it is unknown or long ago."""
    query = select(SignOut.services).where(SignOut.reference_digest == digest(reference), SignOut.expires_at > now)
    return session.scalar(query)

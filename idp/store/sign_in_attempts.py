"""Sign-ins that are away at an upstream provider: one row each, bound to a browser, taken once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, insert, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import ProviderId
from idp.domain.secrets import digest
from idp.store.db import Base


class SignInAttempt(Base):
    """What we remember between departure and return. ``remembered_sealed`` holds nonce and verifier."""

    __tablename__ = "sign_in_attempts"

    state_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.id", ondelete="CASCADE"), index=True)
    browser_digest: Mapped[str] = mapped_column(String(64))
    parked_id: Mapped[str | None] = mapped_column(String(64))
    after: Mapped[str | None] = mapped_column(String(2048))
    redirect_uri: Mapped[str] = mapped_column(String(2048))
    remembered_sealed: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    taken_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Departed:
    """An attempt that came back.

    :param parked_id: the authorization request that waits for it, or none.
    :param after: the path of ours that wanted somebody to sign in, or none.
    """

    provider_id: ProviderId
    parked_id: str | None
    after: str | None = None
    redirect_uri: str
    remembered_sealed: str


def add(
    session: Session, state: str, *, browser: str, departed: Departed, created_at: datetime, expires_at: datetime
) -> None:
    """Remember a departure.

    :param state: clear; its digest is stored. The same for ``browser``, the browser cookie's value.
    """
    session.execute(
        insert(SignInAttempt).values(
            state_digest=digest(state),
            browser_digest=digest(browser),
            provider_id=departed.provider_id,
            parked_id=departed.parked_id,
            after=departed.after,
            redirect_uri=departed.redirect_uri,
            remembered_sealed=departed.remembered_sealed,
            created_at=created_at,
            expires_at=expires_at,
        )
    )


def take(session: Session, state: str, *, browser: str, redirect_uri: str, now: datetime) -> Departed | None:
    """Take the attempt that came back; of concurrent callers exactly one gets it.

    Browser and callback address stand in the condition: a callback without
    the browser's cookie, or at another provider's address, leaves the row
    untouched (RFC 9700 §4.4, §4.7).
    """
    row = session.execute(
        update(SignInAttempt)
        .where(
            SignInAttempt.state_digest == digest(state),
            SignInAttempt.browser_digest == digest(browser),
            SignInAttempt.redirect_uri == redirect_uri,
            SignInAttempt.taken_at.is_(None),
            SignInAttempt.expires_at > now,
        )
        .values(taken_at=now)
        .returning(
            SignInAttempt.provider_id,
            SignInAttempt.parked_id,
            SignInAttempt.after,
            SignInAttempt.remembered_sealed,
        )
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        return None
    return Departed(
        provider_id=ProviderId(row.provider_id),
        parked_id=row.parked_id,
        after=row.after,
        redirect_uri=redirect_uri,
        remembered_sealed=row.remembered_sealed,
    )

"""Hand-offs: what carries a session from the sign-in window to the widget that opened it (CONTRACT §6 rule 4)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode, SessionId
from idp.domain.secrets import digest
from idp.store.db import Base


class Handoff(Base):
    """One opaque token by its digest, bound to challenge, origin and account."""

    __tablename__ = "handoffs"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    challenge: Mapped[str] = mapped_column(String(43))
    origin: Mapped[str] = mapped_column(String(255))
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), index=True)
    sid: Mapped[str] = mapped_column(ForeignKey("sso_sessions.sid", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOff:
    """What a hand-off stands for."""

    account: AccountCode
    sid: SessionId


def add(
    session: Session,
    token: str,
    *,
    challenge: str,
    origin: str,
    account: AccountCode,
    sid: SessionId,
    expires_at: datetime,
) -> None:
    """Remember a hand-off that is about to be posted to its origin."""
    session.add(
        Handoff(
            token_digest=digest(token),
            challenge=challenge,
            origin=origin,
            account_code=account,
            sid=sid,
            expires_at=expires_at,
        )
    )
    session.flush()


def account_of(session: Session, token: str) -> AccountCode | None:
    """Return the account of a hand-off, used or not; none when it is unknown."""
    code = session.scalar(select(Handoff.account_code).where(Handoff.token_digest == digest(token)))
    return None if code is None else AccountCode(code)


def use(
    session: Session,
    token: str,
    *,
    challenge: str,
    origin: str,
    allowed: Collection[AccountCode],
    now: datetime,
) -> HandedOff | None:
    """Spend a hand-off that fits; of concurrent callers exactly one gets it.

    :param allowed: the accounts whose list names the origin now.
    """
    row = session.execute(
        update(Handoff)
        .where(
            Handoff.token_digest == digest(token),
            Handoff.challenge == challenge,
            Handoff.origin == origin,
            Handoff.account_code.in_(allowed),
            Handoff.used_at.is_(None),
            Handoff.expires_at > now,
        )
        .values(used_at=now)
        .returning(Handoff.account_code, Handoff.sid)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if row is None else HandedOff(account=AccountCode(row.account_code), sid=SessionId(row.sid))

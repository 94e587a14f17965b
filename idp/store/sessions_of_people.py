"""A person's sessions, as operators and the person see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from idp.domain.identifiers import SessionId, UserId
from idp.store.sso_sessions import SsoSession
from idp.store.token_families import TokenFamily


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOfUser:
    """One of a person's sessions, as operators see it."""

    sid: SessionId
    auth_time: datetime
    amr: tuple[str, ...]
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


def of_user(session: Session, user_id: UserId, *, now: datetime) -> list[SessionOfUser]:
    """Return a person's sessions that nobody ended and that still count somewhere, the latest sign-in first.

    A session whose single sign-on is over counts while a widget's cookies hang on it.
    """
    cookies_live = exists().where(
        TokenFamily.sid == SsoSession.sid,
        TokenFamily.jar.is_not(None),
        TokenFamily.revoked_at.is_(None),
        TokenFamily.refresh_expires_at > now,
    )
    query = select(SsoSession).where(
        SsoSession.user_id == user_id, SsoSession.ended_at.is_(None), or_(SsoSession.expires_at > now, cookies_live)
    )
    return [
        SessionOfUser(
            sid=SessionId(row.sid),
            auth_time=row.auth_time,
            amr=tuple(row.amr),
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
        )
        for row in session.scalars(query.order_by(SsoSession.created_at.desc(), SsoSession.sid))
    ]

"""SSO sessions: that a browser is signed in at this provider."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, String, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.authentication import Authentication
from idp.domain.identifiers import AccountCode, SessionId, UserId
from idp.domain.secrets import digest
from idp.store.accounts import Account
from idp.store.db import Base, table_of
from idp.store.prepared import Prepared
from idp.store.users import User

TOUCH_EVERY = timedelta(minutes=1)
"""How stale ``last_seen_at`` may be, so that a silent authorization does not always write."""


class SsoSession(Base):
    """One browser, one person, one account. ``sid`` is public; the cookie's secret is stored as a digest.

    A session without an SSO cookie came over a bridge or by an exchange link: it has token cookies alone, and
    never answers an authorization request.

    ``proven_at`` is when the person demonstrably proved who they are: an ``auth_time`` that the upstream
    itself stated, or the use of a mail of ours. None where the moment of an upstream's answer had to do.

    The upstream's ``iss``, ``sub`` and ``sid`` are kept, so that its logout can end what it began.
    """

    __tablename__ = "sso_sessions"

    sid: Mapped[str] = mapped_column(String(32), primary_key=True)
    cookie_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), index=True)
    auth_time: Mapped[datetime]
    proven_at: Mapped[datetime | None]
    acr: Mapped[str] = mapped_column(String(60))
    amr: Mapped[list[str]]
    upstream_issuer: Mapped[str | None] = mapped_column(String(2048))
    upstream_subject: Mapped[str | None] = mapped_column(String(255))
    upstream_sid: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSession:
    """A session that counts now, with what pages and tokens need of its person."""

    sid: SessionId
    user_id: UserId
    account_code: AccountCode
    account_name: str
    name: str | None
    email: str | None
    authentication: Authentication
    last_seen_at: datetime
    signed_in_at: datetime
    proven_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSession:
    """By which upstream session a sign-in happened."""

    issuer: str
    subject: str
    sid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What every sign-in sets anew.

    :param cookie: the cookie's clear value; its digest is stored.
    :param upstream: none where we proved ourselves who it is.
    :param proven_at: when they demonstrably proved who they are; none where nobody says.
    """

    cookie: str = field(repr=False)
    authentication: Authentication
    upstream: UpstreamSession | None
    proven_at: datetime | None
    now: datetime
    expires_at: datetime

    def columns(self) -> dict[str, Any]:
        """Return the values by column."""
        return {
            "cookie_digest": digest(self.cookie),
            "auth_time": self.authentication.at,
            "acr": self.authentication.acr,
            "amr": list(self.authentication.amr),
            "upstream_issuer": self.upstream.issuer if self.upstream else None,
            "upstream_subject": self.upstream.subject if self.upstream else None,
            "upstream_sid": self.upstream.sid if self.upstream else None,
            "proven_at": self.proven_at,
            "created_at": self.now,
            "last_seen_at": self.now,
            "expires_at": self.expires_at,
        }


def add(session: Session, sid: SessionId, beginning: Beginning, *, user_id: UserId, account: AccountCode) -> None:
    """Begin a session."""
    columns = beginning.columns() | {"sid": sid, "user_id": user_id, "account_code": account}
    session.execute(insert(SsoSession).values(columns))


@dataclass(frozen=True, slots=True)
class WithoutSso:
    """A session without an SSO cookie: over a bridge, or by an exchange link."""

    authentication: Authentication
    now: datetime
    expires_at: datetime


def add_without_sso(
    session: Session, sid: SessionId, beginning: WithoutSso, *, user_id: UserId, account: AccountCode
) -> None:
    """Begin a session that has token cookies alone."""
    session.execute(
        insert(SsoSession).values(
            sid=sid,
            user_id=user_id,
            account_code=account,
            auth_time=beginning.authentication.at,
            acr=beginning.authentication.acr,
            amr=list(beginning.authentication.amr),
            created_at=beginning.now,
            last_seen_at=beginning.now,
            expires_at=beginning.expires_at,
        )
    )


def prolong(session: Session, sid: SessionId, beginning: WithoutSso) -> None:
    """Let a session without an SSO cookie go on after another word of its platform."""
    session.execute(
        update(SsoSession)
        .where(SsoSession.sid == sid)
        .values(auth_time=beginning.authentication.at, last_seen_at=beginning.now, expires_at=beginning.expires_at)
        .execution_options(synchronize_session=False)
    )


def renew(session: Session, sid: SessionId, beginning: Beginning) -> None:
    """Let a session go on after a new proof: its ``sid`` stays, its old cookie opens nothing any more."""
    session.execute(
        update(SsoSession)
        .where(SsoSession.sid == sid)
        .values(beginning.columns())
        .execution_options(synchronize_session=False)
    )


def prove(session: Session, sid: SessionId, *, cookie: str, authentication: Authentication, now: datetime) -> None:
    """Note a new proof of a session's person; its old cookie opens nothing any more.

    It counts as a sign-in of this moment, and the session lasts no longer for it.

    :param cookie: the new cookie's clear value; its digest is stored.
    """
    session.execute(
        update(SsoSession)
        .where(SsoSession.sid == sid, SsoSession.ended_at.is_(None))
        .values(
            cookie_digest=digest(cookie),
            auth_time=authentication.at,
            amr=list(authentication.amr),
            proven_at=now,
            created_at=now,
            last_seen_at=now,
        )
        .execution_options(synchronize_session=False)
    )


_ACCOUNTS, _SESSIONS, _USERS = table_of(Account), table_of(SsoSession), table_of(User)
_UNENDED = (
    select(
        _SESSIONS.c.sid,
        _SESSIONS.c.user_id,
        _SESSIONS.c.account_code,
        _SESSIONS.c.auth_time,
        _SESSIONS.c.acr,
        _SESSIONS.c.amr,
        _SESSIONS.c.last_seen_at,
        _SESSIONS.c.created_at,
        _SESSIONS.c.proven_at,
        _USERS.c.name,
        _USERS.c.email,
        _ACCOUNTS.c.name.label("account_name"),
    )
    .join(_USERS, _USERS.c.id == _SESSIONS.c.user_id)
    .join(_ACCOUNTS, _ACCOUNTS.c.code == _SESSIONS.c.account_code)
    .where(_SESSIONS.c.ended_at.is_(None))
)
_UNENDED_OF_COOKIE = _UNENDED.where(_SESSIONS.c.cookie_digest == bindparam("cookie"))
_BY_COOKIE, _BY_SID = Prepared(_UNENDED_OF_COOKIE), Prepared(_UNENDED.where(_SESSIONS.c.sid == bindparam("session")))
_LIVE = Prepared(
    _UNENDED_OF_COOKIE.where(
        _USERS.c.enabled.is_(True),
        _ACCOUNTS.c.enabled.is_(True),
        _SESSIONS.c.expires_at > bindparam("now"),
        _SESSIONS.c.last_seen_at > bindparam("idle_since"),
    )
)


def live(session: Session, cookies: Collection[str], *, now: datetime, idle: timedelta) -> list[LiveSession]:
    """Return the sessions of these cookies that count now, the latest sign-in first.

    Neither ended nor too old nor idle for too long, and of an enabled person in an enabled account.
    """
    asked = [{"cookie": digest(cookie), "now": now, "idle_since": now - idle} for cookie in cookies]
    return _found([row for one in asked for row in _LIVE.rows(session, one)])


def unended(session: Session, cookies: Collection[str], sids: Collection[SessionId] = ()) -> list[LiveSession]:
    """Return the sessions of these cookies that nobody ended, the latest sign-in first.

    More than :func:`live`: a session that no longer signs anybody in may still have tokens hanging on it,
    which signing out has to end.

    :param sids: of further sessions, which have no SSO cookie.
    """
    rows = [row for cookie in cookies for row in _BY_COOKIE.rows(session, {"cookie": digest(cookie)})]
    known = {row.sid for row in rows}
    rows += [row for sid in sids if sid not in known for row in _BY_SID.rows(session, {"session": sid})]
    return _found(rows)


def any_ended(session: Session, cookies: Collection[str]) -> bool:
    """Say whether a session of these cookies was ended."""
    query = select(SsoSession.sid).where(
        SsoSession.cookie_digest.in_([digest(cookie) for cookie in cookies]), SsoSession.ended_at.is_not(None)
    )
    return session.scalar(query.limit(1)) is not None


def _found(rows: Collection[Any]) -> list[LiveSession]:
    """Return sessions, the latest sign-in first.

    Each cookie is looked up by itself: there is mostly one, and a list in a statement costs more than a statement.
    """
    found = [
        LiveSession(
            sid=SessionId(row.sid),
            user_id=UserId(row.user_id),
            account_code=AccountCode(row.account_code),
            account_name=row.account_name,
            name=row.name,
            email=row.email,
            authentication=Authentication(at=row.auth_time, acr=row.acr, amr=tuple(row.amr)),
            last_seen_at=row.last_seen_at,
            signed_in_at=row.created_at,
            proven_at=row.proven_at,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.signed_in_at, one.sid), reverse=True)


def touch(session: Session, sid: SessionId, *, now: datetime) -> None:
    """Note that the session is in use."""
    session.execute(
        update(SsoSession)
        .where(SsoSession.sid == sid)
        .values(last_seen_at=now)
        .execution_options(synchronize_session=False)
    )


def language_of(session: Session, sid: SessionId) -> str | None:
    """Return the language that the person of a session chose."""
    return session.scalar(
        select(User.language).join(SsoSession, SsoSession.user_id == User.id).where(SsoSession.sid == sid)
    )

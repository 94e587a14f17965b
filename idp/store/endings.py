"""What ends together: sessions, what hangs on them, and the services that were reached through them.

A :class:`Reach` says once which rows an ending is about, so that those who are
told and those who end are the same. Every step is one statement, however many
rows it meets.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, or_, select, update
from sqlalchemy.orm import Session

from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.identifiers import AccountCode, ClientId, SessionId, UserId
from idp.store.clients import Client
from idp.store.sso_sessions import SsoSession
from idp.store.token_families import TokenFamily
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Which rows an ending is about.

    :param sessions: those that end.
    :param families: those whose services learn of it, where the session has not ended or the family still counts.
    :param spared: families among them that go on.
    """

    sessions: ColumnElement[bool]
    families: ColumnElement[bool]
    spared: ColumnElement[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session that nobody ended yet."""

    sid: SessionId
    user_id: UserId
    account: AccountCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A service that somebody reached through a session.

    :param account: the client's, or that of its person where it has none.
    :param hears: it has an address at which it is told.
    """

    client_id: ClientId
    client_name: str
    account: AccountCode
    hears: bool
    sid: SessionId
    user_id: UserId


def of_sessions(sids: Collection[SessionId]) -> Reach:
    """Some sessions, with what does not outlive them."""
    ending = and_(SsoSession.sid.in_(sids), SsoSession.ended_at.is_(None))
    return Reach(
        sessions=ending,
        families=TokenFamily.sid.in_(select(SsoSession.sid).where(ending)),
        spared=TokenFamily.offline.is_(True),
    )


def of_user(user_id: UserId) -> Reach:
    """All that a person has open."""
    return Reach(sessions=SsoSession.user_id == user_id, families=TokenFamily.user_id == user_id, spared=false())


def of_account(account: AccountCode) -> Reach:
    """All that an account's people have open, and staff at its clients."""
    people = select(User.id).where(User.account_code == account)
    clients = select(Client.client_id).where(Client.account_code == account)
    return Reach(
        sessions=SsoSession.account_code == account,
        families=or_(TokenFamily.user_id.in_(people), TokenFamily.client_id.in_(clients)),
        spared=false(),
    )


def at_account(user_id: UserId, account: AccountCode | None) -> Reach:
    """What a staff member has at the clients of one account, or at those of every account but staff's own."""
    clients = select(Client.client_id).where(
        Client.account_code == account if account else Client.account_code != STAFF_ACCOUNT
    )
    families = and_(TokenFamily.user_id == user_id, TokenFamily.client_id.in_(clients))
    return Reach(sessions=false(), families=families, spared=false())


def at_client(user_id: UserId, client_id: ClientId) -> Reach:
    """What a person has at one client."""
    families = and_(TokenFamily.user_id == user_id, TokenFamily.client_id == client_id)
    return Reach(sessions=false(), families=families, spared=false())


def take(session: Session, reach: Reach) -> Sequence[OpenSession]:
    """Return the sessions that are to end, and let nothing new hang on them until this transaction is over.

    On PostgreSQL whoever redeems a code in one of them holds its row (``subjects.in_session``): they are waited
    for, and what they began is seen by the statements that follow.
    """
    query = select(SsoSession.sid, SsoSession.user_id, SsoSession.account_code)
    rows = session.execute(
        query.where(reach.sessions, SsoSession.ended_at.is_(None)).order_by(SsoSession.sid).with_for_update()
    )
    return [
        OpenSession(sid=SessionId(row.sid), user_id=UserId(row.user_id), account=AccountCode(row.account_code))
        for row in rows
    ]


def reached(session: Session, reach: Reach) -> Sequence[Reached]:
    """Return the services that were reached, once a session, by name; to be asked before anything ends.

    Also those whose tokens count no more: their own sessions may live.
    """
    unended = select(SsoSession.sid).where(SsoSession.ended_at.is_(None))
    rows = session.execute(
        select(
            Client.client_id,
            Client.client_name,
            Client.account_code,
            User.account_code.label("home"),
            Client.backchannel_logout_uri.is_not(None).label("hears"),
            TokenFamily.sid,
            TokenFamily.user_id,
        )
        .join(Client, Client.client_id == TokenFamily.client_id)
        .join(User, User.id == TokenFamily.user_id)
        .where(reach.families, or_(TokenFamily.revoked_at.is_(None), TokenFamily.sid.in_(unended)))
        .distinct()
        .order_by(Client.client_name, Client.client_id, TokenFamily.sid)
    )
    return [
        Reached(
            client_id=ClientId(row.client_id),
            client_name=row.client_name,
            account=AccountCode(row.account_code or row.home),
            hears=bool(row.hears),
            sid=SessionId(row.sid),
            user_id=UserId(row.user_id),
        )
        for row in rows
    ]


def end(session: Session, reach: Reach, *, now: datetime) -> None:
    """End the families that are not spared, and the sessions."""
    # In this order: which families hang on a session that ends is asked of the sessions.
    session.execute(
        update(TokenFamily)
        .where(reach.families, ~reach.spared, TokenFamily.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(SsoSession)
        .where(reach.sessions, SsoSession.ended_at.is_(None))
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )

"""Who arrived over a bridge; the key is account, bridge and the platform's id alone (CONTRACT §6 rule 4)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.bridges import Bridge
from idp.domain.identifiers import AccountCode, UserId
from idp.store.db import Base, core

MAX_PLATFORM_ID_LENGTH = 255


class BridgePerson(Base):
    """(account, bridge, platform id) → user. Such a user has no other way in.

    ``made_with`` names the key by which they came first. Tokens of the platform that are older than
    ``refused_before`` open nothing any more: the person signed out, or was disabled.
    """

    __tablename__ = "bridge_people"

    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), primary_key=True)
    bridge: Mapped[str] = mapped_column(String(20), primary_key=True)
    platform_id: Mapped[str] = mapped_column(String(MAX_PLATFORM_ID_LENGTH), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    made_with: Mapped[str] = mapped_column(String(32), index=True)
    created_at: Mapped[datetime]
    refused_before: Mapped[datetime | None]


def find(session: Session, account: AccountCode, bridge: Bridge, platform_id: str) -> BridgePerson | None:
    """Return the person of exactly that key."""
    return session.get(BridgePerson, (account, bridge, platform_id))


def again(session: Session, account: AccountCode, bridge: Bridge, platform_id: str) -> BridgePerson | None:
    """Return the same as the records say now, whatever this transaction has read before."""
    return session.get(BridgePerson, (account, bridge, platform_id), populate_existing=True)


def take_turns(session: Session, account: AccountCode, bridge: Bridge, platform_id: str) -> None:
    """Let those who arrive as the same person come one after the other, also before anybody knows them.

    On PostgreSQL by an advisory lock until this transaction is over, on SQLite by being the only writer.
    """
    if core(session).dialect.name == "postgresql":
        name = f"bridge:{account}:{bridge}:{platform_id}"
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def of_user(session: Session, user_id: UserId) -> BridgePerson | None:
    """Return over which bridge a user came; none for everybody else."""
    return session.scalar(select(BridgePerson).where(BridgePerson.user_id == user_id))


def made_since(session: Session, made_with: str, *, since: datetime) -> int:
    """Count the people whom one key made since a moment."""
    query = select(func.count()).where(BridgePerson.made_with == made_with, BridgePerson.created_at > since)
    return session.scalar(query.select_from(BridgePerson)) or 0


def refuse_older(session: Session, user_ids: Collection[UserId], *, now: datetime) -> None:
    """Let what the platform signed about these people until now open nothing any more."""
    if user_ids:
        _refuse(session, BridgePerson.user_id.in_(user_ids), now)


def refuse_older_of_account(session: Session, account: AccountCode, *, now: datetime) -> None:
    """The same for all people of an account."""
    _refuse(session, BridgePerson.account_code == account, now)


def _refuse(session: Session, whom: ColumnElement[bool], now: datetime) -> None:
    session.execute(
        update(BridgePerson).where(whom).values(refused_before=now).execution_options(synchronize_session=False)
    )

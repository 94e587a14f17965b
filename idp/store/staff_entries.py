"""Entries: that a staff member chose to enter an account, remembered for one session and client."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import ForeignKey, delete, insert, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode, ClientId, SessionId, UserId
from idp.domain.roles import Role
from idp.store.clients import Client
from idp.store.db import Base
from idp.store.sso_sessions import SsoSession


class StaffEntry(Base):
    """One choice to enter, as what it was then; it ends with the session in which it was made."""

    __tablename__ = "staff_entries"

    sid: Mapped[str] = mapped_column(ForeignKey("sso_sessions.sid", ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True)
    roles: Mapped[list[str]]
    entered_at: Mapped[datetime]


def entered_as(session: Session, sid: SessionId, client_id: ClientId) -> tuple[Role, ...]:
    """Return as what the person of a session chose to enter a client's account; empty where they did not."""
    query = select(StaffEntry.roles).where(StaffEntry.sid == sid, StaffEntry.client_id == client_id)
    return tuple(Role(role) for role in session.scalar(query) or ())


def add(session: Session, sid: SessionId, client_id: ClientId, roles: Sequence[Role], *, now: datetime) -> None:
    """Remember the choice; the latest counts, also of several at once."""
    values = {"roles": [role.value for role in roles], "entered_at": now}
    with suppress(IntegrityError), session.begin_nested():
        session.execute(insert(StaffEntry).values(sid=sid, client_id=client_id, **values))
        return
    session.execute(
        update(StaffEntry)
        .where(StaffEntry.sid == sid, StaffEntry.client_id == client_id)
        .values(values)
        .execution_options(synchronize_session=False)
    )


def forget(session: Session, user_id: UserId, account: AccountCode | None) -> None:
    """Forget a staff member's choices at the clients of one account, or of every account."""
    sids = select(SsoSession.sid).where(SsoSession.user_id == user_id)
    clients = select(Client.client_id).where(Client.account_code == account if account else true())
    session.execute(
        delete(StaffEntry)
        .where(StaffEntry.sid.in_(sids), StaffEntry.client_id.in_(clients))
        .execution_options(synchronize_session=False)
    )

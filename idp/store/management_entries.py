"""Entries of staff into a customer's management pages: their choice, remembered for one session and account."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import ForeignKey, delete, insert, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode, SessionId, UserId
from idp.domain.roles import Role
from idp.store.db import Base
from idp.store.sso_sessions import SsoSession


class ManagementEntry(Base):
    """One choice to enter, as what it was then; it ends with the session in which it was made."""

    __tablename__ = "management_entries"

    sid: Mapped[str] = mapped_column(ForeignKey("sso_sessions.sid", ondelete="CASCADE"), primary_key=True)
    account_code: Mapped[str] = mapped_column(
        ForeignKey("accounts.code", ondelete="CASCADE"), primary_key=True, index=True
    )
    roles: Mapped[list[str]]
    entered_at: Mapped[datetime]


def entered_as(session: Session, sid: SessionId, account: AccountCode) -> tuple[Role, ...]:
    """Return as what the person of a session chose to enter an account; empty where they did not."""
    query = select(ManagementEntry.roles).where(ManagementEntry.sid == sid, ManagementEntry.account_code == account)
    return tuple(Role(role) for role in session.scalar(query) or ())


def add(session: Session, sid: SessionId, account: AccountCode, roles: Sequence[Role], *, now: datetime) -> None:
    """Remember the choice; the latest counts, also of several at once."""
    values = {"roles": [role.value for role in roles], "entered_at": now}
    with suppress(IntegrityError), session.begin_nested():
        session.execute(insert(ManagementEntry).values(sid=sid, account_code=account, **values))
        return
    session.execute(
        update(ManagementEntry)
        .where(ManagementEntry.sid == sid, ManagementEntry.account_code == account)
        .values(values)
        .execution_options(synchronize_session=False)
    )


def forget(session: Session, user_id: UserId, account: AccountCode | None) -> None:
    """Forget a staff member's choices for one account, or for every account."""
    sids = select(SsoSession.sid).where(SsoSession.user_id == user_id)
    session.execute(
        delete(ManagementEntry)
        .where(ManagementEntry.sid.in_(sids), ManagementEntry.account_code == account if account else true())
        .execution_options(synchronize_session=False)
    )

"""Grants: which accounts a staff member may enter, and as what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, and_, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode, UserId
from idp.domain.roles import Role
from idp.domain.staff import Grant
from idp.store.db import Base


class StaffGrant(Base):
    """One grant. It names an address until that person's first sign-in, from then on the user.

    ``account_code`` NULL means every account. Revoked grants stay, as the record of who could enter.
    """

    __tablename__ = "staff_grants"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_canonical: Mapped[str] = mapped_column(String(254), index=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    account_code: Mapped[str | None] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), index=True)
    roles: Mapped[list[str]]
    until: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    granted_at: Mapped[datetime]
    granted_by: Mapped[str | None] = mapped_column(String(255))
    revoked_at: Mapped[datetime | None]

    def as_grant(self) -> Grant:
        """Return the grant as decisions see it."""
        return Grant(
            id=self.id,
            account=None if self.account_code is None else AccountCode(self.account_code),
            roles=tuple(Role(role) for role in self.roles),
            until=self.until,
        )


def get(session: Session, grant_id: str) -> StaffGrant | None:
    """Return a grant, revoked or not."""
    return session.get(StaffGrant, grant_id)


def unrevoked(session: Session) -> Sequence[StaffGrant]:
    """Return all grants that nobody revoked, by address and account."""
    query = select(StaffGrant).where(StaffGrant.revoked_at.is_(None))
    return session.scalars(query.order_by(StaffGrant.email_canonical, StaffGrant.account_code)).all()


def of_user(session: Session, user_id: UserId) -> Sequence[StaffGrant]:
    """Return a staff member's grants that nobody revoked; some may be over."""
    query = select(StaffGrant).where(StaffGrant.user_id == user_id, StaffGrant.revoked_at.is_(None))
    return session.scalars(query.order_by(StaffGrant.granted_at, StaffGrant.id)).all()


def of_person(session: Session, *, user_id: UserId | None, canonical: str) -> Sequence[StaffGrant]:
    """Return the unrevoked grants of a user, and those that still wait for the address's first sign-in."""
    waiting = and_(StaffGrant.user_id.is_(None), StaffGrant.email_canonical == canonical)
    mine = or_(waiting, StaffGrant.user_id == user_id) if user_id is not None else waiting
    query = select(StaffGrant).where(mine, StaffGrant.revoked_at.is_(None))
    return session.scalars(query.order_by(StaffGrant.granted_at, StaffGrant.id)).all()


def naming(session: Session, *, user_id: UserId | None, canonical: str) -> Sequence[StaffGrant]:
    """Return the unrevoked grants that name this address, whoever has it now, or this user."""
    address = StaffGrant.email_canonical == canonical
    named = or_(address, StaffGrant.user_id == user_id) if user_id is not None else address
    query = select(StaffGrant).where(named, StaffGrant.revoked_at.is_(None))
    return session.scalars(query.order_by(StaffGrant.granted_at, StaffGrant.id)).all()


def bind(session: Session, user_id: UserId, canonical: str) -> None:
    """Let the grants that wait for this address name its user from now on."""
    session.execute(
        update(StaffGrant)
        .where(StaffGrant.email_canonical == canonical, StaffGrant.user_id.is_(None), StaffGrant.revoked_at.is_(None))
        .values(user_id=user_id)
        .execution_options(synchronize_session=False)
    )

"""Users: the persons of an account."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, delete, false, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode, UserId
from idp.store.db import Base

MAX_LOCALE_LENGTH = 35
"""Enough for every language tag without extensions (RFC 5646 §4.4.1)."""


class User(Base):
    """One person in one account.

    ``email_held`` says that the address is the person's: vouched for by a
    provider, or given by an operator who made the user. A held address is
    unique in the account; any other is display only. ``email_vouched`` says
    that a provider vouched for it, ``email_proved`` that the person used a
    mail of ours to it: one of these makes it verified.
    ``platform_id`` is the person's id on the platform they work in.
    ``roles`` holds role identifiers, the highest first, never none;
    ``roles_sign_in_id`` names the sign-in that gave them; none where an
    operator did, whom ``roles_set_by`` names. ``confirmed_at`` is when an upstream
    provider last said that the person is there, ``confirmed_by`` which one did.
    ``language`` is the one that they chose. ``enabled_at`` is when an operator or manager let them in again.
    """

    __tablename__ = "users"
    __table_args__ = (
        Index(
            "uq_users_held_email",
            "account_code",
            "email_canonical",
            unique=True,
            sqlite_where=text("email_held"),
            postgresql_where=text("email_held"),
        ),
        Index(
            "uq_users_platform_id",
            "account_code",
            "platform_id",
            unique=True,
            sqlite_where=text("platform_id IS NOT NULL"),
            postgresql_where=text("platform_id IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), index=True)
    email: Mapped[str | None] = mapped_column(String(254))
    email_canonical: Mapped[str | None] = mapped_column(String(254))
    email_held: Mapped[bool] = mapped_column(default=False)
    email_vouched: Mapped[bool] = mapped_column(default=False)
    email_proved: Mapped[bool] = mapped_column(default=False, server_default=false())
    platform_id: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(String(255))
    given_name: Mapped[str | None] = mapped_column(String(255))
    family_name: Mapped[str | None] = mapped_column(String(255))
    locale: Mapped[str | None] = mapped_column(String(MAX_LOCALE_LENGTH))
    roles: Mapped[list[str]]
    roles_sign_in_id: Mapped[str | None] = mapped_column(String(32))
    roles_set_at: Mapped[datetime | None]
    roles_set_by: Mapped[str | None] = mapped_column(String(255))
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    last_sign_in_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[str | None] = mapped_column(ForeignKey("providers.id", ondelete="SET NULL"), index=True)
    language: Mapped[str | None] = mapped_column(String(MAX_LOCALE_LENGTH))
    enabled_at: Mapped[datetime | None]


def get(session: Session, user_id: UserId) -> User | None:
    """Return the user's row."""
    return session.get(User, user_id)


def of_account(session: Session, account: AccountCode) -> Sequence[User]:
    """Return an account's users, the newest last."""
    return session.scalars(select(User).where(User.account_code == account).order_by(User.created_at, User.id)).all()


def everyone(session: Session) -> Sequence[User]:
    """Return all users by account, the newest last."""
    return session.scalars(select(User).order_by(User.account_code, User.created_at, User.id)).all()


def of_ids(session: Session, account_codes: Collection[AccountCode], ids: Collection[str]) -> Sequence[User]:
    """Return those of some users who belong to one of these accounts."""
    if not ids:
        return ()
    return session.scalars(select(User).where(User.id.in_(ids), User.account_code.in_(account_codes))).all()


def with_address(session: Session, account: AccountCode, canonical: str) -> Sequence[User]:
    """Return everybody of the account with that address, whoever holds it first."""
    return session.scalars(
        select(User)
        .where(User.account_code == account, User.email_canonical == canonical)
        .order_by(User.email_held.desc(), User.created_at, User.id)
    ).all()


def holder_of_address(session: Session, account: AccountCode, canonical: str) -> User | None:
    """Return the one user of the account who holds that address."""
    return session.scalar(
        select(User).where(User.account_code == account, User.email_canonical == canonical, User.email_held.is_(True))
    )


def with_platform_id(session: Session, account: AccountCode, platform_id: str) -> User | None:
    """Return the one user of the account who has that id on their platform."""
    return session.scalar(select(User).where(User.account_code == account, User.platform_id == platform_id))


def hold(session: Session, user: User) -> None:
    """Read the user's row again and keep it as it is until this transaction is over.

    On PostgreSQL by a lock, on SQLite by being the only writer. The lock is one that lets others refer to the row:
    whoever begins a session of the person holds that session, for which somebody who ends it may be waiting.
    """
    session.refresh(user, with_for_update={"key_share": True})


def keep(session: Session, user_id: UserId) -> None:
    """Let nobody else hold or change the user's row until this transaction is over; what is pending here stays so.

    As :func:`hold` does; whether there still is such a row is not said.
    """
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def remove(session: Session, user_id: UserId) -> None:
    """Delete the user with all that hangs on them, except the audit trail."""
    session.execute(delete(User).where(User.id == user_id))

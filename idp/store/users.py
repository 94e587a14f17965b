"""Users: the persons of an account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode, UserId
from idp.store.db import Base

MAX_LOCALE_LENGTH = 35
"""Enough for every language tag without extensions (RFC 5646 §4.4.1)."""


class User(Base):
    """One person in one account.

    ``email_vouched`` says that somebody answers for the address: then it is
    unique in the account. An address for which nobody answers is display only.
    ``roles`` holds role identifiers, the highest first, never none.
    """

    __tablename__ = "users"
    __table_args__ = (
        Index(
            "uq_users_vouched_email",
            "account_code",
            "email_canonical",
            unique=True,
            sqlite_where=text("email_vouched"),
            postgresql_where=text("email_vouched"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), index=True)
    email: Mapped[str | None] = mapped_column(String(254))
    email_canonical: Mapped[str | None] = mapped_column(String(254))
    email_vouched: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str | None] = mapped_column(String(255))
    given_name: Mapped[str | None] = mapped_column(String(255))
    family_name: Mapped[str | None] = mapped_column(String(255))
    locale: Mapped[str | None] = mapped_column(String(MAX_LOCALE_LENGTH))
    roles: Mapped[list[str]]
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    last_sign_in_at: Mapped[datetime | None]


def get(session: Session, user_id: UserId) -> User | None:
    """Return the user's row."""
    return session.get(User, user_id)


def of_account(session: Session, account: AccountCode) -> Sequence[User]:
    """Return an account's users, the newest last."""
    return session.scalars(select(User).where(User.account_code == account).order_by(User.created_at, User.id)).all()


def everyone(session: Session) -> Sequence[User]:
    """Return all users by account, the newest last."""
    return session.scalars(select(User).order_by(User.account_code, User.created_at, User.id)).all()


def with_address(session: Session, account: AccountCode, canonical: str) -> Sequence[User]:
    """Return everybody of the account with that address, those somebody answers for first."""
    return session.scalars(
        select(User)
        .where(User.account_code == account, User.email_canonical == canonical)
        .order_by(User.email_vouched.desc(), User.created_at, User.id)
    ).all()


def holder_of_address(session: Session, account: AccountCode, canonical: str) -> UserId | None:
    """Return the one user of the account to whom somebody vouched that address."""
    holder = session.scalar(
        select(User.id).where(
            User.account_code == account, User.email_canonical == canonical, User.email_vouched.is_(True)
        )
    )
    return None if holder is None else UserId(holder)

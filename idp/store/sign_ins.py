"""How each sign-in ended, on what evidence, and how its roles came about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import UserId
from idp.store.db import Base


class SignIn(Base):
    """One finished sign-in, let in or not.

    ``role_values`` is what the upstream said, verbatim; ``role_steps`` is the
    derivation, a list of ``{"value", "rule", "role"}``.
    """

    __tablename__ = "sign_ins"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), index=True)
    provider_code: Mapped[str] = mapped_column(String(63))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    subject: Mapped[str] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(254))
    email_canonical: Mapped[str | None] = mapped_column(String(254), index=True)
    email_vouched: Mapped[bool]
    outcome: Mapped[str] = mapped_column(String(40))
    role_claim: Mapped[str] = mapped_column(String(100))
    role_values: Mapped[list[str]]
    role_steps: Mapped[list[dict[str, Any]]]
    roles: Mapped[list[str]]
    request_id: Mapped[str] = mapped_column(String(64))


def last_of_user(session: Session, user_id: UserId) -> SignIn | None:
    """Return the user's latest sign-in."""
    return session.scalar(select(SignIn).where(SignIn.user_id == user_id).order_by(SignIn.at.desc()).limit(1))

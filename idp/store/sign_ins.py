"""How each sign-in ended, on what evidence, and how its roles came about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode, ProviderCode, UserId
from idp.store.db import Base

OK = "ok"
"""The outcome of a sign-in that let its person in."""


class SignIn(Base):
    """One finished sign-in, let in or not.

    Evidence and rules are kept as they were, so that the derivation can be
    replayed: ``role_values`` is what the upstream said, verbatim, ``role_rules``
    the provider's rules, ``roles_before`` the roles in our records until then;
    ``role_steps`` is the derivation, a list of ``{"value", "rule", "role"}``.

    :param match: how the person was recognised, a :class:`~idp.domain.linking.Match`; none when refused before that.
    :param organisation: the person's organisation at the upstream, where one is compared.
    """

    __tablename__ = "sign_ins"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), index=True)
    provider_code: Mapped[str] = mapped_column(String(63))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str | None] = mapped_column(String(2048))
    subject: Mapped[str] = mapped_column(String(255))
    organisation: Mapped[str | None] = mapped_column(String(255))
    match: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(254))
    email_canonical: Mapped[str | None] = mapped_column(String(254), index=True)
    email_vouched: Mapped[bool]
    outcome: Mapped[str] = mapped_column(String(40))
    role_claim: Mapped[str] = mapped_column(String(100))
    role_values: Mapped[list[str]]
    role_rules: Mapped[dict[str, Any]]
    roles_before: Mapped[list[str]]
    role_steps: Mapped[list[dict[str, Any]]]
    roles: Mapped[list[str]]
    request_id: Mapped[str] = mapped_column(String(64))


def get(session: Session, sign_in_id: str) -> SignIn | None:
    """Return the sign-in's row."""
    return session.get(SignIn, sign_in_id)


def last_of_user(session: Session, user_id: UserId) -> SignIn | None:
    """Return the user's latest sign-in."""
    return session.scalar(select(SignIn).where(SignIn.user_id == user_id).order_by(SignIn.at.desc()).limit(1))


def last_admitted(session: Session, user_id: UserId) -> SignIn | None:
    """Return the latest sign-in by which the user was let in."""
    query = select(SignIn).where(SignIn.user_id == user_id, SignIn.outcome == OK)
    return session.scalar(query.order_by(SignIn.at.desc()).limit(1))


def by_identity(session: Session, user_id: UserId, *, issuer: str, subject: str) -> Sequence[SignIn]:
    """Return the sign-ins by which an upstream identity let a user in, the oldest first."""
    query = select(SignIn).where(
        SignIn.user_id == user_id, SignIn.issuer == issuer, SignIn.subject == subject, SignIn.outcome == OK
    )
    return session.scalars(query.order_by(SignIn.at)).all()


def last_with_address(session: Session, account: AccountCode, canonical: str) -> SignIn | None:
    """Return the latest sign-in of an account that brought this address, let in or not."""
    query = select(SignIn).where(SignIn.account_code == account, SignIn.email_canonical == canonical)
    return session.scalar(query.order_by(SignIn.at.desc()).limit(1))


def was_anybody_let_in(session: Session, account: AccountCode, provider: ProviderCode, *, since: datetime) -> bool:
    """Say whether anybody was let in by a provider since a moment."""
    query = select(SignIn.id).where(
        SignIn.account_code == account, SignIn.provider_code == provider, SignIn.outcome == OK, SignIn.at >= since
    )
    return session.scalar(query.limit(1)) is not None


def latest_at(session: Session, account: AccountCode, provider: ProviderCode, *, most: int) -> Sequence[SignIn]:
    """Return the latest sign-ins at a provider, the newest first."""
    query = select(SignIn).where(SignIn.account_code == account, SignIn.provider_code == provider)
    return session.scalars(query.order_by(SignIn.at.desc()).limit(most)).all()

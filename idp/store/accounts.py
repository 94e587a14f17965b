"""Accounts: the tenants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from idp.domain.access_requests import ESCALATE_AFTER_HOURS, REQUEST_EXPIRY_DAYS
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.mail_sign_in import MagicLinks
from idp.store.db import Base


class Account(Base):
    """One customer. The code is the key: it stands in tokens and never changes."""

    __tablename__ = "accounts"

    code: Mapped[str] = mapped_column(String(63), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    base_url: Mapped[str | None] = mapped_column(String(2048))
    enabled: Mapped[bool] = mapped_column(default=True)
    trial: Mapped[bool] = mapped_column(default=False)
    link_by_email: Mapped[bool] = mapped_column(default=False)
    reverify_after: Mapped[int | None]
    magic_link: Mapped[str] = mapped_column(String(10), default=MagicLinks.UNLINKED, server_default=MagicLinks.UNLINKED)
    request_expiry_days: Mapped[int] = mapped_column(
        default=REQUEST_EXPIRY_DAYS, server_default=str(REQUEST_EXPIRY_DAYS)
    )
    escalate_after_hours: Mapped[int] = mapped_column(
        default=ESCALATE_AFTER_HOURS, server_default=str(ESCALATE_AFTER_HOURS)
    )
    disable_idle_after_days: Mapped[int | None]
    created_at: Mapped[datetime]
    origins: Mapped[list[AccountOrigin]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="AccountOrigin.origin", passive_deletes=True
    )
    email_domains: Mapped[list[AccountEmailDomain]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="AccountEmailDomain.domain", passive_deletes=True
    )

    access_domains: Mapped[list[AccountAccessDomain]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="AccountAccessDomain.domain", passive_deletes=True
    )
    deputies: Mapped[list[AccountDeputy]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="AccountDeputy.user_id", passive_deletes=True
    )


class AccountOrigin(Base):
    """A web origin in whose pages the account's widget is embedded."""

    __tablename__ = "account_origins"

    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), primary_key=True)
    origin: Mapped[str] = mapped_column(String(255), primary_key=True, index=True)


class AccountEmailDomain(Base):
    """A mail domain that belongs to the account, and to no other."""

    __tablename__ = "account_email_domains"

    domain: Mapped[str] = mapped_column(String(253), primary_key=True)
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), index=True)


class AccountAccessDomain(Base):
    """A mail domain whose people may ask for access; where an account has none, everybody may."""

    __tablename__ = "account_access_domains"

    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), primary_key=True)
    domain: Mapped[str] = mapped_column(String(253), primary_key=True)


class AccountDeputy(Base):
    """A user who decides about access requests when no manager did in time."""

    __tablename__ = "account_deputies"

    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)


def find(session: Session, code: AccountCode) -> Account | None:
    """Return the account of that code, if there is one."""
    return session.get(Account, code)


def is_open(session: Session, code: AccountCode) -> bool:
    """Say whether the account lets its people in, and keep it so until this transaction is over."""
    query = select(Account.enabled).where(Account.code == code).with_for_update(read=True)
    return bool(session.scalar(query))


def everyone(session: Session) -> Sequence[Account]:
    """Return all accounts by code."""
    return session.scalars(select(Account).order_by(Account.code)).all()


def disabling_idle(session: Session) -> Sequence[tuple[AccountCode, int]]:
    """Return the enabled accounts that keep idle people out, each with the days after which it does."""
    query = select(Account.code, Account.disable_idle_after_days).where(
        Account.enabled.is_(True), Account.disable_idle_after_days.is_not(None)
    )
    return [(AccountCode(code), days) for code, days in session.execute(query.order_by(Account.code)) if days]


def owner_of_domain(session: Session, domain: str) -> AccountCode | None:
    """Return the account that owns a mail domain (lower case)."""
    code = session.scalar(select(AccountEmailDomain.account_code).where(AccountEmailDomain.domain == domain))
    return None if code is None else AccountCode(code)


def owners_of_domains(session: Session, domains: Iterable[str]) -> Sequence[AccountCode]:
    """Return the accounts that own any of these mail domains."""
    query = select(AccountEmailDomain.account_code).where(AccountEmailDomain.domain.in_(list(domains)))
    return [AccountCode(code) for code in session.scalars(query.distinct())]


def of_origin(session: Session, origin: str) -> Sequence[AccountCode]:
    """Return the enabled accounts in whose list an origin stands."""
    query = select(Account.code).join(AccountOrigin, AccountOrigin.account_code == Account.code)
    codes = session.scalars(
        query.where(AccountOrigin.origin == origin, Account.enabled.is_(True)).order_by(Account.code)
    )
    return [AccountCode(code) for code in codes]


def set_origins(account: Account, origins: Iterable[str]) -> None:
    """Replace the account's origins."""
    kept = {row.origin: row for row in account.origins}
    account.origins = [kept.get(origin) or AccountOrigin(origin=origin) for origin in dict.fromkeys(origins)]


def set_email_domains(account: Account, domains: Iterable[str]) -> None:
    """Replace the account's mail domains; the caller has checked that no other account owns one."""
    kept = {row.domain: row for row in account.email_domains}
    account.email_domains = [kept.get(domain) or AccountEmailDomain(domain=domain) for domain in dict.fromkeys(domains)]


def set_access_domains(account: Account, domains: Iterable[str]) -> None:
    """Replace the mail domains whose people may ask for access."""
    kept = {row.domain: row for row in account.access_domains}
    account.access_domains = [
        kept.get(domain) or AccountAccessDomain(domain=domain) for domain in dict.fromkeys(domains)
    ]


def set_deputies(account: Account, user_ids: Iterable[UserId]) -> None:
    """Replace the deputies."""
    kept = {row.user_id: row for row in account.deputies}
    account.deputies = [kept.get(user_id) or AccountDeputy(user_id=user_id) for user_id in dict.fromkeys(user_ids)]


def remove(session: Session, code: AccountCode) -> None:
    """Delete the account with everything that hangs on it, except its audit trail."""
    session.execute(delete(Account).where(Account.code == code))

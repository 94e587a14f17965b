"""Upstream providers: an account's configured connections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode, ProviderCode, ProviderId
from idp.domain.provider_kinds import PLATFORM_KINDS
from idp.store.db import Base
from idp.store.upstream_identities import UpstreamIdentityLink


class Provider(Base):
    """One connection. ``id`` is never used again, so that links cannot survive into a new provider of the same code.

    ``client_secret_sealed`` is sealed with the id as associated data.
    """

    __tablename__ = "providers"
    __table_args__ = (UniqueConstraint("account_code", "code"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(63))
    kind: Mapped[str] = mapped_column(String(20))
    display_name: Mapped[str] = mapped_column(String(100))
    issuer: Mapped[str] = mapped_column(String(2048))
    authorize_url: Mapped[str | None] = mapped_column(String(2048))
    token_url: Mapped[str | None] = mapped_column(String(2048))
    api_url: Mapped[str | None] = mapped_column(String(2048))
    userinfo_url: Mapped[str | None] = mapped_column(String(2048))
    client_id: Mapped[str] = mapped_column(String(255))
    client_secret_sealed: Mapped[str]
    client_secret_expires: Mapped[date | None]
    scope: Mapped[str] = mapped_column(String(1000))
    subject_claim: Mapped[str] = mapped_column(String(100))
    email_claim: Mapped[str] = mapped_column(String(100))
    first_name_claim: Mapped[str] = mapped_column(String(100))
    last_name_claim: Mapped[str] = mapped_column(String(100))
    roles_claim: Mapped[str] = mapped_column(String(100))
    role_map: Mapped[dict[str, str]]
    role_ceiling: Mapped[str | None] = mapped_column(String(50))
    tenants: Mapped[list[str]]
    hosted_domains: Mapped[list[str]]
    any_google_account: Mapped[bool]
    trust_email: Mapped[bool]
    role_based_iam: Mapped[bool]
    require_roles: Mapped[bool]
    generic_callback: Mapped[bool]
    created_at: Mapped[datetime]


def find(session: Session, account: AccountCode, code: ProviderCode) -> Provider | None:
    """Return the provider that is named ACCOUNT CODE, if there is one."""
    return session.scalar(select(Provider).where(Provider.account_code == account, Provider.code == code))


def get(session: Session, provider_id: ProviderId) -> Provider | None:
    """Return the provider's row."""
    return session.get(Provider, provider_id)


def of_account(session: Session, account: AccountCode) -> Sequence[Provider]:
    """Return an account's providers by code."""
    return session.scalars(select(Provider).where(Provider.account_code == account).order_by(Provider.code)).all()


def everyone(session: Session) -> Sequence[Provider]:
    """Return all providers by account and code."""
    return session.scalars(select(Provider).order_by(Provider.account_code, Provider.code)).all()


def of_link(session: Session, link: UpstreamIdentityLink) -> Provider | None:
    """Return the provider by which somebody is recognised."""
    return session.get(Provider, link.provider_id)


def hosted_domains_of(session: Session, account: AccountCode) -> frozenset[str]:
    """Return the hosted domains that pin an account's providers."""
    lists = session.scalars(select(Provider.hosted_domains).where(Provider.account_code == account))
    return frozenset(domain for domains in lists for domain in domains)


def id_of(provider: Provider) -> ProviderId:
    """Return the provider's identifier as what it is."""
    return ProviderId(provider.id)


def has_platform_user(session: Session, account: AccountCode, platform_id: str) -> bool:
    """Say whether somebody of the account signs in as that user of a platform.

    The connectors of platforms take the platform's own user id for the subject (``platform_user_id``).
    """
    query = select(Provider.id).join(UpstreamIdentityLink, UpstreamIdentityLink.provider_id == Provider.id)
    found = query.where(
        Provider.account_code == account,
        Provider.kind.in_(PLATFORM_KINDS),
        UpstreamIdentityLink.subject == platform_id,
    )
    return session.scalar(found.limit(1)) is not None

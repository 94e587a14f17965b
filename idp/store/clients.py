"""Clients: the downstream services, and the digests of their secrets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from idp.domain.identifiers import AccountCode, ClientId
from idp.store.db import Base


class Client(Base):
    """One registered client, by the names of RFC 7591 where it has them.

    A client without account is for staff, and for the people of the accounts it admits.
    ``auth_method`` NULL accepts both client_secret_basic and client_secret_post.
    """

    __tablename__ = "clients"

    client_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    account_code: Mapped[str | None] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), index=True)
    client_name: Mapped[str] = mapped_column(String(100))
    redirect_uris: Mapped[list[str]]
    grant_types: Mapped[list[str]]
    response_types: Mapped[list[str]]
    auth_method: Mapped[str | None] = mapped_column(String(30))
    scope: Mapped[str] = mapped_column(String(1000))
    id_token_alg: Mapped[str] = mapped_column(String(10))
    pkce: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]
    admitted: Mapped[list[ClientAdmittedAccount]] = relationship(
        lazy="selectin",
        cascade="all, delete-orphan",
        order_by="ClientAdmittedAccount.account_code",
        passive_deletes=True,
    )


class ClientAdmittedAccount(Base):
    """An account whose people may sign in to a client that belongs to no account."""

    __tablename__ = "client_admitted_accounts"

    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True)
    account_code: Mapped[str] = mapped_column(
        ForeignKey("accounts.code", ondelete="CASCADE"), primary_key=True, index=True
    )


class ClientSecret(Base):
    """SHA-256 of one secret of a client; two may be valid while one replaces the other."""

    __tablename__ = "client_secrets"

    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


def find(session: Session, client_id: ClientId) -> Client | None:
    """Return the client's row, if there is one."""
    return session.get(Client, client_id)


def everyone(session: Session, account: AccountCode | None = None) -> Sequence[Client]:
    """Return the clients of one account, or all, by name."""
    query = select(Client).order_by(Client.client_name, Client.client_id)
    return session.scalars(query if account is None else query.where(Client.account_code == account)).all()


def admitted_by(session: Session, client_id: ClientId) -> tuple[AccountCode, ...]:
    """Return the accounts that a client without account admits."""
    query = select(ClientAdmittedAccount.account_code).where(ClientAdmittedAccount.client_id == client_id)
    return tuple(AccountCode(code) for code in session.scalars(query))


def live_digests(session: Session, client_id: ClientId, *, now: datetime) -> frozenset[str]:
    """Return the digests of the secrets that the client may use now."""
    rows = session.execute(
        select(ClientSecret.digest, ClientSecret.expires_at).where(ClientSecret.client_id == client_id)
    )
    return frozenset(row.digest for row in rows if row.expires_at is None or row.expires_at > now)


def add_secret(session: Session, client_id: ClientId, digest: str, *, now: datetime) -> None:
    """Store the digest of a new secret."""
    session.add(ClientSecret(client_id=client_id, digest=digest, created_at=now))


def end_secrets(session: Session, client_id: ClientId, *, at: datetime) -> None:
    """Let the client's present secrets end at ``at``, unless they end before."""
    session.execute(
        update(ClientSecret)
        .where(ClientSecret.client_id == client_id)
        .where((ClientSecret.expires_at.is_(None)) | (ClientSecret.expires_at > at))
        .values(expires_at=at)
        .execution_options(synchronize_session=False)
    )


def remove(session: Session, client_id: ClientId) -> None:
    """Delete the client, its secrets and what was issued to it."""
    session.execute(delete(Client).where(Client.client_id == client_id))

"""Clients: the downstream services, and the digests of their secrets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from idp.domain.identifiers import AccountCode, ClientId
from idp.domain.roles import Role
from idp.store.accounts import Account
from idp.store.db import Base
from idp.store.revoked_tokens import RevokedToken


class Client(Base):
    """One registered client, by the names of RFC 7591 where it has them.

    A client without account is for staff, and for the people of the accounts it admits.
    ``auth_method`` NULL accepts both client_secret_basic and client_secret_post.
    ``jwks`` or ``jwks_uri`` holds the public keys of a client that proves itself by private_key_jwt.
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
    party: Mapped[str] = mapped_column(String(10))
    claims_profile: Mapped[str] = mapped_column(String(10))
    audiences: Mapped[list[str]]
    serves: Mapped[list[str]]
    roles: Mapped[list[str]]
    post_logout_redirect_uris: Mapped[list[str]]
    backchannel_logout_uri: Mapped[str | None] = mapped_column(String(2048))
    jwks: Mapped[dict[str, Any] | None]
    jwks_uri: Mapped[str | None] = mapped_column(String(2048))
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
    """SHA-256 of one secret of a client; two may be valid while one replaces the other.

    ``sealed`` holds the secret itself where it has to be read back, to verify a client_secret_jwt.
    """

    __tablename__ = "client_secrets"

    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    sealed: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


_OF_LIVE_TOKEN = (
    select(Client.account_code, Client.roles)
    .join(Account, Account.code == Client.account_code, isouter=True)
    .where(
        Client.client_id == bindparam("client"),
        Client.account_code.is_(None) | Account.enabled.is_(True),
        ~select(RevokedToken.jti).where(RevokedToken.jti == bindparam("jti")).exists(),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientItself:
    """What a client's own token says of it, as the records say now."""

    account: AccountCode | None
    roles: tuple[Role, ...]


def of_live_token(session: Session, client_id: ClientId, *, jti: str) -> ClientItself | None:
    """Return the client that a token of its own speaks of, while token, client and account count."""
    row = session.execute(_OF_LIVE_TOKEN, {"client": client_id, "jti": jti}).one_or_none()
    if row is None:
        return None
    account = None if row.account_code is None else AccountCode(row.account_code)
    return ClientItself(account=account, roles=tuple(Role(role) for role in row.roles))


_COUNTS = (
    select(Client.client_id)
    .join(Account, Account.code == Client.account_code, isouter=True)
    .where(Client.client_id == bindparam("client"), Client.account_code.is_(None) | Account.enabled.is_(True))
)


def counts(session: Session, client_id: ClientId) -> bool:
    """Say whether a client is there, in an enabled account if in any."""
    return session.scalar(_COUNTS, {"client": client_id}) is not None


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


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """One secret as it is kept.

    :param sealed: the secret itself, where it can be read back.
    """

    digest: str
    sealed: str | None


def live_secrets(session: Session, client_id: ClientId, *, now: datetime) -> tuple[KeptSecret, ...]:
    """Return the secrets that the client may use now."""
    rows = session.execute(
        select(ClientSecret.digest, ClientSecret.sealed, ClientSecret.expires_at).where(
            ClientSecret.client_id == client_id
        )
    )
    return tuple(KeptSecret(row.digest, row.sealed) for row in rows if row.expires_at is None or row.expires_at > now)


def add_secret(session: Session, client_id: ClientId, digest: str, *, sealed: str | None = None, now: datetime) -> None:
    """Store the digest of a new secret, and the secret itself where it must be read back."""
    session.add(ClientSecret(client_id=client_id, digest=digest, sealed=sealed, created_at=now))


def forget_sealed_secrets(session: Session, client_id: ClientId) -> None:
    """Keep of the client's secrets their digests alone."""
    session.execute(
        update(ClientSecret)
        .where(ClientSecret.client_id == client_id, ClientSecret.sealed.is_not(None))
        .values(sealed=None)
        .execution_options(synchronize_session=False)
    )


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


def remove_of_account(session: Session, account: AccountCode) -> None:
    """Delete an account's clients, and what was issued to them."""
    session.execute(delete(Client).where(Client.account_code == account).execution_options(synchronize_session=False))

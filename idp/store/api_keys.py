"""API keys: the integration secrets by which a platform without single sign-on vouches for its agents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode
from idp.domain.secrets import digest
from idp.store.db import Base


class ApiKey(Base):
    """One key of one account; stored as a digest. It counts until it is revoked."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"), index=True)
    key_digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


def get(session: Session, key_id: str) -> ApiKey | None:
    """Return a key by its id."""
    return session.get(ApiKey, key_id)


def account_of(session: Session, key_id: str) -> AccountCode | None:
    """Return whose a key is, without loading it; that never changes."""
    code = session.scalar(select(ApiKey.account_code).where(ApiKey.id == key_id))
    return None if code is None else AccountCode(code)


def find(session: Session, key: str) -> ApiKey | None:
    """Return the row of a clear key, revoked or not, of whatever account."""
    return session.scalar(select(ApiKey).where(ApiKey.key_digest == digest(key)))


def live(session: Session, account: AccountCode) -> Sequence[ApiKey]:
    """Return the account's keys that count, the newest first."""
    query = select(ApiKey).where(ApiKey.account_code == account, ApiKey.revoked_at.is_(None))
    return session.scalars(query.order_by(ApiKey.created_at.desc(), ApiKey.id)).all()


def of_account(session: Session, account: AccountCode) -> Sequence[ApiKey]:
    """Return an account's keys, the newest first."""
    query = select(ApiKey).where(ApiKey.account_code == account)
    return session.scalars(query.order_by(ApiKey.created_at.desc(), ApiKey.id)).all()


def everyone(session: Session) -> Sequence[ApiKey]:
    """Return all keys by account, the newest first."""
    return session.scalars(select(ApiKey).order_by(ApiKey.account_code, ApiKey.created_at.desc(), ApiKey.id)).all()


def note_use(session: Session, key_id: str, *, now: datetime) -> None:
    """Remember when the key was last used."""
    session.execute(
        update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now).execution_options(synchronize_session=False)
    )

"""Platform secrets: shared with a platform that signs JWTs about its agents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode
from idp.domain.secrets import digest
from idp.store.db import Base


class PlatformSecret(Base):
    """One secret of one account. Signatures need it clear, so it is sealed; its digest tells it from others."""

    __tablename__ = "platform_secrets"
    __table_args__ = (UniqueConstraint("account_code", "secret_digest"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"))
    secret_digest: Mapped[str] = mapped_column(String(64))
    secret_sealed: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


def get(session: Session, secret_id: str) -> PlatformSecret | None:
    """Return a secret's row by its id."""
    return session.get(PlatformSecret, secret_id)


def account_of(session: Session, secret_id: str) -> AccountCode | None:
    """Return whose a secret is, without loading it; that never changes."""
    code = session.scalar(select(PlatformSecret.account_code).where(PlatformSecret.id == secret_id))
    return None if code is None else AccountCode(code)


def find(session: Session, account: AccountCode, secret: str) -> PlatformSecret | None:
    """Return the row of a clear secret of the account, revoked or not."""
    return session.scalar(
        select(PlatformSecret).where(
            PlatformSecret.account_code == account, PlatformSecret.secret_digest == digest(secret)
        )
    )


def live(session: Session, account: AccountCode) -> Sequence[PlatformSecret]:
    """Return the account's secrets that count, the newest first."""
    query = select(PlatformSecret).where(PlatformSecret.account_code == account, PlatformSecret.revoked_at.is_(None))
    return session.scalars(query.order_by(PlatformSecret.created_at.desc(), PlatformSecret.id)).all()


def of_account(session: Session, account: AccountCode) -> Sequence[PlatformSecret]:
    """Return all secrets that the account ever had, the newest first."""
    query = select(PlatformSecret).where(PlatformSecret.account_code == account)
    return session.scalars(query.order_by(PlatformSecret.created_at.desc(), PlatformSecret.id)).all()


def everyone(session: Session) -> Sequence[PlatformSecret]:
    """Return all secrets by account, the newest first."""
    order = (PlatformSecret.account_code, PlatformSecret.created_at.desc(), PlatformSecret.id)
    return session.scalars(select(PlatformSecret).order_by(*order)).all()


def note_use(session: Session, secret_id: str, *, now: datetime) -> None:
    """Remember when a token signed with the secret was last accepted."""
    session.execute(
        update(PlatformSecret)
        .where(PlatformSecret.id == secret_id)
        .values(last_used_at=now)
        .execution_options(synchronize_session=False)
    )

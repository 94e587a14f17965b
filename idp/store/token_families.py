"""Token families: all that one authorization gave a client, and whether it still counts.

The ``jti`` of an access token begins with its family's id, so a token can be
asked for without a row of its own.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, String, insert, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.identifiers import AccountCode, ClientId, FamilyId, SessionId, UserId
from idp.store.clients import Client
from idp.store.db import Base
from idp.store.users import User


class TokenFamily(Base):
    """One authorization's tokens; revoked as a whole."""

    __tablename__ = "token_families"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    sid: Mapped[str] = mapped_column(ForeignKey("sso_sessions.sid", ondelete="CASCADE"), index=True)
    scope: Mapped[str] = mapped_column(String(1000))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


def add(
    session: Session,
    family_id: FamilyId,
    *,
    client_id: ClientId,
    user_id: UserId,
    sid: SessionId,
    scope: str,
    now: datetime,
) -> None:
    """Begin a family."""
    session.execute(
        insert(TokenFamily).values(
            id=family_id, client_id=client_id, user_id=user_id, sid=sid, scope=scope, created_at=now
        )
    )


def revoke(session: Session, family_id: FamilyId, *, now: datetime) -> bool:
    """End a family; true when it counted until now."""
    ended = session.scalar(
        update(TokenFamily)
        .where(TokenFamily.id == family_id, TokenFamily.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(TokenFamily.id)
        .execution_options(synchronize_session=False)
    )
    return ended is not None


def revoke_of_account(session: Session, account: AccountCode, *, now: datetime) -> None:
    """End all families of an account's people, and of staff at its clients."""
    session.execute(
        update(TokenFamily)
        .where(
            or_(
                TokenFamily.user_id.in_(select(User.id).where(User.account_code == account)),
                TokenFamily.client_id.in_(select(Client.client_id).where(Client.account_code == account)),
            )
        )
        .where(TokenFamily.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )


def revoke_of_user(session: Session, user_id: UserId, *, now: datetime) -> None:
    """End all families of a person."""
    session.execute(
        update(TokenFamily)
        .where(TokenFamily.user_id == user_id, TokenFamily.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )


def revoke_at_account(session: Session, user_id: UserId, account: AccountCode | None, *, now: datetime) -> None:
    """End a staff member's families at the clients of one account, or at those of every account."""
    elsewhere = select(Client.client_id).where(
        Client.account_code == account if account else Client.account_code != STAFF_ACCOUNT
    )
    session.execute(
        update(TokenFamily)
        .where(TokenFamily.user_id == user_id, TokenFamily.client_id.in_(elsewhere))
        .where(TokenFamily.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )


def revoke_of_sessions(session: Session, sids: Collection[SessionId], *, now: datetime) -> None:
    """End all families that hang on these SSO sessions."""
    session.execute(
        update(TokenFamily)
        .where(TokenFamily.sid.in_(sids), TokenFamily.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )

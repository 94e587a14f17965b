"""At which services somebody is, by the token families that count: what they are shown before they sign out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.domain.identifiers import SessionId, UserId
from idp.store.clients import Client
from idp.store.token_families import TokenFamily


def of_sessions(session: Session, sids: Collection[SessionId]) -> Mapping[SessionId, tuple[str, ...]]:
    """Return the names of the services that were reached through each session, in alphabetical order."""
    rows = session.execute(
        select(TokenFamily.sid, Client.client_name)
        .join(Client, Client.client_id == TokenFamily.client_id)
        .where(TokenFamily.sid.in_(sids), TokenFamily.revoked_at.is_(None))
        .distinct()
        .order_by(Client.client_name)
    ).all()
    return {sid: tuple(row.client_name for row in rows if row.sid == sid) for sid in sids}


def staying_connected(session: Session, user_id: UserId, *, now: datetime) -> tuple[str, ...]:
    """Return the names of the services that act for a person while they are away, in alphabetical order."""
    query = (
        select(Client.client_name)
        .join(TokenFamily, TokenFamily.client_id == Client.client_id)
        .where(TokenFamily.user_id == user_id, TokenFamily.offline.is_(True), TokenFamily.revoked_at.is_(None))
        .where(TokenFamily.refresh_expires_at > now)
    )
    return tuple(session.scalars(query.distinct().order_by(Client.client_name)))

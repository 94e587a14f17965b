"""Token families: all that one authorization gave a client, or one sign-in a browser as cookies, and whether it counts.

The ``jti`` of an access token begins with its family's id, so a token can be
asked for without a row of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, false, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.authorization import Authorization
from idp.domain.identifiers import ClientId, FamilyId
from idp.domain.refresh_rotation import FIRST_GENERATION
from idp.store.db import Base, table_of
from idp.store.prepared import Prepared


class TokenFamily(Base):
    """One authorization's tokens; revoked as a whole.

    With a ``seed`` the family has refresh tokens: the one of ``generation`` is valid, and until
    ``refresh_expires_at`` can be exchanged for the next. ``rotated_at`` is when it became valid.
    An ``offline`` family outlives its SSO session.

    A family of session cookies has a ``jar`` and no client (:mod:`idp.store.cookie_families`). One that began
    with an exchange token is ``exchanged``, and can mint no further one.
    """

    __tablename__ = "token_families"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client_id: Mapped[str | None] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    sid: Mapped[str] = mapped_column(ForeignKey("sso_sessions.sid", ondelete="CASCADE"), index=True)
    scope: Mapped[str] = mapped_column(String(1000))
    resources: Mapped[list[str]]
    claims: Mapped[dict[str, Any]]
    auth_time: Mapped[datetime]
    acr: Mapped[str] = mapped_column(String(60))
    amr: Mapped[list[str]]
    offline: Mapped[bool]
    jar: Mapped[str | None] = mapped_column(String(12))
    exchanged: Mapped[bool] = mapped_column(default=False, server_default=false())
    seed: Mapped[str | None] = mapped_column(String(43))
    generation: Mapped[int]
    rotated_at: Mapped[datetime]
    refresh_expires_at: Mapped[datetime | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


_FAMILIES = table_of(TokenFamily)
ADD = Prepared(insert(_FAMILIES), columns=[column.name for column in _FAMILIES.c])
"""Begins a family, of tokens or of cookies; every column is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewable:
    """How a family can be renewed.

    :param seed: what its refresh tokens are derived from.
    :param until: from then on nothing renews any more.
    :param offline: it outlives its SSO session.
    """

    seed: str = field(repr=False)
    until: datetime
    offline: bool


def add(
    session: Session,
    authorization: Authorization,
    *,
    client_id: ClientId,
    renewable: Renewable | None,
    now: datetime,
) -> None:
    """Begin a family.

    :param renewable: none for a family without refresh tokens.
    """
    ADD.run(
        session,
        {
            "id": authorization.family_id,
            "client_id": client_id,
            "user_id": authorization.user_id,
            "sid": authorization.sid,
            "scope": " ".join(authorization.scope),
            "resources": list(authorization.resources),
            "claims": authorization.claims.as_json(),
            "auth_time": authorization.authentication.at,
            "acr": authorization.authentication.acr,
            "amr": list(authorization.authentication.amr),
            "offline": renewable is not None and renewable.offline,
            "jar": None,
            "exchanged": False,
            "seed": None if renewable is None else renewable.seed,
            "generation": FIRST_GENERATION,
            "rotated_at": now,
            "refresh_expires_at": None if renewable is None else renewable.until,
            "created_at": now,
            "revoked_at": None,
        },
    )


def auth_time(session: Session, family_id: FamilyId) -> datetime | None:
    """Return when the person of a family last proved who they are, as its tokens say."""
    return session.scalar(select(TokenFamily.auth_time).where(TokenFamily.id == family_id))


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

"""Authorization codes: single use by one statement (RFC 6749 §4.1.2, RFC 9700 §2.1.1).

A used row stays, so that a second use is recognised and ends what the first gave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.authentication import Authentication
from idp.domain.identifiers import ClientId, FamilyId, SessionId, UserId
from idp.domain.scope import Scope
from idp.domain.secrets import digest
from idp.store.db import Base


class AuthorizationCode(Base):
    """One code, under its digest. ``family_id`` names beforehand what redeeming it will begin."""

    __tablename__ = "authorization_codes"

    code_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    sid: Mapped[str] = mapped_column(ForeignKey("sso_sessions.sid", ondelete="CASCADE"), index=True)
    family_id: Mapped[str] = mapped_column(String(32))
    redirect_uri: Mapped[str] = mapped_column(String(2048))
    scope: Mapped[str] = mapped_column(String(1000))
    nonce: Mapped[str | None] = mapped_column(String(1024))
    code_challenge: Mapped[str | None] = mapped_column(String(43))
    auth_time: Mapped[datetime]
    acr: Mapped[str] = mapped_column(String(60))
    amr: Mapped[list[str]]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeGrant:
    """What a code stands for."""

    family_id: FamilyId
    user_id: UserId
    sid: SessionId
    scope: tuple[Scope, ...]
    nonce: str | None
    authentication: Authentication


def add(
    session: Session,
    code: str,
    grant: CodeGrant,
    *,
    client_id: ClientId,
    redirect_uri: str,
    code_challenge: str | None,
    expires_at: datetime,
) -> None:
    """Store a fresh code under its digest."""
    session.execute(
        insert(AuthorizationCode).values(
            code_digest=digest(code),
            client_id=client_id,
            user_id=grant.user_id,
            sid=grant.sid,
            family_id=grant.family_id,
            redirect_uri=redirect_uri,
            scope=" ".join(grant.scope),
            nonce=grant.nonce,
            code_challenge=code_challenge,
            auth_time=grant.authentication.at,
            acr=grant.authentication.acr,
            amr=list(grant.authentication.amr),
            expires_at=expires_at,
        )
    )


def consume(
    session: Session, code: str, *, client_id: ClientId, redirect_uri: str, code_challenge: str | None, now: datetime
) -> CodeGrant | None:
    """Spend a code; of concurrent callers exactly one succeeds.

    Everything that must fit is in the condition, so there is no order of
    checks to get wrong, and a code that is presented with the wrong client,
    redirect URI or verifier is left unspent.

    :param code_challenge: computed from the presented verifier; none when none was presented.
    :param now: the expiry instant itself is already too late.
    """
    row = session.execute(
        update(AuthorizationCode)
        .where(
            AuthorizationCode.code_digest == digest(code),
            AuthorizationCode.client_id == client_id,
            AuthorizationCode.redirect_uri == redirect_uri,
            AuthorizationCode.code_challenge.is_not_distinct_from(code_challenge),
            AuthorizationCode.used_at.is_(None),
            AuthorizationCode.expires_at > now,
        )
        .values(used_at=now)
        .returning(
            AuthorizationCode.family_id,
            AuthorizationCode.user_id,
            AuthorizationCode.sid,
            AuthorizationCode.scope,
            AuthorizationCode.nonce,
            AuthorizationCode.auth_time,
            AuthorizationCode.acr,
            AuthorizationCode.amr,
        )
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        return None
    return CodeGrant(
        family_id=FamilyId(row.family_id),
        user_id=UserId(row.user_id),
        sid=SessionId(row.sid),
        scope=tuple(Scope(word) for word in row.scope.split(" ")),
        nonce=row.nonce,
        authentication=Authentication(at=row.auth_time, acr=row.acr, amr=tuple(row.amr)),
    )


def family_of_spent(session: Session, code: str, *, client_id: ClientId) -> FamilyId | None:
    """Return what a code gave when this client used it before; none when it is unspent, unknown or another's."""
    family = session.scalar(
        select(AuthorizationCode.family_id).where(
            AuthorizationCode.code_digest == digest(code),
            AuthorizationCode.client_id == client_id,
            AuthorizationCode.used_at.is_not(None),
        )
    )
    return None if family is None else FamilyId(family)

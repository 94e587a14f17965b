"""Authorization codes: single use by one statement (RFC 6749 §4.1.2, RFC 9700 §2.1.1).

A used row stays, so that a second use is recognised and ends what the first gave.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, bindparam, delete, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.authentication import Authentication
from idp.domain.authorization import Authorization
from idp.domain.claims_request import ClaimsRequest
from idp.domain.identifiers import ClientId, FamilyId, SessionId, UserId
from idp.domain.scope import Scope
from idp.domain.secrets import digest
from idp.store.db import Base, table_of
from idp.store.prepared import Prepared


class AuthorizationCode(Base):
    """One code, under its digest. ``family_id`` names beforehand what redeeming it will begin.

    ``resources`` are the audiences that the request picked (RFC 8707), ``claims`` what its ``claims``
    parameter asked for beyond the scope.
    """

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
    resources: Mapped[list[str]]
    claims: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


_CODES = table_of(AuthorizationCode)
_ADD = Prepared(insert(_CODES), columns=[column.name for column in _CODES.c if column.name != "used_at"])
_CONSUME = Prepared(
    update(_CODES)
    .where(
        _CODES.c.code_digest == bindparam("digest"),
        _CODES.c.client_id == bindparam("client"),
        _CODES.c.redirect_uri == bindparam("uri"),
        _CODES.c.code_challenge.is_not_distinct_from(bindparam("challenge", type_=String())),
        _CODES.c.used_at.is_(None),
        _CODES.c.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
    .returning(
        _CODES.c.family_id,
        _CODES.c.user_id,
        _CODES.c.sid,
        _CODES.c.scope,
        _CODES.c.nonce,
        _CODES.c.auth_time,
        _CODES.c.acr,
        _CODES.c.amr,
        _CODES.c.resources,
        _CODES.c.claims,
    )
)


def add(
    session: Session,
    code: str,
    authorization: Authorization,
    *,
    client_id: ClientId,
    redirect_uri: str,
    code_challenge: str | None,
    expires_at: datetime,
) -> None:
    """Store a fresh code under its digest."""
    _ADD.run(
        session,
        {
            "code_digest": digest(code),
            "client_id": client_id,
            "user_id": authorization.user_id,
            "sid": authorization.sid,
            "family_id": authorization.family_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(authorization.scope),
            "nonce": authorization.nonce,
            "code_challenge": code_challenge,
            "auth_time": authorization.authentication.at,
            "acr": authorization.authentication.acr,
            "amr": list(authorization.authentication.amr),
            "resources": list(authorization.resources),
            "claims": authorization.claims.as_json(),
            "expires_at": expires_at,
        },
    )


def consume(
    session: Session, code: str, *, client_id: ClientId, redirect_uri: str, code_challenge: str | None, now: datetime
) -> Authorization | None:
    """Spend a code; of concurrent callers exactly one succeeds.

    Everything that must fit is in the condition, so there is no order of
    checks to get wrong, and a code that is presented with the wrong client,
    redirect URI or verifier is left unspent.

    :param code_challenge: computed from the presented verifier; none when none was presented.
    :param now: the expiry instant itself is already too late.
    """
    row = _CONSUME.row(
        session,
        {
            "digest": digest(code),
            "client": client_id,
            "uri": redirect_uri,
            "challenge": code_challenge,
            "now": now,
        },
    )
    if row is None:
        return None
    return Authorization(
        family_id=FamilyId(row.family_id),
        user_id=UserId(row.user_id),
        sid=SessionId(row.sid),
        scope=tuple(Scope(word) for word in row.scope.split(" ")),
        nonce=row.nonce,
        authentication=Authentication(at=row.auth_time, acr=row.acr, amr=tuple(row.amr)),
        resources=tuple(row.resources),
        claims=ClaimsRequest.from_json(row.claims),
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


def forget_unspent(session: Session, user_id: UserId, client_id: ClientId) -> None:
    """Delete the codes of a person that a client has not spent; one that it is spending is waited for."""
    session.execute(
        delete(AuthorizationCode)
        .where(
            AuthorizationCode.user_id == user_id,
            AuthorizationCode.client_id == client_id,
            AuthorizationCode.used_at.is_(None),
        )
        .execution_options(synchronize_session=False)
    )

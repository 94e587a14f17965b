"""What a refresh needs to know, read in one query under a lock, and the rotation itself (a hot path)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from idp.domain.authentication import Authentication
from idp.domain.authorization import Authorization
from idp.domain.claims_request import ClaimsRequest
from idp.domain.confirmation import Confirmation
from idp.domain.identifiers import ClientId, FamilyId, SessionId, UserId
from idp.domain.refresh_rotation import Standing
from idp.domain.scope import Scope
from idp.store.accounts import Account
from idp.store.db import table_of
from idp.store.prepared import Prepared
from idp.store.providers import Provider
from idp.store.subjects import SUBJECT, Subject, as_subject
from idp.store.token_families import TokenFamily
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """A family that counts, with its person, who counts too."""

    client_id: ClientId
    authorization: Authorization
    standing: Standing
    seed: str = field(repr=False)
    subject: Subject
    confirmation: Confirmation


_ACCOUNTS, _FAMILIES = table_of(Account), table_of(TokenFamily)
_PROVIDERS, _USERS = table_of(Provider), table_of(User)
_RENEWABLE = (
    SUBJECT.add_columns(
        _FAMILIES.c.client_id,
        _FAMILIES.c.user_id,
        _FAMILIES.c.sid,
        _FAMILIES.c.scope,
        _FAMILIES.c.resources,
        _FAMILIES.c.claims,
        _FAMILIES.c.auth_time,
        _FAMILIES.c.acr,
        _FAMILIES.c.amr,
        _FAMILIES.c.seed,
        _FAMILIES.c.generation,
        _FAMILIES.c.rotated_at,
        _FAMILIES.c.refresh_expires_at,
        _USERS.c.confirmed_at,
        _ACCOUNTS.c.reverify_after,
        _PROVIDERS.c.role_based_iam,
    )
    .join(_FAMILIES, _FAMILIES.c.user_id == _USERS.c.id)
    .join(_PROVIDERS, _PROVIDERS.c.id == _USERS.c.confirmed_by, isouter=True)
    .where(
        _FAMILIES.c.id == bindparam("family"),
        _FAMILIES.c.revoked_at.is_(None),
        _FAMILIES.c.seed.is_not(None),
        # Those of cookies are renewed by their own tokens alone.
        _FAMILIES.c.jar.is_(None),
    )
)
_FIND, _TAKE = Prepared(_RENEWABLE), Prepared(_RENEWABLE.with_for_update(of=_FAMILIES))
_ROTATE = Prepared(
    update(_FAMILIES)
    .where(_FAMILIES.c.id == bindparam("family"))
    .values(generation=bindparam("next_generation"), rotated_at=bindparam("now"))
)


def take(session: Session, family_id: FamilyId) -> Renewal | None:
    """Return a family that can be renewed, and keep everybody else from it until this transaction is over.

    On PostgreSQL by a lock on its row, on SQLite by being the only writer.
    """
    row = _TAKE.row(session, {"family": family_id})
    return None if row is None else _as_renewal(row, family_id)


def peek(session: Session, family_id: FamilyId) -> Renewal | None:
    """Return the same without keeping anybody from it, for whoever only looks."""
    row = _FIND.row(session, {"family": family_id})
    return None if row is None else _as_renewal(row, family_id)


def rotate(session: Session, family_id: FamilyId, *, generation: int, now: datetime) -> None:
    """Let a generation begin, for a family that was taken."""
    _ROTATE.run(session, {"family": family_id, "next_generation": generation, "now": now})


def _as_renewal(row: Any, family_id: FamilyId) -> Renewal:
    return Renewal(
        client_id=ClientId(row.client_id),
        authorization=Authorization(
            family_id=family_id,
            user_id=UserId(row.user_id),
            sid=SessionId(row.sid),
            scope=tuple(Scope(word) for word in row.scope.split(" ")),
            nonce=None,
            authentication=Authentication(at=row.auth_time, acr=row.acr, amr=tuple(row.amr)),
            resources=tuple(row.resources),
            claims=ClaimsRequest.from_json(row.claims),
        ),
        standing=Standing(generation=row.generation, rotated_at=row.rotated_at, expires_at=row.refresh_expires_at),
        seed=row.seed,
        subject=as_subject(row),
        confirmation=as_confirmation(row),
    )


def as_confirmation(row: Any) -> Confirmation:
    """Return what a row of these columns says: ``confirmed_at``, ``reverify_after``, ``role_based_iam``."""
    return Confirmation(
        confirmed_at=row.confirmed_at,
        reverify_after=None if row.reverify_after is None else timedelta(seconds=row.reverify_after),
        role_based_iam=bool(row.role_based_iam),
    )

"""Session cookies as families: begun, taken for a renewal, looked at (hot paths). ``renewals`` rotates them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from idp.domain.authentication import Authentication
from idp.domain.confirmation import Confirmation
from idp.domain.identifiers import AccountCode, FamilyId, SessionId, UserId
from idp.domain.jars import Jar
from idp.domain.refresh_rotation import FIRST_GENERATION, Standing
from idp.domain.roles import Role
from idp.store.accounts import Account
from idp.store.bridge_people import BridgePerson
from idp.store.db import core, table_of
from idp.store.prepared import Prepared
from idp.store.providers import Provider
from idp.store.renewals import as_confirmation
from idp.store.sso_sessions import SsoSession
from idp.store.token_families import ADD, TokenFamily
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom a cookie session speaks of, as the records say now: no more than its tokens do.

    :param account: the one in which they are met.
    :param platform_id: the bridge's, or the platform's that we know otherwise; none where there is none.
    """

    user_id: UserId
    account: AccountCode
    roles: tuple[Role, ...]
    name: str | None
    email: str | None
    platform_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose a session is that nobody ended, and how they proved who they are."""

    person: Person
    authentication: Authentication
    confirmation: Confirmation


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieFamily:
    """A cookie session that counts, with its person, who counts too.

    :param exchanged: it began with an exchange token.
    """

    id: FamilyId
    sid: SessionId
    person: Person
    authentication: Authentication
    jar: Jar
    exchanged: bool
    seed: str = field(repr=False)
    standing: Standing
    confirmation: Confirmation


_ACCOUNTS, _BRIDGED, _FAMILIES = table_of(Account), table_of(BridgePerson), table_of(TokenFamily)
_PROVIDERS, _SESSIONS, _USERS = table_of(Provider), table_of(SsoSession), table_of(User)
_PERSON = (
    select(
        _USERS.c.id,
        _USERS.c.account_code,
        _USERS.c.roles,
        _USERS.c.name,
        _USERS.c.email,
        _USERS.c.platform_id,
        _BRIDGED.c.platform_id.label("bridge_id"),
        _USERS.c.confirmed_at,
        _ACCOUNTS.c.reverify_after,
        _PROVIDERS.c.role_based_iam,
    )
    .join(_ACCOUNTS, _ACCOUNTS.c.code == _USERS.c.account_code)
    .join(_BRIDGED, _BRIDGED.c.user_id == _USERS.c.id, isouter=True)
    .join(_PROVIDERS, _PROVIDERS.c.id == _USERS.c.confirmed_by, isouter=True)
    .where(_USERS.c.enabled.is_(True), _ACCOUNTS.c.enabled.is_(True))
)
"""Every person who counts."""
_IN_SESSION = Prepared(
    _PERSON.add_columns(_SESSIONS.c.auth_time, _SESSIONS.c.acr, _SESSIONS.c.amr)
    .join(_SESSIONS, _SESSIONS.c.user_id == _USERS.c.id)
    .where(_SESSIONS.c.sid == bindparam("sid"), _SESSIONS.c.ended_at.is_(None))
    .with_for_update(read=True, of=_SESSIONS)
)
_RENEWABLE = (
    _PERSON.add_columns(
        _FAMILIES.c.sid,
        _FAMILIES.c.auth_time,
        _FAMILIES.c.acr,
        _FAMILIES.c.amr,
        _FAMILIES.c.jar,
        _FAMILIES.c.exchanged,
        _FAMILIES.c.seed,
        _FAMILIES.c.generation,
        _FAMILIES.c.rotated_at,
        _FAMILIES.c.refresh_expires_at,
    )
    .join(_FAMILIES, _FAMILIES.c.user_id == _USERS.c.id)
    .where(
        _FAMILIES.c.id == bindparam("family"),
        _FAMILIES.c.revoked_at.is_(None),
        _FAMILIES.c.jar.is_not(None),
    )
)
_FIND, _TAKE = Prepared(_RENEWABLE), Prepared(_RENEWABLE.with_for_update(of=_FAMILIES))
_GO_ON = (
    update(_FAMILIES)
    .where(_FAMILIES.c.id == bindparam("family"))
    .values(
        auth_time=bindparam("proven"),
        acr=bindparam("class"),
        amr=bindparam("methods"),
        refresh_expires_at=bindparam("until"),
        generation=bindparam("next_generation"),
        rotated_at=bindparam("now"),
    )
)


def in_session(session: Session, sid: SessionId) -> Holder | None:
    """Return whose a session is; none when somebody ended it.

    The session cannot end until this transaction is over: on PostgreSQL by a share lock on its row, on SQLite
    by being the only writer.
    """
    row = _IN_SESSION.row(session, {"sid": sid})
    if row is None:
        return None
    return Holder(person=_as_person(row), authentication=_as_proof(row), confirmation=as_confirmation(row))


def add(session: Session, family: CookieFamily, *, now: datetime) -> None:
    """Begin a cookie session."""
    ADD.run(
        session,
        {
            "id": family.id,
            "client_id": None,
            "user_id": family.person.user_id,
            "sid": family.sid,
            "scope": "",
            "resources": [],
            "claims": {},
            "auth_time": family.authentication.at,
            "acr": family.authentication.acr,
            "amr": list(family.authentication.amr),
            "offline": False,
            "jar": family.jar,
            "exchanged": family.exchanged,
            "seed": family.seed,
            "generation": FIRST_GENERATION,
            "rotated_at": now,
            "refresh_expires_at": family.standing.expires_at,
            "created_at": now,
            "revoked_at": None,
        },
    )


def go_on(session: Session, family: CookieFamily) -> None:
    """Let a cookie session that was taken go on after a new sign-in: its proof, its end, and another generation."""
    values = {
        "family": family.id,
        "proven": family.authentication.at,
        "class": family.authentication.acr,
        "methods": list(family.authentication.amr),
        "until": family.standing.expires_at,
        "next_generation": family.standing.generation,
        "now": family.standing.rotated_at,
    }
    core(session).execute(_GO_ON, values)


def take(session: Session, family_id: FamilyId) -> CookieFamily | None:
    """Return a cookie session that counts, and keep everybody else from it until this transaction is over.

    On PostgreSQL by a lock on its row, on SQLite by being the only writer.
    """
    row = _TAKE.row(session, {"family": family_id})
    return None if row is None else _as_family(row, family_id)


def peek(session: Session, family_id: FamilyId) -> CookieFamily | None:
    """Return the same without keeping anybody from it, for whoever only looks."""
    row = _FIND.row(session, {"family": family_id})
    return None if row is None else _as_family(row, family_id)


def _as_person(row: Any) -> Person:
    return Person(
        user_id=UserId(row.id),
        account=AccountCode(row.account_code),
        roles=tuple(Role(role) for role in row.roles),
        name=row.name,
        email=row.email,
        platform_id=row.bridge_id or row.platform_id,
    )


def _as_proof(row: Any) -> Authentication:
    return Authentication(at=row.auth_time, acr=row.acr, amr=tuple(row.amr))


def _as_family(row: Any, family_id: FamilyId) -> CookieFamily:
    return CookieFamily(
        id=family_id,
        sid=SessionId(row.sid),
        person=_as_person(row),
        authentication=_as_proof(row),
        jar=Jar(row.jar),
        exchanged=row.exchanged,
        seed=row.seed,
        standing=Standing(generation=row.generation, rotated_at=row.rotated_at, expires_at=row.refresh_expires_at),
        confirmation=as_confirmation(row),
    )

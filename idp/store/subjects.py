"""The person a token speaks of, read in one query (a hot path)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from idp.domain.claims_request import ClaimsRequest
from idp.domain.client_words import ClaimsProfile
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.identifiers import AccountCode, ClientId, FamilyId, SessionId, UserId
from idp.domain.roles import Role
from idp.domain.scope import Scope
from idp.store.accounts import Account, AccountEmailDomain
from idp.store.clients import Client
from idp.store.db import table_of
from idp.store.prepared import Prepared
from idp.store.revoked_tokens import RevokedToken
from idp.store.sso_sessions import SsoSession
from idp.store.token_families import TokenFamily
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The person a token speaks of, as the records say now.

    :param account: the account in which they are met; for staff who entered, the customer's.
    :param email_verified: our own mail proved the address, or somebody vouched for it whose account owns its domain
        (CONTRACT §5).
    :param staff: they are one of Deepdesk's own people.
    :param until: from when on they are it no longer, where that is known beforehand.
    """

    user_id: UserId
    account: AccountCode
    roles: tuple[Role, ...]
    email: str | None
    email_verified: bool
    name: str | None
    given_name: str | None
    family_name: str | None
    locale: str | None
    staff: bool = False
    until: datetime | None = None


_ACCOUNTS, _CLIENTS, _DOMAINS = table_of(Account), table_of(Client), table_of(AccountEmailDomain)
_FAMILIES, _REVOKED, _SESSIONS = table_of(TokenFamily), table_of(RevokedToken), table_of(SsoSession)
_USERS = table_of(User)
_OWNED = (
    select(_DOMAINS.c.domain)
    .where(_DOMAINS.c.account_code == _USERS.c.account_code)
    .where(_USERS.c.email_canonical.endswith("@" + _DOMAINS.c.domain))
    .exists()
    .label("domain_owned")
)
SUBJECT = (
    select(
        _USERS.c.id,
        _USERS.c.account_code,
        _USERS.c.roles,
        _USERS.c.email,
        _USERS.c.email_vouched,
        and_(_USERS.c.email_held, _USERS.c.email_proved).label("email_proved"),
        _USERS.c.name,
        _USERS.c.given_name,
        _USERS.c.family_name,
        _USERS.c.locale,
        _OWNED,
    )
    .join(_ACCOUNTS, _ACCOUNTS.c.code == _USERS.c.account_code)
    .where(_USERS.c.enabled.is_(True), _ACCOUNTS.c.enabled.is_(True))
)
"""Every person who counts, with what :func:`as_subject` reads."""
_BY_ID = Prepared(SUBJECT.where(_USERS.c.id == bindparam("user")))
_IN_SESSION = Prepared(
    SUBJECT.add_columns(_SESSIONS.c.expires_at)
    .join(_SESSIONS, _SESSIONS.c.user_id == _USERS.c.id)
    .where(_SESSIONS.c.sid == bindparam("sid"), _SESSIONS.c.ended_at.is_(None))
    .with_for_update(read=True, of=_SESSIONS)
)
_OF_LIVE_FAMILY = Prepared(
    SUBJECT.add_columns(
        _FAMILIES.c.client_id,
        _FAMILIES.c.claims,
        _CLIENTS.c.account_code.label("client_account"),
        _CLIENTS.c.claims_profile,
        _CLIENTS.c.scope.label("registered_scope"),
    )
    .join(_FAMILIES, _FAMILIES.c.user_id == _USERS.c.id)
    .join(_CLIENTS, _CLIENTS.c.client_id == _FAMILIES.c.client_id)
    .where(
        _FAMILIES.c.id == bindparam("family"),
        _FAMILIES.c.revoked_at.is_(None),
        ~select(_REVOKED.c.jti).where(_REVOKED.c.jti == bindparam("jti")).exists(),
    )
)


def find(session: Session, user_id: UserId) -> Subject | None:
    """Return the person for a token's claims; none when they or their account are disabled."""
    row = _BY_ID.row(session, {"user": user_id})
    return None if row is None else as_subject(row)


def in_session(session: Session, sid: SessionId) -> tuple[Subject, datetime] | None:
    """Return the person of an SSO session that nobody ended, and until when it lasts by itself.

    The session cannot end until this transaction is over: on PostgreSQL by a share lock on its row, on SQLite
    by being the only writer.
    """
    row = _IN_SESSION.row(session, {"sid": sid})
    return None if row is None else (as_subject(row), row.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyMember:
    """The person a family speaks of, and the client it was given to.

    :param client_account: the client's account; none for a client without one.
    :param asked: claims that the authorization request asked for singly.
    :param registered: the scopes that the client is registered for.
    """

    subject: Subject
    client_id: ClientId
    client_account: AccountCode | None
    profile: ClaimsProfile
    asked: ClaimsRequest
    registered: tuple[Scope, ...]


def of_live_family(session: Session, family_id: FamilyId, *, jti: str) -> FamilyMember | None:
    """Return the person an access token speaks of, while token, family, person and account count.

    :param jti: the token's; it may have been revoked alone.
    """
    row = _OF_LIVE_FAMILY.row(session, {"family": family_id, "jti": jti})
    if row is None:
        return None
    return FamilyMember(
        subject=as_subject(row),
        client_id=ClientId(row.client_id),
        client_account=None if row.client_account is None else AccountCode(row.client_account),
        profile=ClaimsProfile(row.claims_profile),
        asked=ClaimsRequest.from_json(row.claims),
        registered=tuple(Scope(word) for word in row.registered_scope.split(" ")),
    )


def as_subject(row: Any) -> Subject:
    """Return the person whom a row of :data:`SUBJECT` describes."""
    return Subject(
        user_id=UserId(row.id),
        account=AccountCode(row.account_code),
        roles=tuple(Role(role) for role in row.roles),
        email=row.email,
        email_verified=row.email_proved or (row.email_vouched and row.domain_owned),
        name=row.name,
        given_name=row.given_name,
        family_name=row.family_name,
        locale=row.locale,
        staff=row.account_code == STAFF_ACCOUNT,
    )

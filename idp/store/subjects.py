"""The person a token speaks of, read in one query (a hot path)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.identifiers import AccountCode, ClientId, FamilyId, UserId
from idp.domain.roles import Role
from idp.store.accounts import Account, AccountEmailDomain
from idp.store.clients import Client
from idp.store.token_families import TokenFamily
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The person a token speaks of, as the records say now.

    :param account: the account in which they are met; for staff who entered, the customer's.
    :param email_verified: somebody vouched for the address, and the account owns its domain (CONTRACT §5).
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


_OWNED = (
    select(AccountEmailDomain.domain)
    .where(AccountEmailDomain.account_code == User.account_code)
    .where(User.email_canonical.endswith("@" + AccountEmailDomain.domain))
    .exists()
    .label("domain_owned")
)
_SUBJECT = (
    select(
        User.id,
        User.account_code,
        User.roles,
        User.email,
        User.email_vouched,
        User.name,
        User.given_name,
        User.family_name,
        User.locale,
        _OWNED,
    )
    .join(Account, Account.code == User.account_code)
    .where(User.enabled.is_(True), Account.enabled.is_(True))
)
_OF_LIVE_FAMILY = (
    _SUBJECT.add_columns(TokenFamily.client_id, Client.account_code.label("client_account"))
    .join(TokenFamily, TokenFamily.user_id == User.id)
    .join(Client, Client.client_id == TokenFamily.client_id)
    .where(TokenFamily.revoked_at.is_(None))
)


def find(session: Session, user_id: UserId) -> Subject | None:
    """Return the person for a token's claims; none when they or their account are disabled."""
    row = session.execute(_SUBJECT.where(User.id == user_id)).one_or_none()
    return None if row is None else _as_subject(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyMember:
    """The person a family speaks of, and the client it was given to.

    :param client_account: the client's account; none for a client without one.
    """

    subject: Subject
    client_id: ClientId
    client_account: AccountCode | None


def of_live_family(session: Session, family_id: FamilyId) -> FamilyMember | None:
    """Return the person a family speaks of, while the family, the person and their account count."""
    row = session.execute(_OF_LIVE_FAMILY.where(TokenFamily.id == family_id)).one_or_none()
    if row is None:
        return None
    return FamilyMember(
        subject=_as_subject(row),
        client_id=ClientId(row.client_id),
        client_account=None if row.client_account is None else AccountCode(row.client_account),
    )


def _as_subject(row: Row[*tuple[Any, ...]]) -> Subject:
    return Subject(
        user_id=UserId(row.id),
        account=AccountCode(row.account_code),
        roles=tuple(Role(role) for role in row.roles),
        email=row.email,
        email_verified=row.email_vouched and row.domain_owned,
        name=row.name,
        given_name=row.given_name,
        family_name=row.family_name,
        locale=row.locale,
        staff=row.account_code == STAFF_ACCOUNT,
    )

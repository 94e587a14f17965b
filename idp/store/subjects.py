"""The person a token speaks of, read in one query (a hot path)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from idp.domain.identifiers import AccountCode, FamilyId, UserId
from idp.domain.roles import Role
from idp.store.accounts import Account, AccountEmailDomain
from idp.store.token_families import TokenFamily
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The person a token speaks of, as the records say now.

    :param email_verified: somebody vouched for the address, and the account owns its domain (CONTRACT §5).
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
_OF_LIVE_FAMILY = _SUBJECT.join(TokenFamily, TokenFamily.user_id == User.id).where(TokenFamily.revoked_at.is_(None))


def find(session: Session, user_id: UserId) -> Subject | None:
    """Return the person for a token's claims; none when they or their account are disabled."""
    row = session.execute(_SUBJECT.where(User.id == user_id)).one_or_none()
    return None if row is None else _as_subject(row)


def of_live_family(session: Session, family_id: FamilyId) -> Subject | None:
    """Return the person a family speaks of, while the family, the person and the account count."""
    row = session.execute(_OF_LIVE_FAMILY.where(TokenFamily.id == family_id)).one_or_none()
    return None if row is None else _as_subject(row)


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
    )

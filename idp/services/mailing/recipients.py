"""Who is told what an account's managers have to know, and in which language."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.roles import Role
from idp.domain.staff import entry_into
from idp.store import accounts, staff_grants, user_terms, users
from idp.store.users import User

DEFAULT_LANGUAGE = "en"


def managers(session: Session, account: AccountCode) -> Sequence[User]:
    """Return the managers of an account who can be mailed."""
    return _mailable(user_terms.with_role(session, account, Role.MANAGER))


def deputies(session: Session, account: AccountCode) -> Sequence[User]:
    """Return the deputies of an account who can be mailed."""
    found = accounts.find(session, account)
    named = [users.get(session, UserId(row.user_id)) for row in found.deputies] if found else []
    return _mailable([user for user in named if user is not None and user.enabled])


def staff(session: Session, account: AccountCode, *, context: Context) -> Sequence[User]:
    """Return the staff who may manage an account and can be mailed."""
    return _mailable(
        [
            user
            for user in users.of_account(session, AccountCode(STAFF_ACCOUNT))
            if user.enabled and _manages(session, user, account, context)
        ]
    )


def language_of(user: User) -> str:
    """Return in which language somebody is written to: the one they chose, else the one their upstream says."""
    return (user.language or user.locale or DEFAULT_LANGUAGE).replace("_", "-").partition("-")[0].lower()


def _manages(session: Session, user: User, account: AccountCode, context: Context) -> bool:
    grants = [row.as_grant() for row in staff_grants.of_user(session, UserId(user.id))]
    entry = entry_into(account, grants, now=context.now)
    return entry is not None and Role.MANAGER in entry.roles


def _mailable(people: Sequence[User]) -> Sequence[User]:
    """Leave out addresses that are for display only: nobody vouched for them (CONTRACT §6 rule 6)."""
    return [user for user in people if user.email and user.email_held]

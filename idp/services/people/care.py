"""What is looked at before somebody changes a person in a page or by a program: who they saw, and that a manager stays.

An operator on the command line takes no such care: they mend what others cannot.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy.orm import Session

from idp.domain.errors import ChangedMeanwhile, DecisionNotYours, LastManager
from idp.domain.identifiers import AccountCode
from idp.domain.roles import Role, outranks
from idp.store import user_terms, users
from idp.store.account_turns import take_turns
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """In whose name a person is changed, and as whom they were seen.

    :param seen: the version that was looked at (:func:`version_of`); none where nobody looked.
    :param highest: the highest role of whoever changes them: they neither give nor take a higher one.
    """

    seen: str | None
    highest: Role


def version_of(user: User) -> str:
    """Return what changes with everything about a person that can be changed here; 16 hexadecimal digits."""
    said = [user.id, user.roles, user.enabled, user.name, user.email, user.platform_id, str(user.roles_set_at)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def take(session: Session, user: User, care: Care | None, *, roles: tuple[Role, ...] | None) -> None:
    """Look before a person is changed, within the caller's transaction; nobody else changes managers until it ends.

    :param roles: what they become; none where they go, or are kept out.
    :raises ChangedMeanwhile: they are not as they were seen.
    :raises DecisionNotYours: a role is above that of whoever changes them.
    :raises LastManager: nobody would be left to manage the account.
    """
    if care is None:
        return
    account = AccountCode(user.account_code)
    take_turns(session, account)
    users.hold(session, user)
    if care.seen not in {None, version_of(user)}:
        raise ChangedMeanwhile
    concerned = (*(Role(role) for role in user.roles), *(roles or ()))
    if any(outranks(role, care.highest) for role in concerned):
        raise DecisionNotYours("a role above your own")
    stays = user.enabled and roles is not None and Role.MANAGER in roles
    if Role.MANAGER in user.roles and user.enabled and not stays:
        others = [one for one in user_terms.with_role(session, account, Role.MANAGER) if one.id != user.id]
        if not others:
            raise LastManager

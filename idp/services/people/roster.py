"""An account's people as those see them who look after it: a list, a search, one person with all about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import NotFound
from idp.domain.identifiers import AccountCode, SessionId, UserId
from idp.domain.roles import Role
from idp.services.parts import Parts
from idp.services.people import users as registry
from idp.services.people.care import version_of
from idp.services.people.users import Shown
from idp.services.registry import accounts
from idp.services.sign_in import magic_link
from idp.store import services_in_use, sessions_of_people, user_terms, users
from idp.store.sessions_of_people import SessionOfUser
from idp.store.unit_of_work import reading
from idp.store.user_terms import Position, Sought
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some people, in the order of their names; of a search by words, in that of the words found.

    :param next: from where the next page goes on; none at the end.
    """

    people: Sequence[User]
    next: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person with what they have open.

    :param version: what a change of them names, so that it changes whom its sender saw.
    :param sessions: the latest first.
    :param services: names of those that were reached through each session.
    """

    shown: Shown
    version: str
    sessions: Sequence[SessionOfUser]
    services: Mapping[SessionId, tuple[str, ...]]


def page(
    account: AccountCode,
    *,
    text: str = "",
    role: Role | None = None,
    disabled: bool = False,
    after: Position | None = None,
    most: int,
) -> Page:
    """Return people of an account; costs the same however many there are.

    :param text: words; each begins a word of the name, the address or the platform id.
    :param after: where the page before ended.
    :param most: how many people at most.
    """
    sought = Sought(words=user_terms.words_of(text), role=role, disabled=disabled)
    if text.strip() and not sought.words:
        return Page(people=(), next=None)
    with reading() as session:
        found = user_terms.page(session, account, sought, after=after, most=most + 1)
    shown = found[:most]
    return Page(people=[user for _, user in shown], next=shown[-1][0] if len(found) > most else None)


def person(account: AccountCode, user_id: str, *, context: Context) -> Person:
    """Return one person of an account.

    :raises NotFound: there is nobody of that id in this account.
    """
    shown = registry.show(user_id, account=account)
    if shown.user.id != user_id:
        raise NotFound("there is no such person")
    with reading() as session:
        sessions = sessions_of_people.of_user(session, UserId(user_id), now=context.now)
        reached = services_in_use.of_sessions(session, [one.sid for one in sessions])
    return Person(shown=shown, version=version_of(shown.user), sessions=sessions, services=reached)


def known(account: AccountCode, ids: Collection[str]) -> Mapping[str, User]:
    """Return whoever has one of these ids: people of the account, and staff, who may have acted there."""
    with reading() as session:
        return {user.id: user for user in users.of_ids(session, [account, AccountCode(STAFF_ACCOUNT)], set(ids))}


def can_invite(account: AccountCode, parts: Parts) -> bool:
    """Say whether a mail can let somebody new into an account.

    :raises NotFound: there is no such account.
    """
    with reading() as session:
        return magic_link.is_offered(accounts.require(session, account), parts)

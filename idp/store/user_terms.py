"""By what people are found and in which order they are listed: rows of text beside each user, kept with them.

Every list and search of an account's people is one range of one index, so it
costs the same with a hundred people and with a hundred thousand. Searching
inside of names by ``LIKE`` would read them all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, ForeignKey, Index, String, delete, event, exists, func, insert, select, tuple_
from sqlalchemy.orm import Mapped, Mapper, Session, aliased, mapped_column
from sqlalchemy.orm.attributes import get_history
from sqlalchemy.sql import ColumnElement

from idp.domain.identifiers import AccountCode
from idp.domain.roles import Role
from idp.store.db import Base, core
from idp.store.users import User

MAX_WORD = 64
MAX_SORT = 120
MAX_WORDS = 24
"""Of one person; and of one search."""
FREQUENT = 1000
"""So many terms are too many to lead a search where another condition has fewer."""
_LAST = "\U0010ffff"
"""No text that is compared contains it, so all that begin alike stand before it."""
_WORD, _NAME, _ROLE, _DISABLED = "w:", "n:", "r:", "d:"
_SEPARATORS = re.compile(r"[\W_]+")
_WATCHED = ("email", "name", "given_name", "family_name", "platform_id", "roles", "enabled", "account_code")
_TEXT = String(200).with_variant(String(200, collation="C"), "postgresql")
"""Compared byte by byte: a range of beginnings is one only without a language's rules."""


class UserTerm(Base):
    """One word of a person's name, address or platform id, or one place of theirs in a list."""

    __tablename__ = "user_terms"
    __table_args__ = (Index("ix_user_terms_found", "account_code", "term", "user_id"),)

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    term: Mapped[str] = mapped_column(_TEXT, primary_key=True)
    account_code: Mapped[str] = mapped_column(String(63))


class Position(NamedTuple):
    """Where a page of a list ended."""

    term: str
    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Who is sought.

    :param words: beginnings of words of theirs, each of which one begins with; as :func:`words_of` gives them.
    :param role: one of their roles.
    :param disabled: only those who are kept out.
    """

    words: tuple[str, ...] = ()
    role: Role | None = None
    disabled: bool = False


def folded(text: str) -> str:
    """Return a text as it is compared: without case, accents and doubled spaces."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(plain.replace("\0", " ").replace(_LAST, " ").split())


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a search or a name, folded, each once."""
    found = (word[:MAX_WORD] for word in _SEPARATORS.split(folded(text)) if word)
    return tuple(dict.fromkeys(found))[:MAX_WORDS]


def terms_of(user: User) -> set[str]:
    """Return all terms of a person."""
    place = folded(user.name or user.email or user.platform_id or "")[:MAX_SORT]
    named = " ".join(part for part in (user.name, user.given_name, user.family_name, user.platform_id) if part)
    words = dict.fromkeys((*words_of(user.email or ""), *words_of(named)))
    terms = {f"{_WORD}{word}" for word in words} | {f"{_NAME}{place}"}
    terms |= {f"{_ROLE}{role}:{place}" for role in user.roles}
    return terms if user.enabled else terms | {f"{_DISABLED}{place}"}


def page(
    session: Session, account: AccountCode, sought: Sought, *, after: Position | None, most: int
) -> Sequence[tuple[Position, User]]:
    """Return people of an account from a position on, in the order of their names; in a search of the word found.

    Each is returned once over all pages.
    """
    first, others = _conditions(session, account, sought, after)
    query = (
        select(UserTerm.term, User)
        .join(User, User.id == UserTerm.user_id)
        .where(UserTerm.account_code == account, *_range(UserTerm.term, first))
        .order_by(UserTerm.term, UserTerm.user_id)
        .limit(most)
    )
    for other in others:
        query = query.where(_has(other))
    if first.startswith(_WORD):
        query = query.where(~_has(first, before=UserTerm.term))
    if after is not None:
        query = query.where(tuple_(UserTerm.term, UserTerm.user_id) > tuple_(after.term, after.user_id))
    return [(Position(term, user.id), user) for term, user in session.execute(query)]


def unlisted(session: Session, *, most: int) -> Sequence[User]:
    """Return people who have no terms: a process of the release before these terms made them."""
    query = select(User).where(~exists().where(UserTerm.user_id == User.id))
    return session.scalars(query.order_by(User.id).limit(most)).all()


def enlist(session: Session, user: User) -> None:
    """Give somebody their terms, who has none."""
    _write(core(session), user, terms_of(user))


def with_role(session: Session, account: AccountCode, role: Role) -> Sequence[User]:
    """Return the enabled users of an account who have a role, by address."""
    query = (
        select(User)
        .join(UserTerm, UserTerm.user_id == User.id)
        .where(UserTerm.account_code == account, *_range(UserTerm.term, f"{_ROLE}{role}:"), User.enabled.is_(True))
    )
    # What the row says counts: a process of an older release may have changed it past the terms.
    found = [user for user in session.scalars(query) if role in user.roles]
    return sorted(found, key=lambda user: (user.email_canonical or "", user.id))


def _conditions(
    session: Session, account: AccountCode, sought: Sought, after: Position | None
) -> tuple[str, list[str]]:
    """Return the beginning of a term that leads the search, and those that have to be there besides.

    What the fewest people have leads: the others are then looked for beside few terms. Once it led a page it leads
    the next ones, too, whoever came in between.
    """
    wanted = [f"{_WORD}{word}" for word in sought.words]
    wanted += [] if sought.role is None else [f"{_ROLE}{sought.role}:"]
    wanted += [_DISABLED] if sought.disabled else []
    if len(wanted) > 1:
        led = after.term if after else ""
        wanted.sort(key=lambda one: (not led.startswith(one), _frequency(session, account, one)))
    first, *others = wanted or [_NAME]
    return first, others


def _frequency(session: Session, account: AccountCode, beginning: str) -> int:
    """Count the terms that begin so, as far as it matters."""
    some = (
        select(UserTerm.user_id)
        .where(UserTerm.account_code == account, *_range(UserTerm.term, beginning))
        .limit(FREQUENT)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(some)) or 0


def _range(column: Any, beginning: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return column >= beginning, column < f"{beginning}{_LAST}"


def _has(beginning: str, *, before: Any = None) -> ColumnElement[bool]:
    """Say that the same person has a term that begins so."""
    other = aliased(UserTerm)
    condition = exists().where(other.user_id == UserTerm.user_id, *_range(other.term, beginning))
    return condition if before is None else condition.where(other.term < before)


def _write(connection: Connection, user: User, terms: Iterable[str]) -> None:
    rows = [{"user_id": user.id, "term": term, "account_code": user.account_code} for term in sorted(terms)]
    connection.execute(insert(UserTerm), rows)


@event.listens_for(User, "after_insert")
def _add_terms(_mapper: Mapper[User], connection: Connection, user: User) -> None:
    _write(connection, user, terms_of(user))


@event.listens_for(User, "after_update")
def _renew_terms(_mapper: Mapper[User], connection: Connection, user: User) -> None:
    if any(get_history(user, name).has_changes() for name in _WATCHED):
        connection.execute(delete(UserTerm).where(UserTerm.user_id == user.id))
        _write(connection, user, terms_of(user))

"""Users from a CSV file: all of them, or none when anything is wrong (CONTRACT §2: users import)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp.domain.context import Context
from idp.domain.errors import DomainError, Invalid
from idp.domain.identifiers import AccountCode
from idp.domain.new_user import NewUser
from idp.services.mailing import notices
from idp.services.parts import Parts
from idp.services.people import users as people
from idp.services.registry import accounts
from idp.store import users
from idp.store.unit_of_work import unit_of_work
from idp.store.users import User

HEADER = ("email", "name", "roles", "platform_id")
MAX_PROBLEMS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of the rows.

    :param present: addresses that somebody of the account has already; they stay as they are.
    """

    made: int
    present: Sequence[str]


def parse(text: str) -> Sequence[tuple[int, NewUser]]:
    """Read a CSV document with the header ``email,name,roles,platform_id``; roles are separated by spaces.

    :returns: each user with the number of its line.
    :raises Invalid: every problem, with the number of its line.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    parsed: list[tuple[int, NewUser]] = []
    problems: list[str] = []
    try:
        header = tuple(cell.strip() for cell in next(reader, ()))
        if header != HEADER:
            raise Invalid(f"line 1 must be: {','.join(HEADER)}")
        for row in reader:
            _read(row, reader.line_num, parsed, problems)
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}")
    problems += _doubles(parsed)
    if problems:
        raise _too_many(problems)
    return parsed


def load(
    account: str,
    rows: Sequence[tuple[int, NewUser]],
    *,
    only_check: bool,
    progress: Callable[[], object],
    parts: Parts,
    context: Context,
) -> Imported:
    """Make the users in one transaction. Managers are told in one mail of those above agent.

    :param only_check: find every problem, and change nothing.
    :param progress: called after each row.
    :raises NotFound: there is no such account.
    :raises Invalid: every problem, with the number of its line; nothing was changed.
    """
    try:
        return _load(account, rows, only_check, progress, parts, context)
    except IntegrityError:
        raise Invalid(
            "somebody else made one of these users at the same moment; nothing was changed, try again"
        ) from None


def _load(
    account: str,
    rows: Sequence[tuple[int, NewUser]],
    only_check: bool,
    progress: Callable[[], object],
    parts: Parts,
    context: Context,
) -> Imported:
    made: list[User] = []
    present: list[str] = []
    problems: list[str] = []
    with unit_of_work() as session:
        accounts.require(session, account)
        for line, new in rows:
            problem = _make(session, AccountCode(account), new, made, present, context)
            if problem is not None:
                problems.append(f"line {line}: {problem}")
            progress()
        if problems:
            raise _too_many(problems)
        if only_check:
            session.rollback()
        else:
            more = [notices.raised(user, ()) for user in made]
            notices.tell_of_raised(session, AccountCode(account), more, parts=parts, context=context)
    return Imported(made=len(rows) - len(present), present=present)


def _read(row: list[str], line: int, parsed: list[tuple[int, NewUser]], problems: list[str]) -> None:
    if not any(cell.strip() for cell in row):
        return
    if len(row) != len(HEADER):
        problems.append(f"line {line}: {len(row)} values instead of {len(HEADER)}")
        return
    email, name, roles, platform_id = (cell.strip() for cell in row)
    try:
        parsed.append((line, NewUser.parse(email, name=name, roles=roles.split(), platform_id=platform_id)))
    except Invalid as invalid:
        problems.extend(f"line {line}: {problem}" for problem in invalid.problems)


def _doubles(parsed: Sequence[tuple[int, NewUser]]) -> Iterator[str]:
    seen: dict[tuple[str, str | None], int] = {}
    for line, new in parsed:
        for what, key in (("address", new.address.canonical), ("platform id", new.platform_id)):
            first = seen.setdefault((what, key), line)
            if key and first != line:
                yield f"line {line}: the same {what} as in line {first}"


def _make(
    session: Session, account: AccountCode, new: NewUser, made: list[User], present: list[str], context: Context
) -> str | None:
    """Make one user unless the address is somebody's; return what is wrong, or none."""
    holder = users.holder_of_address(session, account, new.address.canonical)
    if holder is not None:
        present.append(new.address.given)
        if new.platform_id and holder.platform_id not in {None, new.platform_id}:
            return f"{new.address.given} has the platform id {holder.platform_id!r} already"
        return None
    try:
        made.append(people.add(session, account, new, context=context))
        session.flush()
    except DomainError as refused:
        return str(refused)
    return None


def _too_many(problems: list[str]) -> Invalid:
    shown = problems[:MAX_PROBLEMS]
    if len(problems) > MAX_PROBLEMS:
        shown.append(f"and {len(problems) - MAX_PROBLEMS} more")
    return Invalid(*shown)

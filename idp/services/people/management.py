"""Who manages an account in its pages: its managers, deputies, and staff who chose to enter (CONTRACT §6 rule 11).

Only an SSO session counts, which no bridge gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import StaffManages
from idp.domain.access_requests import Decider, Standing, decider
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import NotAdmitted, NotFound, Refusal
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.roles import Role
from idp.domain.staff import Entry, covers, entry_into
from idp.services.people.deciding import Authority
from idp.store import accounts, management_entries, staff_grants, users
from idp.store.accounts import Account
from idp.store.sso_sessions import LiveSession
from idp.store.unit_of_work import reading, unit_of_work


@dataclass(frozen=True, slots=True, kw_only=True)
class Managing:
    """Somebody who may look after an account.

    :param staff: they are one of Deepdesk's own people.
    """

    person: LiveSession
    account: AccountCode
    account_name: str
    authority: Authority
    staff: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MustEnter:
    """A staff member who may, and has not said so yet.

    :param until: when the grant ends; none for no end.
    """

    person: LiveSession
    account: AccountCode
    account_name: str
    roles: tuple[Role, ...]
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotManaging:
    """Somebody is signed in, and looks after nothing here.

    :param person: the latest to sign in.
    """

    person: LiveSession


def of(
    sessions: Sequence[LiveSession], account: str | None, *, context: Context
) -> Managing | MustEnter | NotManaging | None:
    """Say whether the people of a browser may look after an account.

    :param sessions: the browser's live ones, the latest sign-in first.
    :param account: which; none for that of the latest session.
    :returns: none where nobody is signed in who could.
    :raises NotFound: there is no such account.
    """
    if not sessions:
        return None
    code = AccountCode(account or sessions[0].account_code)
    own = next((one for one in sessions if one.account_code == code), None)
    guest = next((one for one in sessions if one.account_code == STAFF_ACCOUNT), None)
    with reading() as session:
        found = accounts.find(session, code)
        if found is None:
            raise NotFound("there is no such account")
        mine = _own(session, found, own) if own is not None and code != STAFF_ACCOUNT else None
        if isinstance(mine, Managing):
            return mine
        if guest is not None and code != STAFF_ACCOUNT:
            return _guest(session, found, guest, context)
        if mine is not None:
            return mine
    present = own or guest
    return None if present is None else NotManaging(person=present)


def enter(guest: MustEnter, *, context: Context) -> None:
    """Remember that a staff member chose to enter, for this session; the customer's audit shows it.

    :raises NotAdmitted: no grant of theirs opens the account any more.
    """
    with unit_of_work() as session:
        entry = _entry(session, guest.person, guest.account, context)
        if entry is None:
            raise NotAdmitted(Refusal.NO_GRANT, account=guest.account)
        management_entries.add(session, guest.person.sid, guest.account, entry.roles, now=context.now)
        event = StaffManages(
            account=guest.account, user=guest.person.user_id, roles=[role.value for role in entry.roles]
        )
        trail.record(session, event, context)


def _own(session: Session, account: Account, person: LiveSession) -> Managing | NotManaging:
    user = users.get(session, person.user_id)
    is_deputy = any(row.user_id == person.user_id for row in account.deputies)
    roles = [Role(role) for role in user.roles] if user else []
    return _managing(account, person, decider(roles, is_deputy=is_deputy), staff=False)


def _guest(
    session: Session, account: Account, person: LiveSession, context: Context
) -> Managing | MustEnter | NotManaging:
    code = AccountCode(account.code)
    entry = _entry(session, person, code, context)
    if entry is None or Role.MANAGER not in entry.roles:
        return NotManaging(person=person)
    if not covers(management_entries.entered_as(session, person.sid, code), entry.roles):
        return MustEnter(person=person, account=code, account_name=account.name, roles=entry.roles, until=entry.until)
    return _managing(account, person, decider(entry.roles, is_deputy=False), staff=True)


def _managing(account: Account, person: LiveSession, deciding: Decider, *, staff: bool) -> Managing | NotManaging:
    if deciding.standing is Standing.NOBODY:
        return NotManaging(person=person)
    code = AccountCode(account.code)
    return Managing(
        person=person,
        account=code,
        account_name=account.name,
        authority=Authority(account=code, decider=deciding),
        staff=staff,
    )


def _entry(session: Session, person: LiveSession, account: AccountCode, context: Context) -> Entry | None:
    grants = [row.as_grant() for row in staff_grants.of_user(session, UserId(person.user_id))]
    return entry_into(account, grants, now=context.now)

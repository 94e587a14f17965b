"""Who manages an account in its pages: its managers, deputies, and staff who chose to enter (CONTRACT §6 rule 11).

Only an SSO session counts, which no bridge gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import PermissionDenied, StaffManages
from idp.domain.access_requests import Decider, Standing, decider
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import NotAdmitted, NotFound, PermissionMissing, ProofTooOld, Refusal
from idp.domain.guarding import Guard
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.roles import DEPUTY, ENTERED_STAFF, Permission, Role, expanded, permissions_of
from idp.domain.staff import Entry, covers, entry_into
from idp.services.mailing import notices
from idp.services.parts import Parts
from idp.services.people.deciding import Authority
from idp.store import accounts, management_entries, staff_grants, users
from idp.store.accounts import Account
from idp.store.sso_sessions import LiveSession
from idp.store.unit_of_work import reading, unit_of_work


@dataclass(frozen=True, slots=True, kw_only=True)
class Managing:
    """Somebody who may look after an account.

    :param auth_time: when they last proved who they are.
    :param session: the one in which they do; none where a service does it in their name.
    :param staff: they are one of Deepdesk's own people.
    :param permissions: what they may do there.
    """

    user_id: UserId
    auth_time: datetime
    session: LiveSession | None
    account: AccountCode
    account_name: str
    authority: Authority
    staff: bool
    permissions: frozenset[Permission]

    @property
    def person(self) -> LiveSession:
        """The person of the browser's session; pages are for nobody else.

        :raises ValueError: a service acts in their name.
        """
        if self.session is None:
            raise ValueError("nobody looks at a page here")
        return self.session

    def may(self, permission: str) -> bool:
        """Say whether they may do something."""
        return permission in self.permissions


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


def enter(guest: MustEnter, *, parts: Parts, context: Context) -> None:
    """Remember that a staff member chose to enter, for this session; the customer's audit shows it.

    The first time that they enter the account, its managers are told.

    :raises NotAdmitted: no grant of theirs opens the account any more.
    """
    with unit_of_work() as session:
        entry = _entry(session, guest.person, guest.account, context)
        if entry is None:
            raise NotAdmitted(Refusal.NO_GRANT, account=guest.account)
        # First: whoever ends all that somebody has open holds the person, and then their sessions.
        user_id = guest.person.user_id
        notices.tell_of_staff(session, guest.account, user_id, entry.roles, None, parts=parts, context=context)
        management_entries.add(session, guest.person.sid, guest.account, entry.roles, now=context.now)
        event = StaffManages(account=guest.account, user=user_id, roles=[role.value for role in entry.roles])
        trail.record(session, event, context)


def _own(session: Session, account: Account, person: LiveSession) -> Managing | NotManaging:
    user = users.get(session, person.user_id)
    is_deputy = any(row.user_id == person.user_id for row in account.deputies)
    roles = [Role(role) for role in user.roles] if user else []
    found = managing(account, person.user_id, decider(roles, is_deputy=is_deputy), person, auth_time=None, staff=False)
    return found or NotManaging(person=person)


def _guest(
    session: Session, account: Account, person: LiveSession, context: Context
) -> Managing | MustEnter | NotManaging:
    code = AccountCode(account.code)
    entry = _entry(session, person, code, context)
    if entry is None or Role.MANAGER not in entry.roles:
        return NotManaging(person=person)
    if not covers(management_entries.entered_as(session, person.sid, code), entry.roles):
        return MustEnter(person=person, account=code, account_name=account.name, roles=entry.roles, until=entry.until)
    entered = decider(entry.roles, is_deputy=False)
    found = managing(account, person.user_id, entered, person, auth_time=None, staff=True)
    return found or NotManaging(person=person)


def managing(
    account: Account,
    user_id: UserId,
    deciding: Decider,
    person: LiveSession | None,
    *,
    auth_time: datetime | None,
    staff: bool,
) -> Managing | None:
    """Return somebody as they look after an account; none where they do not.

    :param auth_time: none for that of the session.
    """
    proven = auth_time or (person.authentication.at if person else None)
    if deciding.standing is Standing.NOBODY or proven is None:
        return None
    code = AccountCode(account.code)
    return Managing(
        user_id=user_id,
        auth_time=proven,
        session=person,
        account=code,
        account_name=account.name,
        authority=Authority(account=code, decider=deciding),
        staff=staff,
        permissions=_permissions(deciding, staff=staff),
    )


def admit(who: Managing, guard: Guard, *, context: Context) -> None:
    """Let somebody do what a guard stands before; a refusal for want of a permission is on record.

    :raises PermissionMissing: they may not.
    :raises ProofTooOld: they have to prove first who they are.
    """
    if guard.permission not in who.permissions:
        note_denial(who.account, who.user_id, guard.permission, context=context)
        raise PermissionMissing(guard.permission)
    if guard.wants_proof(who.auth_time, now=context.now):
        raise ProofTooOld


def note_denial(account: AccountCode, user_id: UserId, permission: Permission, *, context: Context) -> None:
    """Put on record that somebody tried what they may not do."""
    with unit_of_work() as session:
        event = PermissionDenied(account=account, user=user_id, permission=permission, outcome="denied")
        trail.record(session, event, context)


def _permissions(deciding: Decider, *, staff: bool) -> frozenset[Permission]:
    own = permissions_of(deciding.roles)
    if deciding.standing is Standing.DEPUTY:
        return frozenset((*own, *expanded(DEPUTY.grants)))
    return frozenset((*own, *expanded(ENTERED_STAFF.grants)) if staff else own)


def _entry(session: Session, person: LiveSession, account: AccountCode, context: Context) -> Entry | None:
    grants = [row.as_grant() for row in staff_grants.of_user(session, UserId(person.user_id))]
    return entry_into(account, grants, now=context.now)

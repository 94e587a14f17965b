"""Choosing to enter a customer's account as staff (CONTRACT §6 rule 8, PAGES: Enter as staff)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from idp.audit import trail
from idp.audit.events import StaffEntered, StaffRefused
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import NotAdmitted, Refusal, RequestNotParked
from idp.domain.identifiers import AccountCode
from idp.domain.roles import Role
from idp.domain.staff import entry_into
from idp.services.mailing import notices
from idp.services.oauth import authorize
from idp.services.parts import Parts
from idp.services.registry import clients
from idp.store import accounts, staff_entries, staff_grants
from idp.store.sso_sessions import LiveSession
from idp.store.unit_of_work import reading, unit_of_work

_NO_GRANT = Refusal.NO_GRANT.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What a staff member is about to enter.

    :param until: when the grant ends; none for no end.
    :param redirect_uri: the client's address, to which entering leads.
    """

    account: AccountCode
    account_name: str
    service_name: str
    person: LiveSession
    roles: tuple[Role, ...]
    until: datetime | None
    redirect_uri: str


def invitation(parked_id: str, *, browser: str, person: LiveSession, context: Context) -> Invitation:
    """Return what the waiting request would let a staff member enter.

    :raises RequestNotParked: nothing waits for this browser, or not for staff.
    :raises NotAdmitted: no grant of theirs opens the account.
    """
    waiting = authorize.waiting(parked_id, browser=browser, context=context)
    client = clients.find(waiting.client_id, context=context)
    if client is None or client.account is None or not client.is_entered_by_staff:
        raise RequestNotParked
    with reading() as session:
        account = accounts.find(session, client.account)
        grants = [row.as_grant() for row in staff_grants.of_user(session, person.user_id)]
    if account is None:
        raise RequestNotParked
    if not account.enabled:
        raise NotAdmitted(Refusal.ACCOUNT_DISABLED, account=account.code)
    entry = entry_into(client.account, grants, now=context.now)
    if entry is None:
        with unit_of_work() as session:
            refused = StaffRefused(
                account=account.code, user=person.user_id, client=client.client_id, outcome=_NO_GRANT
            )
            trail.record(session, refused, context)
        raise NotAdmitted(Refusal.NO_GRANT, account=account.code)
    return Invitation(
        account=client.account,
        account_name=account.name,
        service_name=client.metadata.client_name,
        person=person,
        roles=entry.roles,
        until=entry.until,
        redirect_uri=waiting.redirect_uri,
    )


def enter(parked_id: str, *, browser: str, person: LiveSession, parts: Parts, context: Context) -> None:
    """Remember that a staff member chose to enter, for this session and client; the customer's audit shows it.

    The first time that they enter the account, its managers are told.

    :raises RequestNotParked: as for :func:`invitation`.
    :raises NotAdmitted: as for :func:`invitation`.
    """
    invited = invitation(parked_id, browser=browser, person=person, context=context)
    client_id = authorize.waiting(parked_id, browser=browser, context=context).client_id
    with unit_of_work() as session:
        notices.tell_of_staff(
            session,
            invited.account,
            person.user_id,
            invited.roles,
            invited.service_name,
            parts=parts,
            context=context,
        )
        staff_entries.add(session, person.sid, client_id, invited.roles, now=context.now)
        event = StaffEntered(
            account=invited.account, user=person.user_id, client=client_id, roles=[role.value for role in invited.roles]
        )
        trail.record(session, event, context)


def staff_among(sessions: Sequence[LiveSession]) -> LiveSession | None:
    """Return the staff session of a browser, if it has one."""
    return next((one for one in sessions if one.account_code == STAFF_ACCOUNT), None)

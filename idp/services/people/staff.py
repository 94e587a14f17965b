"""Staff grants: which accounts a staff member may enter, as what, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import StaffGranted, StaffRevoked
from idp.domain.addresses import Address, parse_address
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import DecisionNotYours, Invalid, NotFound
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.roles import Role, highest_first, outranks
from idp.domain.secrets import new_identifier
from idp.services.registry import accounts
from idp.services.sessions import ending
from idp.store import management_entries, providers, staff_entries, staff_grants, users
from idp.store.staff_grants import StaffGrant
from idp.store.unit_of_work import reading, unit_of_work

MAX_REASON_LENGTH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantTerms:
    """On which terms somebody may enter.

    :param until: aware; the first moment at which they may no longer; none for no end.
    """

    roles: tuple[Role, ...]
    until: datetime | None = None
    reason: str | None = None

    def check(self, now: datetime) -> None:
        """Check the terms.

        :raises Invalid: every problem, one sentence each.
        """
        problems = [] if self.roles else ["give at least one --role: as what they may enter"]
        if self.until is not None and self.until <= now:
            problems.append("--until has passed already")
        if self.reason is not None and (len(self.reason) > MAX_REASON_LENGTH or not self.reason.isprintable()):
            problems.append(f"--reason must have at most {MAX_REASON_LENGTH} printable characters")
        if problems:
            raise Invalid(*problems)


def grant(email: str, into: Sequence[str] | None, terms: GrantTerms, *, context: Context) -> Sequence[StaffGrant]:
    """Let a staff member enter accounts; what they had for the same accounts is replaced.

    :param email: names the person until their first sign-in; after that the grant is the user's.
    :param into: codes of accounts; none means every account.
    :raises NotFound: there is no such account.
    :raises Invalid: every problem of address and terms.
    """
    terms.check(context.now)
    address = _address(email)
    with unit_of_work() as session:
        codes = _codes(session, into)
        user = users.holder_of_address(session, AccountCode(STAFF_ACCOUNT), address.canonical)
        # An address that an operator gave is nobody's yet: its grants wait for the sign-in that proves it.
        user_id = UserId(user.id) if user is not None and user.email_vouched else None
        present = staff_grants.of_person(session, user_id=user_id, canonical=address.canonical)
        _end(session, [row for row in present if row.account_code in codes], context, quietly=True)
        return [_add(session, address, user_id, code, terms, context) for code in codes]


def pass_on(email: str, account: AccountCode, terms: GrantTerms, *, by: UserId, context: Context) -> StaffGrant:
    """Let a staff member enter an account, in the name of another who may: neither as more, nor for longer.

    :param by: who passes on what they may; without an end, the grant ends when theirs does.
    :raises DecisionNotYours: a role is above what they are there.
    :raises Invalid: as for :func:`grant`; or it would outlast theirs.
    """
    terms.check(context.now)
    highest = highest_first(terms.roles)[0]
    with reading() as session:
        held = [row.as_grant() for row in staff_grants.of_user(session, by)]
    opening = [one for one in held if one.opens(account, now=context.now)]
    ends = [one.until for one in opening if not outranks(highest, highest_first(one.roles)[0])]
    if not ends:
        raise DecisionNotYours("a role above their own")
    last = max((end for end in ends if end is not None), default=None)
    if None in ends or last is None:
        return grant(email, [account], terms, context=context)[0]
    if terms.until is not None and terms.until > last:
        raise Invalid(f"--until must not be later than your own grant's end, {last:%Y-%m-%d %H:%M} UTC")
    return grant(email, [account], replace(terms, until=terms.until or last), context=context)[0]


def end(grant_id: str, *, context: Context) -> None:
    """End one grant and all that is open through it.

    :raises NotFound: there is no such grant, or it was revoked before.
    """
    with unit_of_work() as session:
        row = staff_grants.get(session, grant_id)
        if row is None or row.revoked_at is not None:
            raise NotFound("there is no such grant")
        _end(session, [row], context)


def revoke(email: str, out_of: Sequence[str] | None, *, context: Context) -> Sequence[StaffGrant]:
    """End grants of a staff member and all that is open through them.

    :param out_of: codes of accounts; none ends every grant of theirs.
    :raises NotFound: there is no such account, or no such grant.
    :raises Invalid: the address is none.
    """
    address = _address(email)
    with unit_of_work() as session:
        codes = None if out_of is None else _codes(session, out_of)
        user = users.holder_of_address(session, AccountCode(STAFF_ACCOUNT), address.canonical)
        user_id = None if user is None else UserId(user.id)
        present = staff_grants.naming(session, user_id=user_id, canonical=address.canonical)
        revoked = [row for row in present if codes is None or row.account_code in codes]
        if not revoked:
            raise NotFound(f"{address.given} has no such grant; see: idp staff list")
        _end(session, revoked, context)
    return revoked


def list_all(account: str | None = None) -> Sequence[StaffGrant]:
    """Return the grants that nobody revoked, by address and account; those that open one account, or all.

    :raises NotFound: there is no such account.
    """
    with reading() as session:
        if account is not None:
            accounts.require(session, account)
        return [
            row for row in staff_grants.unrevoked(session) if account is None or row.account_code in {None, account}
        ]


def grants_naming(email: str) -> Sequence[StaffGrant]:
    """Return the unrevoked grants of whoever has, or had, an address."""
    address = _address(email)
    with reading() as session:
        user = users.holder_of_address(session, AccountCode(STAFF_ACCOUNT), address.canonical)
        user_id = None if user is None else UserId(user.id)
        return staff_grants.naming(session, user_id=user_id, canonical=address.canonical)


def can_be_staff(email: str) -> bool:
    """Say whether an address is of a domain that pins a provider of staff; others may be secondary domains."""
    with reading() as session:
        domains = providers.hosted_domains_of(session, AccountCode(STAFF_ACCOUNT))
    return not domains or _address(email).domain in domains


def _address(email: str) -> Address:
    address = parse_address(email)
    if address is None:
        raise Invalid(f"{email[:254]!r} is not an email address")
    return address


def _codes(session: Session, into: Sequence[str] | None) -> list[str | None]:
    """Return the accounts, each once; one none for all of them."""
    if into is None:
        return [None]
    for code in into:
        if code == STAFF_ACCOUNT:
            raise Invalid("the account staff needs no grant: whoever is staff belongs to it")
        accounts.require(session, code)
    return list(dict.fromkeys(into))


def _add(
    session: Session,
    address: Address,
    user_id: UserId | None,
    code: str | None,
    terms: GrantTerms,
    context: Context,
) -> StaffGrant:
    row = StaffGrant(
        id=new_identifier(),
        email=address.given,
        email_canonical=address.canonical,
        user_id=user_id,
        account_code=code,
        roles=[role.value for role in highest_first(terms.roles)],
        until=terms.until,
        reason=terms.reason,
        granted_at=context.now,
        granted_by=context.actor.id,
    )
    session.add(row)
    event = StaffGranted(
        account=code,
        user=user_id,
        grant=row.id,
        address=address.given,
        roles=row.roles,
        until=None if terms.until is None else terms.until.isoformat(),
        reason=terms.reason,
    )
    trail.record(session, event, context)
    return row


def _end(session: Session, rows: Sequence[StaffGrant], context: Context, *, quietly: bool = False) -> None:
    """Revoke grants.

    :param quietly: they are replaced at once, so what is open may go on under the new terms.
    """
    for row in rows:
        row.revoked_at = context.now
        event = StaffRevoked(account=row.account_code, user=row.user_id, grant=row.id, address=row.email)
        trail.record(session, event, context)
        if row.user_id is None or quietly:
            continue
        account = None if row.account_code is None else AccountCode(row.account_code)
        ending.end_user_at(session, UserId(row.user_id), account, context=context)
        staff_entries.forget(session, UserId(row.user_id), account)
        management_entries.forget(session, UserId(row.user_id), account)

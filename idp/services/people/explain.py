"""Why a user has each role, and what was decided at their last sign-in; also for somebody who was refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from sqlalchemy.orm import Session

from idp.domain.addresses import parse_address
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import NotFound
from idp.domain.explanation import ByGrants, ByOperator, BySignIn, Standing
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.role_mapping import RoleRules, Rule, Step
from idp.domain.roles import Role
from idp.domain.staff import Grant, entry_into
from idp.domain.upstream_identity import RoleEvidence
from idp.services.people.lookup import require
from idp.store import access_requests, accounts, sign_ins, staff_grants
from idp.store.access_requests import AccessRequest
from idp.store.sign_ins import OK, SignIn
from idp.store.unit_of_work import reading
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that is known about why somebody may what they may.

    :param user: none for somebody who was never let in.
    :param standings: one an account: their own, and for staff each that they may enter now.
    :param last_sign_in: the latest that let them in.
    :param refused: the latest that did not, when nothing better came after it.
    :param requests: sign-ins that met them and are not theirs: undecided, or denied.
    :param no_grant: the account that was asked about and that no grant of this staff member opens.
    """

    user: User | None
    standings: Sequence[Standing]
    last_sign_in: SignIn | None
    refused: SignIn | None
    requests: Sequence[AccessRequest] = ()
    no_grant: AccountCode | None = None


def explain(identifier: str, *, account: str | None, context: Context) -> Explanation:
    """Explain a user, or the last sign-in that brought an address and was refused.

    An address of staff is explained for a customer's account as well.

    :param identifier: the user's id, or an address when ``account`` is given.
    :raises NotFound: nobody fits, and no refused sign-in brought that address; or several fit.
    """
    with reading() as session:
        try:
            return _of_user(session, require(session, identifier, account=account), context)
        except NotFound as unknown:
            if "several" in unknown.evidence:
                raise
            return _of_nobody(session, identifier, account, context) or _nothing(unknown, account)


def _nothing(unknown: NotFound, account: str | None) -> NoReturn:
    if account is None:
        raise unknown
    raise NotFound(
        f"{unknown}; nor was a sign-in with it refused here. If the person quotes a code: idp audit list --request CODE"
    )


def _of_nobody(session: Session, identifier: str, account: str | None, context: Context) -> Explanation | None:
    """Explain an address that no user of the account has."""
    refused = _last_with_address(session, identifier, account)
    if refused is not None and refused.outcome != OK:
        return Explanation(user=None, standings=(), last_sign_in=None, refused=refused)
    if account in {None, STAFF_ACCOUNT}:
        return None
    try:
        staff = require(session, identifier, account=STAFF_ACCOUNT)
    except NotFound:
        return None
    found = _of_user(session, staff, context)
    opens = any(standing.account == account for standing in found.standings)
    return found if opens else replace(found, no_grant=AccountCode(account or ""))


def _of_user(session: Session, user: User, context: Context) -> Explanation:
    latest = [
        sign_ins.last_of_user(session, UserId(user.id)),
        _last_with_address(session, user.email or "", user.account_code),
    ]
    refused = [one for one in latest if one is not None and one.outcome != OK]
    return Explanation(
        user=user,
        standings=(_at_home(session, user), *_elsewhere(session, user, context)),
        last_sign_in=sign_ins.last_admitted(session, UserId(user.id)),
        refused=max(refused, key=lambda one: one.at, default=None),
        requests=access_requests.not_approved(session, UserId(user.id)),
    )


def _last_with_address(session: Session, text: str, account: str | None) -> SignIn | None:
    address = parse_address(text)
    if address is None or account is None:
        return None
    return sign_ins.last_with_address(session, AccountCode(account), address.canonical)


def _at_home(session: Session, user: User) -> Standing:
    """Explain a user's roles in their own account: by the sign-in that gave them, or an operator's word."""
    roles = tuple(Role(role) for role in user.roles)
    gave = None if user.roles_sign_in_id is None else sign_ins.get(session, user.roles_sign_in_id)
    by_operator = ByOperator(roles=roles, at=user.roles_set_at, by=user.roles_set_by)
    reason = by_operator if gave is None else _by_sign_in(gave)
    return Standing(account=AccountCode(user.account_code), roles=roles, reason=reason)


def _by_sign_in(row: SignIn) -> BySignIn:
    return BySignIn(
        at=row.at,
        provider=row.provider_code,
        evidence=RoleEvidence(claim=row.role_claim, values=tuple(row.role_values)),
        rules=RoleRules.from_json(row.role_rules),
        roles_before=tuple(Role(role) for role in row.roles_before),
        steps=tuple(
            Step(
                value=step["value"], rule=Rule(step["rule"]), role=None if step["role"] is None else Role(step["role"])
            )
            for step in row.role_steps
        ),
    )


def _elsewhere(session: Session, user: User, context: Context) -> list[Standing]:
    """Explain what a staff member is in each account that a grant opens now."""
    if user.account_code != STAFF_ACCOUNT:
        return []
    grants = tuple(row.as_grant() for row in staff_grants.of_user(session, UserId(user.id)))
    codes = [AccountCode(one.code) for one in accounts.everyone(session) if one.code != STAFF_ACCOUNT and one.enabled]
    found = ((code, _grants_into(code, grants)) for code in codes)
    return [
        Standing(account=code, roles=entry.roles, reason=ByGrants(account=code, grants=opening, now=context.now))
        for code, opening in found
        if (entry := entry_into(code, opening, now=context.now)) is not None
    ]


def _grants_into(account: AccountCode, grants: Sequence[Grant]) -> tuple[Grant, ...]:
    return tuple(grant for grant in grants if grant.account in {None, account})

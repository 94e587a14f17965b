"""Who may enter, once it is known who it is (CONTRACT §6 rules 6 and 7).

Pure decisions over facts that the services gather.
"""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.errors import Refusal
from idp.domain.linking import Match
from idp.domain.role_mapping import Derivation, RoleRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """What is known of somebody whom an upstream vouches for.

    :param match: how they were recognised, or why that cannot be told.
    :param user_enabled: the user that they are is not disabled; true for somebody new.
    :param staff_address: the address is of a staff domain, and the account is not that of staff.
    :param trial: the account is on trial: only people whom it knows already.
    """

    account_enabled: bool
    match: Match | Refusal
    user_enabled: bool
    staff_address: bool
    trial: bool


def decide(applicant: Applicant, derivation: Derivation, rules: RoleRules) -> Refusal | None:
    """Return why the applicant may not enter, or none when they may."""
    if not applicant.account_enabled:
        return Refusal.ACCOUNT_DISABLED
    if applicant.staff_address:
        return Refusal.STAFF_ADDRESS
    if not applicant.user_enabled:
        return Refusal.USER_DISABLED
    if rules.require_roles and not derivation.upstream_roles:
        return Refusal.NO_VALID_ROLE
    if isinstance(applicant.match, Refusal):
        return applicant.match
    if applicant.trial and applicant.match is Match.NEW:
        return Refusal.NOT_ON_TRIAL
    return None

"""Who may enter, once it is known who it is (CONTRACT §6 rules 6 and 7).

Pure decisions over facts that the services gather.
"""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.errors import Refusal
from idp.domain.role_mapping import Derivation, RoleRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """What is known of somebody whom an upstream vouches for.

    :param known: the upstream's immutable id is tied to a user already.
    :param user_enabled: that user is not disabled; true for somebody new.
    :param address_taken: the address belongs to another person of the account, who proved it or was vouched for.
    """

    account_enabled: bool
    known: bool
    user_enabled: bool
    address_taken: bool


def decide(applicant: Applicant, derivation: Derivation, rules: RoleRules) -> Refusal | None:
    """Return why the applicant may not enter, or none when they may."""
    if not applicant.account_enabled:
        return Refusal.ACCOUNT_DISABLED
    if not applicant.user_enabled:
        return Refusal.USER_DISABLED
    if rules.require_roles and not derivation.upstream_roles:
        return Refusal.NO_VALID_ROLE
    if not applicant.known and applicant.address_taken:
        return Refusal.ADDRESS_TAKEN
    return None

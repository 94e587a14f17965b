"""Why somebody has their roles, in a form that can be replayed: the same inputs give the same roles again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from idp.domain.identifiers import AccountCode
from idp.domain.role_mapping import RoleRules, Step, derive
from idp.domain.roles import Role, effective
from idp.domain.staff import Grant, entry_into
from idp.domain.upstream_identity import RoleEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class BySignIn:
    """A sign-in gave the roles: what the upstream said, by the provider's rules of that moment.

    :param roles_before: those in our records until then.
    """

    at: datetime
    provider: str
    evidence: RoleEvidence
    rules: RoleRules
    roles_before: tuple[Role, ...]
    steps: tuple[Step, ...]

    def replayed(self) -> tuple[Role, ...]:
        """Derive the roles again."""
        return derive(self.evidence, self.rules, ours=self.roles_before).roles


@dataclass(frozen=True, slots=True, kw_only=True)
class ByOperator:
    """An operator gave the roles, and no sign-in has changed them since.

    :param by: the operator; none when nobody is on record.
    """

    roles: tuple[Role, ...]
    at: datetime | None
    by: str | None

    def replayed(self) -> tuple[Role, ...]:
        """Derive the roles again."""
        return effective(self.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByGrants:
    """Grants make a staff member what they are in a customer's account.

    :param now: the moment for which the grants were looked at.
    """

    account: AccountCode
    grants: tuple[Grant, ...]
    now: datetime

    def replayed(self) -> tuple[Role, ...]:
        """Derive the roles again."""
        entry = entry_into(self.account, self.grants, now=self.now)
        return () if entry is None else entry.roles


Reason = BySignIn | ByOperator | ByGrants


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What somebody is in one account, and why."""

    account: AccountCode
    roles: tuple[Role, ...]
    reason: Reason

"""Access requests: who may decide which one, when it becomes somebody else's, and when nobody's any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from idp.domain.roles import Role, highest_first, outranks

REQUEST_EXPIRY_DAYS = 7
ESCALATE_AFTER_HOURS = 24
MAX_MESSAGE_LENGTH = 1000
MAX_REASON_LENGTH = 500
UNDO_WITHIN = timedelta(seconds=10)
"""For so long a decision has no effect outside, and can be taken back."""


class Stage(IntEnum):
    """How far up a request has come by waiting."""

    MANAGERS = 0
    DEPUTIES = 1
    STAFF = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an account's requests wait.

    :param escalate_after: until deputies decide, too; staff after twice that.
    :param expiry: until nobody does.
    """

    escalate_after: timedelta
    expiry: timedelta


def stage_of(asked_at: datetime, patience: Patience, *, now: datetime) -> Stage:
    """Say whose turn it is, besides those before."""
    waited = now - asked_at
    if waited >= 2 * patience.escalate_after:
        return Stage.STAFF
    return Stage.DEPUTIES if waited >= patience.escalate_after else Stage.MANAGERS


class Standing(IntEnum):
    """In which capacity somebody decides about an account's requests."""

    NOBODY = 0
    DEPUTY = 1
    """Only what no manager decided in time."""
    MANAGER = 2
    """Everything: a manager of the account, or staff who entered it as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Whoever decides.

    :param roles: what they are in the account.
    """

    standing: Standing
    roles: tuple[Role, ...]

    def may_decide(self, stage: Stage) -> bool:
        """Say whether a request that has come so far is theirs to decide."""
        return self.standing is Standing.MANAGER or (self.standing is Standing.DEPUTY and stage >= Stage.DEPUTIES)

    def grantable(self) -> tuple[Role, ...]:
        """Return the roles that they may give: none above their own, the highest first."""
        return tuple(role for role in Role if not outranks(role, self.roles[0]))


def decider(roles: Iterable[Role], *, is_deputy: bool) -> Decider:
    """Return what somebody with these roles in the account is."""
    ordered = highest_first(roles) or (Role.AGENT,)
    if ordered[0] is Role.MANAGER:
        return Decider(standing=Standing.MANAGER, roles=ordered)
    return Decider(standing=Standing.DEPUTY if is_deputy else Standing.NOBODY, roles=ordered)

"""What somebody needs to do something in management: a permission, and for sensitive acts a fresh proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.domain.roles import Permission, parse_permission

PROOF_WITHIN = timedelta(minutes=15)
"""How old the proof behind a sensitive act may be (CONTRACT §6 rule 11)."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What stands before a view.

    :param sensitive: whoever acts must have proven who they are lately.
    """

    permission: Permission
    sensitive: bool = False

    @classmethod
    def of(cls, permission: str, *, sensitive: bool = False) -> Guard:
        """Return the guard of a permission.

        :raises ValueError: there is no such permission.
        """
        return cls(permission=parse_permission(permission), sensitive=sensitive)

    def wants_proof(self, auth_time: datetime, *, now: datetime) -> bool:
        """Say whether whoever proved themselves at ``auth_time`` has to do so again."""
        return self.sensitive and wants_proof(auth_time, now=now)


def wants_proof(auth_time: datetime, *, now: datetime) -> bool:
    """Say whether a sensitive act wants a fresher proof than the one of ``auth_time``."""
    return now - auth_time > PROOF_WITHIN

"""Whether an upstream's word about a person is fresh enough to go on renewing tokens (CONTRACT §6 rule 7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

WITH_ROLE_BASED_IAM = timedelta(hours=24)
"""Where roles follow the upstream and the account says nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What is known of an upstream's word about a person.

    :param confirmed_at: when an upstream last confirmed them; none for somebody whom no upstream knows.
    :param reverify_after: what their account says about that; none when it says nothing.
    :param role_based_iam: their roles follow the upstream.
    """

    confirmed_at: datetime | None
    reverify_after: timedelta | None
    role_based_iam: bool

    def is_stale(self, *, now: datetime) -> bool:
        """Say whether the person has to sign in again before anything is renewed."""
        window = self.reverify_after or (WITH_ROLE_BASED_IAM if self.role_based_iam else None)
        return self.confirmed_at is not None and window is not None and now >= self.confirmed_at + window

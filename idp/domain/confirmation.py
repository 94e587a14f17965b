"""Whether an upstream's word about a person is fresh enough to go on renewing tokens (CONTRACT §6 rule 7)."""

from __future__ import annotations

from datetime import datetime, timedelta

WITH_ROLE_BASED_IAM = timedelta(hours=24)
"""Where roles follow the upstream and the account says nothing else."""


def is_stale(
    confirmed_at: datetime | None, *, reverify_after: timedelta | None, role_based_iam: bool, now: datetime
) -> bool:
    """Say whether the person has to sign in again before anything is renewed.

    :param confirmed_at: when an upstream last confirmed them; none for somebody whom no upstream knows.
    :param reverify_after: what the account says; none when it says nothing.
    """
    window = reverify_after or (WITH_ROLE_BASED_IAM if role_based_iam else None)
    return confirmed_at is not None and window is not None and now >= confirmed_at + window

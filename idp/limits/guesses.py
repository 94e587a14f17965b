"""Guesses: wrong codes typed for one address, in whatever windows and from wherever (CONTRACT §6 rule 10).

Codes of whoever has shown more are counted by that: the signed link of a mail, or a session. Strangers who guess for
an address use up nobody else's tries.

``IDP_RATE_LIMITS=off`` does not lift this.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from idp.domain.context import Context
from idp.domain.identifiers import AccountCode, UserId
from idp.store import counters

DAY = timedelta(days=1)


def for_address(account: AccountCode, canonical: str) -> str:
    """Name what strangers' codes for an address are counted by."""
    return f"guesses:{account}:{canonical}"


def for_link(proof_id: str) -> str:
    """Name what the codes typed behind one link are counted by."""
    return f"guesses:link:{proof_id}"


def for_person(user_id: UserId) -> str:
    """Name what the codes of somebody who is signed in are counted by."""
    return f"guesses:person:{user_id}"


def take(session: Session, name: str, *, context: Context) -> int:
    """Count a guess beforehand, and return how many there are today with it.

    Whoever guesses under the same name waits until the caller's transaction is over, so that no comparison is made
    that is not counted.
    """
    return counters.add(session, name, within=DAY, now=context.now)


def was_none(session: Session, name: str, *, context: Context) -> None:
    """Take the guess back: it was right, or nothing was compared."""
    counters.take_back(session, name, within=DAY, now=context.now)

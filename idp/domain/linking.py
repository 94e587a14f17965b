"""Which user an upstream identity is (CONTRACT §6 rule 6).

Pure: the services gather who is met, this module says what follows. Matching
goes by the upstream's immutable id first; an address counts only when the
upstream vouches for it, and never for more than finding somebody whom an
operator made beforehand, unless the account asked for more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from idp.domain.errors import Refusal


class Match(StrEnum):
    """How a person was recognised."""

    KNOWN = "known"
    """The upstream's id is tied to the user."""
    AWAITED = "awaited"
    """An operator made the user beforehand, with this very id of the platform."""
    CLAIMED = "claimed"
    """An operator made the user beforehand, with the address that the upstream vouches for."""
    LINKED = "linked"
    """A user with other sign-ins has that address, and the account links by email."""
    NEW = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whoever holds the address that the upstream brought: it was vouched for, or an operator gave it.

    :param has_signed_in: in whatever way, at least once.
    :param above_agent: some role of theirs outranks agent.
    :param is_here: they have a live session in the browser that signs in now.
    """

    has_signed_in: bool
    above_agent: bool
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Whom an upstream identity meets in the account.

    :param known: a user is tied to the upstream's immutable id.
    :param awaited: somebody who never signed in was made with this id of the platform.
    :param holder: who holds the address; none where nobody does, or the answer brought none.
    :param vouched: the upstream vouches for the address.
    :param denied: a manager decided that this identity is not the holder.
    """

    known: bool
    awaited: bool
    holder: Holder | None
    vouched: bool
    denied: bool
    link_by_email: bool


def match(meeting: Meeting) -> Match | Refusal:
    """Say how the person is recognised, or why it cannot be told who they are."""
    if meeting.known:
        return Match.KNOWN
    if meeting.awaited:
        return Match.AWAITED
    if meeting.holder is None:
        return Match.NEW
    if meeting.denied:
        return Refusal.LINK_DENIED
    return _by_address(meeting, meeting.holder)


def _by_address(meeting: Meeting, holder: Holder) -> Match | Refusal:
    if not meeting.vouched:
        return Refusal.ADDRESS_TAKEN
    if not holder.has_signed_in:
        return Match.CLAIMED
    if not meeting.link_by_email:
        return Refusal.ADDRESS_TAKEN
    if holder.above_agent and not holder.is_here:
        return Refusal.PROOF_NEEDED
    return Match.LINKED

"""Who is mailed what when somebody asks to be signed in by mail (CONTRACT §6 rules 9 and 10).

Pure: services gather the facts. Nothing of the decision shows in the answer to whoever asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

MOST_LIVE = 3
"""So many mails that can be used at once an address."""
MOST_TRIES = 5
"""Codes typed for one mail."""
MOST_WRONG_A_DAY = 10
"""Wrong codes typed for one address, in whatever windows."""
AGAIN_AFTER = timedelta(seconds=60)
"""When the page offers to send another mail."""


class MagicLinks(StrEnum):
    """For whom an account lets mail be a way in: its ``--magic-link``."""

    OFF = "off"
    UNLINKED = "unlinked"
    """For people without a sign-in at an upstream: whoever lost theirs is not let in by the mailbox they kept."""
    ALL = "all"


class Answer(StrEnum):
    """What is mailed."""

    LINK = "link"
    QUESTION = "question"
    """Whether they want to ask for access."""
    SINGLE_SIGN_ON = "single_sign_on"
    DISABLED = "disabled"
    STAFF = "staff"
    DENIED = "denied"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whoever holds the address in the account."""

    enabled: bool
    is_linked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """What is known of an address for which somebody asked.

    :param staff_address: it is of a staff domain.
    :param holder: who holds it; none where nobody does.
    :param may_ask: the account takes access requests from that domain.
    :param denied: a manager said no to it, and not long ago.
    :param live: how many mails for it can be used at the moment.
    """

    policy: MagicLinks
    staff_address: bool
    holder: Holder | None
    may_ask: bool
    denied: bool
    live: int


def answer(asker: Asker) -> Answer:
    """Say what is mailed."""
    if asker.policy is MagicLinks.OFF or asker.live >= MOST_LIVE:
        return Answer.NOTHING
    if asker.staff_address:
        return Answer.STAFF
    if asker.holder is not None:
        return _known(asker.policy, asker.holder)
    if not asker.may_ask:
        return Answer.NOTHING
    return Answer.DENIED if asker.denied else Answer.QUESTION


def _known(policy: MagicLinks, holder: Holder) -> Answer:
    if not holder.enabled:
        return Answer.DISABLED
    return Answer.LINK if may_enter(policy, holder) else Answer.SINGLE_SIGN_ON


def may_enter(policy: MagicLinks, holder: Holder) -> bool:
    """Say whether somebody may come in by mail; asked again when the link is used."""
    if not holder.enabled or policy is MagicLinks.OFF:
        return False
    return policy is MagicLinks.ALL or not holder.is_linked

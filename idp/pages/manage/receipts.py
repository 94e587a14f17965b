"""What was just done, carried in the address of the page that says so: signed, so that no link can make a page claim
or offer to undo what nobody did.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import request

from idp.browser import cursors
from idp.browser.runtime import context
from idp.domain.access_requests import UNDO_WITHIN
from idp.domain.errors import Invalid
from idp.services.people.management import Managing

PARAMETER = "done"
_SHOWN_FOR = timedelta(minutes=2)
"""A page that is opened again later says nothing of it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What somebody did.

    :param what: a word that the page knows.
    :param facts: what it says of it.
    """

    what: str
    at: datetime
    facts: tuple[str, ...]

    @property
    def can_be_undone(self) -> bool:
        """Say whether it is so recent that an undo is offered."""
        return context().now - self.at < UNDO_WITHIN


def issue(who: Managing, what: str, about: str, *facts: str) -> str:
    """Return the receipt for an act.

    :param about: whose page shows it.
    """
    return cursors.cursor_of(_list_of(who, about), [what, int(context().now.timestamp()), *facts])


def presented(who: Managing, about: str) -> Receipt | None:
    """Return the receipt that this page's address carries; none where it is old, another's, or nobody's."""
    try:
        what, at, *facts = cursors.place_of(_list_of(who, about), request.args.get(PARAMETER, ""))
    except Invalid:
        return None
    found = Receipt(what=str(what), at=datetime.fromtimestamp(int(at), UTC), facts=tuple(str(one) for one in facts))
    return found if context().now - found.at < _SHOWN_FOR else None


def _list_of(who: Managing, about: str) -> str:
    return f"receipt:{who.account}:{who.user_id}:{about}"

"""Cursors: from where the next page of a list goes on, in a text that nobody else can have made.

Signed, so that what comes back is what was given out, for the same list of the
same account: a reader can neither forge a place nor carry one elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from itsdangerous import BadData, URLSafeSerializer

from idp.browser.runtime import parts
from idp.domain.errors import Invalid
from idp.tokens.sealing import derive

MAX_LENGTH = 1024


def cursor_of(what: str, place: Sequence[str | int]) -> str:
    """Return the cursor of a place in a list.

    :param what: names the list: whose, and by which filter.
    """
    return str(_serializer(what).dumps(list(place)))


def place_of(what: str, cursor: str) -> Sequence[str | int]:
    """Return the place that a cursor names.

    :raises Invalid: it was not given out for this list.
    """
    try:
        found = None if len(cursor) > MAX_LENGTH else _serializer(what).loads(cursor)
    except BadData:
        found = None
    if found is None:
        raise Invalid("the cursor is not one of this list; begin again without it")
    return tuple(found)


def _serializer(what: str) -> URLSafeSerializer:
    newest, *older = (derive(key.get_secret_value(), label="cursors") for key in parts().settings.secret_keys)
    return URLSafeSerializer([*reversed(older), newest], salt=what)

"""Pages of lists: the cursor of the next one, in the body and as a link (RFC 8288)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import request

from idp.api.v1.models import List, Told
from idp.api.v1.operations import Reply
from idp.browser.cursors import cursor_of
from idp.browser.runtime import parts

T = TypeVar("T", bound=Told)


def page_of(kind: type[List[T]], items: list[T], what: str, following: Sequence[str | int] | None) -> Reply:
    """Return one page of a list.

    :param what: names the list: whose, and by which filter.
    :param following: where the next page begins; none at the end.
    """
    if following is None:
        return Reply(body=kind(items=items, next=None))
    cursor = cursor_of(what, following)
    return Reply(body=kind(items=items, next=cursor), headers={"Link": f'<{_next(cursor)}>; rel="next"'})


def whole(kind: type[List[T]], items: list[T]) -> List[T]:
    """Return a list that is short enough to be one page."""
    return kind(items=items, next=None)


def _next(cursor: str) -> str:
    kept: list[tuple[str, Any]] = [(name, value) for name, value in request.args.items() if name != "cursor"]
    return f"{parts().settings.issuer}{request.path}?{urlencode([*kept, ('cursor', cursor)])}"

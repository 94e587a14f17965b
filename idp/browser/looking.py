"""Requests that only look: they must not spend, begin or end anything."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Response, request
from flask.typing import ResponseReturnValue

P = ParamSpec("P")


def only_looking() -> bool:
    """Say whether this request is a HEAD, or a browser's guess at what comes next (Fetch, ``Sec-Purpose``)."""
    return request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", "")


def spends(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Mark a view whose GET changes something: to whom only looks, it answers nothing."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        return Response(status=204) if only_looking() else view(*args, **kwargs)

    return guarded

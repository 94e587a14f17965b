"""The mark of a guarded view: what its guard asks for, for the tests that look for views without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from idp.domain.guarding import Guard

View = TypeVar("View", bound=Callable[..., Any])
_MARK = "guard"


def marked(view: View, guard: Guard) -> View:
    """Note on a view what stands before it."""
    setattr(view, _MARK, guard)
    return view


def guard_of(view: Callable[..., Any]) -> Guard | None:
    """Return what stands before a view; none where nothing does."""
    found = getattr(view, _MARK, None)
    return found if isinstance(found, Guard) else None

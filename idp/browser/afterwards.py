"""Where a browser goes after a sign-in that no service asked for: to one of our own pages, never to an address."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from flask import Response, request

from idp.browser import cookies
from idp.browser.runtime import parts


class Place(StrEnum):
    """A page that wants somebody to be signed in."""

    ACCOUNT = "account"


_PATHS: Mapping[Place, str] = {Place.ACCOUNT: "/account/"}


def keep(response: Response, place: Place) -> None:
    """Let the browser come back to a page once somebody has signed in."""
    cookies.set_afterwards(response, place, parts().settings)


def path() -> str | None:
    """Return the path of the page to which this browser wants to come back, if any."""
    wanted = request.cookies.get(_name(), "")
    return next((path for place, path in _PATHS.items() if place == wanted), None)


def forget(response: Response) -> None:
    """Take the wish from a browser that has one: it was fulfilled."""
    if _name() in request.cookies:
        cookies.clear(response, _name(), parts().settings)


def _name() -> str:
    return cookies.name(cookies.AFTERWARDS, parts().settings)

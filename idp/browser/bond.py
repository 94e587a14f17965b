"""The bond between a browser and what waits for it (RFC 9700 §4.7: state belongs to one user agent)."""

from __future__ import annotations

from flask import Response, request

from idp.browser import cookies
from idp.browser.runtime import parts
from idp.domain.secrets import new_secret


def current() -> str:
    """Return this browser's bond, or an empty string, which ties to nothing."""
    return request.cookies.get(cookies.name(cookies.BROWSER, parts().settings), "")


def ensure() -> str:
    """Return this browser's bond, or a fresh one that :func:`keep` must hand over."""
    return current() or new_secret()


def keep(response: Response, bond: str) -> None:
    """Hand the browser its bond, unless it has it."""
    if bond != current():
        cookies.set_browser(response, bond, parts().settings)

"""What a request needs of the running process: its parts and its own circumstances."""

from __future__ import annotations

import secrets
from functools import lru_cache
from ipaddress import ip_address
from typing import cast

from flask import current_app, g, request

from idp.domain.context import ANONYMOUS, Actor, Context
from idp.services.parts import EXTENSION, Parts

REQUEST_ID_BYTES = 6


def parts() -> Parts:
    """Return the parts of the application that serves this request."""
    return cast(Parts, current_app.extensions[EXTENSION])


def request_id() -> str:
    """Return the code that ties page, log and trail of this request together: 12 hexadecimal digits.

    Made here, never taken from the caller.
    """
    known = g.get("request_id")
    if known is None:
        known = g.request_id = secrets.token_hex(REQUEST_ID_BYTES)
    return cast(str, known)


def context(actor: Actor = ANONYMOUS) -> Context:
    """Return who acts now, and from where."""
    return Context(
        now=parts().clock.now(), actor=actor, network=_network(request.remote_addr or ""), request_id=request_id()
    )


@lru_cache(maxsize=1000)
def _network(text: str) -> str | None:
    """Return the caller's IP address; a proxy may have written brackets and a port around it, or anything."""
    for candidate in (text, text.rpartition(":")[0].strip("[]"), text.strip("[]")):
        try:
            return str(ip_address(candidate))
        except ValueError:
            continue
    return None

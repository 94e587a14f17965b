"""What a request needs of the running process: its parts and its own circumstances."""

from __future__ import annotations

import secrets
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
    if "request_id" not in g:
        g.request_id = secrets.token_hex(REQUEST_ID_BYTES)
    return cast(str, g.request_id)


def context(actor: Actor = ANONYMOUS) -> Context:
    """Return who acts now, and from where."""
    return Context(now=parts().clock.now(), actor=actor, network=request.remote_addr, request_id=request_id())

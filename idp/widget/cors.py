"""Which pages may call with cookies: those of an account's own origins, and ours (CONTRACT §6 rule 2, Fetch standard).

The browser asks first (the preflight), and is told so for any account's
origin. Whether the origin is that of the account concerned shows when the
request itself comes, before it has any effect.
"""

from __future__ import annotations

from http import HTTPStatus

import structlog
from flask import Response, g, request

from idp.browser.runtime import parts
from idp.domain.identifiers import AccountCode
from idp.widget.answers import MAX_ORIGIN_LENGTH, Refused, json_answer

CSRF_HEADER = "X-CSRF-TOKEN"
PREFLIGHT_KEPT_SECONDS = 600
_NOBODY = "null"

log = structlog.get_logger()


def origin() -> str | None:
    """Return the origin of the page that calls; none for a server, and for a page of ours that only reads."""
    return request.headers.get("Origin")


def is_embedded() -> bool:
    """Say whether a page that is not ours calls."""
    return origin() not in {None, parts().settings.issuer}


def allowed_account(account: AccountCode) -> bool:
    """Say whether the calling page may be that account's."""
    calling = origin()
    return calling is None or not is_embedded() or may_embed(calling, account)


def may_embed(calling: str, account: AccountCode) -> bool:
    """Say whether an account lists an origin."""
    return calling != _NOBODY and parts().origins.allow(calling, account, now=parts().clock.now())


def require_listed() -> str | None:
    """Refuse a page that no account lists; return the origin of one that embeds a widget, none for our own.

    :raises Refused: it is such a page; the answer has no CORS headers.
    """
    calling = origin()
    if calling is None or calling == parts().settings.issuer:
        return None
    if not _is_listed(calling):
        raise not_allowed()
    g.cors_origin = calling
    return calling


def not_allowed() -> Refused:
    """Return the refusal of a page of another account, which cannot even read it."""
    g.cors_origin = None
    return Refused(
        HTTPStatus.FORBIDDEN,
        "origin_not_allowed",
        "The account does not list the page's origin. An administrator adds it: idp accounts update --origin.",
    )


def preflight(*methods: str) -> Response:
    """Answer whether a page may call (Fetch §3.2.2)."""
    if not is_embedded() or not _is_listed(origin() or ""):
        refused = not_allowed()
        # The browser asks nothing more then, so this is the only trace of a page that nobody lists.
        log.warning("widget_preflight_refused", path=request.path, origin=(origin() or "")[:MAX_ORIGIN_LENGTH])
        return json_answer(refused.body, refused.status)
    response = Response(status=HTTPStatus.NO_CONTENT)
    _allow(response, origin() or "")
    response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
    response.headers["Access-Control-Allow-Headers"] = f"Content-Type, {CSRF_HEADER}"
    response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_KEPT_SECONDS)
    return response


def finish(response: Response) -> Response:
    """Let the page read the answer, where it may."""
    add = response.headers.add  # what is added needs no search through what stands (a hot path)
    add("Vary", "Origin")
    calling = g.get("cors_origin")
    if calling:
        _allow(response, calling)
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            add("Access-Control-Expose-Headers", "Retry-After")
    return response


def _is_listed(calling: str) -> bool:
    return calling != _NOBODY and bool(parts().origins.accounts_of(calling, now=parts().clock.now()))


def _allow(response: Response, calling: str) -> None:
    response.headers.add("Access-Control-Allow-Origin", calling)
    response.headers.add("Access-Control-Allow-Credentials", "true")

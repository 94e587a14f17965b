"""Which of a browser's cookie tokens a call counts with (CONTRACT §6 rules 1 and 2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TypeVar

import structlog
from flask import request

from idp.browser.held_tokens import genuine
from idp.domain.errors import CookieSessionOver
from idp.domain.jars import in_order
from idp.domain.secrets import equal
from idp.tokens.cookie_token import CookieToken, CookieType
from idp.widget import cors
from idp.widget.answers import Refused
from idp.widget.cors import CSRF_HEADER

T = TypeVar("T")
log = structlog.get_logger()


def with_one(kind: CookieType, act: Callable[[CookieToken], T], *, proven: bool) -> T:
    """Do something with the token that counts; where its session is over, with the next one that may count.

    :param proven: the call has to name the token's CSRF value, which only a page that may read it knows.
    :raises Refused: the page may not call, or does not know the value.
    :raises CookieSessionOver: there is no token, or none whose session goes on.
    """
    embedding = cors.require_listed()
    presented = genuine(kind)
    usable = [one for one in presented if embedding is None or cors.may_embed(embedding, one.account)]
    if presented and not usable:
        log.warning("widget_of_another_account", accounts=sorted({one.account for one in presented}))
        raise cors.not_allowed()
    chosen = in_order(usable, embedded=embedding is not None)
    if proven and chosen:
        chosen = _known_to_the_page(chosen)
    for one in chosen:
        try:
            return act(one)
        except CookieSessionOver:
            continue
    raise CookieSessionOver


def _known_to_the_page(tokens: Sequence[CookieToken]) -> Sequence[CookieToken]:
    sent = request.headers.get(CSRF_HEADER, "")
    known = [one for one in tokens if equal(sent, one.csrf)]
    if not known:
        raise Refused(
            HTTPStatus.FORBIDDEN,
            "csrf_failed",
            f"The header {CSRF_HEADER} must have the CSRF value that belongs to the cookie.",
        )
    return known

"""The widget's cookie tokens that a browser brought along, as far as they are ours."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request

from idp.browser import token_cookies
from idp.browser.runtime import parts
from idp.domain.errors import CookieTokenRefused
from idp.domain.identifiers import SessionId, UserId
from idp.tokens import cookie_token
from idp.tokens.cookie_token import CookieToken, CookieType


def genuine(kind: CookieType) -> Sequence[CookieToken]:
    """Return the tokens of ours that the browser sent, of whatever account, expired or not."""
    found = []
    here = parts()
    now = here.clock.now()
    for value in token_cookies.presented(request, kind):
        try:
            found.append(cookie_token.read(value, kind, issuer=here.settings.issuer, keys=here.session_keys, now=now))
        except CookieTokenRefused:
            continue
    return found


def sids_of(user_id: UserId) -> Sequence[SessionId]:
    """Return those of them that are one person's."""
    return sorted({one.sid for one in genuine(CookieType.ACCESS) if one.user_id == user_id})


def sids() -> Sequence[SessionId]:
    """Return the sessions that the browser's access cookies stand for, ended or not."""
    return sorted({one.sid for one in genuine(CookieType.ACCESS)})

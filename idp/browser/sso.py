"""The SSO session of the browser that asks, and its bridge to Flask-Login.

Flask-Login's ``current_user`` is the person of the latest sign-in; what counts
for a client is decided by account (``services.oauth.authorize.session_for``).
Flask-Login keeps nothing of its own: the session is our row, the cookie ours.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import cast

from flask import Flask, Request, Response, g, request
from flask_login import LoginManager, UserMixin

from idp.browser import cookies, held_tokens, token_cookies
from idp.browser.runtime import context, parts
from idp.domain.identifiers import AccountCode, SessionId
from idp.services.sessions import sso
from idp.services.sessions.sso import Begun
from idp.store.sso_sessions import LiveSession
from idp.tokens.cookie_token import CookieType


class SignedInPerson(UserMixin):  # type: ignore[misc]
    """A live session, as Flask-Login wants it."""

    def __init__(self, session: LiveSession) -> None:
        self.session = session

    def get_id(self) -> str:
        """Return the session's public identifier."""
        return self.session.sid


class _WithoutRememberMe(LoginManager):  # type: ignore[misc]
    """Flask-Login without its remember-me cookie, for which it would open Flask's session on every answer."""

    def _update_remember_cookie(self, response: Response) -> Response:
        return response


def init_app(app: Flask) -> None:
    """Tell Flask-Login how a request's person is found."""
    manager = _WithoutRememberMe()
    # Its own protection hashes X-Forwarded-For, which anybody can write; our cookie is random and single.
    manager.session_protection = None
    manager.request_loader(_person_of)
    manager.init_app(app)


def sessions() -> Sequence[LiveSession]:
    """Return the live sessions of this browser, the latest sign-in first; read once a request."""
    if "sso_sessions" not in g:
        values = cookies.sso_values(request, parts().settings)
        g.sso_sessions = sso.live(values, parts=parts(), context=context())
    return cast(Sequence[LiveSession], g.sso_sessions)


def presented() -> tuple[str, ...]:
    """Return the SSO cookies that this browser brought."""
    return cookies.sso_values(request, parts().settings)


def remember(response: Response, begun: Begun) -> None:
    """Hand the browser the cookie of a session that has just begun."""
    settings = parts().settings
    cookies.set_sso(response, begun.account, begun.cookie, settings)
    cookies.clear(response, cookies.name(cookies.SIGNED_OUT, settings), settings)


def here() -> Sequence[LiveSession]:
    """Return whom signing out would sign out here: also whom token cookies alone remember."""
    return sso.unended(presented(), held_tokens.sids())


def forget(response: Response) -> None:
    """Take all SSO and token cookies from the browser, which remembers that somebody signed out."""
    settings = parts().settings
    if token_cookies.presented(request, CookieType.ACCESS):
        token_cookies.clear(response, settings)
    cookies.set_signed_out(response, settings)
    for full_name in cookies.sso_names(request, settings):
        cookies.clear(response, full_name, settings)


def forget_account(response: Response, account: AccountCode, *, ended: Collection[SessionId]) -> None:
    """Take one account's SSO cookie from the browser, which remembers that somebody signed out.

    :param ended: sessions whose token cookies go as well; a jar in which another one is stays as it is.
    """
    settings = parts().settings
    held = held_tokens.genuine(CookieType.ACCESS)
    if any(one.sid in ended for one in held):
        token_cookies.clear(response, settings, spared={one.jar for one in held if one.sid not in ended})
    cookies.set_signed_out(response, settings)
    cookies.clear(response, cookies.name(f"{cookies.SSO}{account}", settings), settings)


def has_signed_out() -> bool:
    """Say whether somebody signed out in this browser since the last sign-in."""
    return cookies.name(cookies.SIGNED_OUT, parts().settings) in request.cookies


def was_ended() -> bool:
    """Say whether a session of this browser was ended, here or elsewhere, rather than left to expire."""
    return sso.was_ended(presented())


def _person_of(_request: Request) -> SignedInPerson | None:
    found = sessions()
    return SignedInPerson(found[0]) if found else None

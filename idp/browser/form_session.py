"""Flask's session: it holds the key of form tokens and nothing else, so most requests neither bring nor touch one."""

from __future__ import annotations

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin


class _OnlyWhereUsed(SecureCookieSessionInterface):
    """Flask's own, which builds its signer for every request: here only for one with the cookie, or that gets one."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Read the cookie where there is one."""
        if "HTTP_COOKIE" not in request.environ or self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie, and say that the answer depends on it, where somebody looked at it."""
        if session.accessed or session.modified:
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    """Let the application's session cost nothing where it is not used."""
    app.session_interface = _OnlyWhereUsed()

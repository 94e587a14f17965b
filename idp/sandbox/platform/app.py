"""The platform as a Flask application."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask, Response

from idp.sandbox.platform import authorize, token
from idp.sandbox.platform.kinds import OIDC, Kind
from idp.sandbox.platform.people import PEOPLE, Person
from idp.sandbox.platform.state import Platform, PlatformClient

# No form-action: Chromium applies it to every redirect after the form, and those lead to other hosts.
POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"


def create_platform(
    issuer: str,
    clients: Iterable[PlatformClient],
    people: Iterable[Person] = PEOPLE,
    *,
    kind: Kind = OIDC,
) -> Flask:
    """Return the platform's application; its :class:`Platform` is in ``extensions["platform"]``.

    It keeps everything in memory: serve it with one process, and several threads, as it can be slow.

    :param issuer: where it will be reached, without a trailing slash.
    """
    app = Flask(__name__)
    platform = Platform(
        issuer=issuer,
        clients={client.client_id: client for client in clients},
        people={person.key: person for person in people},
        kind=kind,
    )
    app.extensions["platform"] = platform
    app.register_blueprint(authorize.blueprint)
    app.register_blueprint(token.blueprint)

    @app.after_request
    def finish(response: Response) -> Response:
        if platform.clock_offset:  # otherwise the server's own date is right
            response.date = platform.now()
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return app

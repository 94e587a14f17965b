"""A platform as a Flask application."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Flask, Response

from idp.sandbox.platform.endpoints import entra, genesys, google, oauth2, oidc, ringcentral, salesforce
from idp.sandbox.platform.kinds import OIDC, Kind
from idp.sandbox.platform.people import Person
from idp.sandbox.platform.state import Platform, PlatformClient

# No form-action: Chromium applies it to every redirect after the form, and those lead to other hosts.
POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"

ENDPOINTS: dict[str, Blueprint] = {
    "oidc": oidc.blueprint,
    "google": google.blueprint,
    "entra": entra.blueprint,
    "genesys": genesys.blueprint,
    "ringcentral": ringcentral.blueprint,
    "salesforce": salesforce.blueprint,
    "oauth2": oauth2.blueprint,
}


def create_platform(
    issuer: str,
    clients: Iterable[PlatformClient],
    people: Iterable[Person] | None = None,
    *,
    kind: Kind = OIDC,
) -> Flask:
    """Return the platform's application; its :class:`Platform` is in ``extensions["platform"]``.

    It keeps everything in memory: serve it with one process, and several threads, as it can be slow.

    :param issuer: where it will be reached, without a trailing slash; with a path,
        mount the application there.
    :param people: who signs in; by default those of the kind.
    """
    app = Flask(__name__)
    platform = Platform(
        issuer=issuer,
        clients={client.client_id: client for client in clients},
        people={person.key: person for person in (kind.people if people is None else people)},
        kind=kind,
    )
    app.extensions["platform"] = platform
    app.register_blueprint(ENDPOINTS[kind.code])

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

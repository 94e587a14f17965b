"""Writing authorization responses: the only module that does (RFC 6749 §4.1.2, RFC 9207)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Response
from werkzeug.datastructures import Headers

from idp.browser.runtime import parts
from idp.domain.authorization_request import AuthorizationRequest
from idp.protocol.errors import OAuthError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class _Verbatim(Response):
    """A redirect whose address reaches the client as it was registered; werkzeug would normalise it."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        headers = super().get_wsgi_headers(environ)
        headers["Location"] = self.headers["Location"]
        return headers


def success(request: AuthorizationRequest, code: str) -> Response:
    """Send a code to the client."""
    return _to(request.redirect_uri, code=code, state=request.state)


def failure(redirect_uri: str, state: str | None, error: OAuthError) -> Response:
    """Send an error to the client.

    :param redirect_uri: known to be the client's.
    """
    return _to(redirect_uri, error=error.error, error_description=error.description, state=state)


def _to(redirect_uri: str, **parameters: str | None) -> Response:
    """Redirect with 303, which a browser follows by GET whatever it sent (RFC 9700 §4.12).

    A query that was registered with the redirect URI stays as it is.
    """
    answer = {name: value for name, value in parameters.items() if value is not None}
    query = urlencode({**answer, "iss": parts().settings.issuer})
    separator = "&" if "?" in redirect_uri else "?"
    return _Verbatim(status=303, headers={"Location": f"{redirect_uri}{separator}{query}"})

"""Sending a browser to a service, at the address that the service registered, to the letter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Response
from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class _Verbatim(Response):
    """A redirect whose address reaches the service as it was registered; werkzeug would normalise it."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Keep the address out of werkzeug's sight."""
        address = self.headers.pop("Location")
        found = super().get_wsgi_headers(environ)
        self.headers["Location"] = found["Location"] = address
        return found


def sent_to(uri: str, added: Mapping[str, str]) -> Response:
    """Redirect with 303, which a browser follows by GET whatever it sent (RFC 9700 §4.12).

    :param uri: a registered one; a query that it has stays as it is.
    :param added: parameters to add to the query; possibly none.
    """
    query = urlencode(added)
    separator = ("&" if "?" in uri else "?") if query else ""
    return _Verbatim(status=303, headers={"Location": f"{uri}{separator}{query}"})

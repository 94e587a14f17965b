"""What no part of us can store or compare is refused before any view sees it, and what decides nothing is put aside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, abort, request

from idp.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NUL = "\0"


def init_app(app: Flask, settings: Settings) -> None:
    """Refuse a NUL character in path or query, which PostgreSQL's text cannot hold, and a query with raw bytes.

    A URL is ASCII (RFC 3986 §2); bytes that are not even UTF-8 break whoever decodes them.
    The issuer is a setting, so the ``Host`` that a request names is not looked at.
    """
    app.wsgi_app = _called(urlsplit(settings.issuer).netloc, app.wsgi_app)  # type: ignore[assignment,method-assign]

    @app.before_request
    def refuse() -> None:
        query = request.query_string
        if NUL in request.path or b"%00" in query or NUL.encode() in query or not query.isascii():
            abort(400)


def _called(host: str, application: WSGIApplication) -> WSGIApplication:
    """Let an application be called by one name alone: by one that cannot be a name, Flask builds no URL, nor a page."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["HTTP_HOST"] = host
        return application(environ, start_response)

    return answer

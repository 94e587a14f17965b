"""What no part of us can store or compare is refused before any view sees it."""

from __future__ import annotations

from flask import Flask, abort, request

NUL = "\0"


def init_app(app: Flask) -> None:
    """Refuse a NUL character in path or query, which PostgreSQL's text cannot hold, and a query with raw bytes.

    A URL is ASCII (RFC 3986 §2); bytes that are not even UTF-8 break whoever decodes them.
    """

    @app.before_request
    def refuse() -> None:
        query = request.query_string
        if NUL in request.path or b"%00" in query or NUL.encode() in query or not query.isascii():
            abort(400)

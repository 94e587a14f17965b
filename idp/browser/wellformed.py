"""What no part of us can store or compare is refused before any view sees it."""

from __future__ import annotations

from flask import Flask, abort, request

NUL = "\0"


def init_app(app: Flask) -> None:
    """Refuse a NUL character in path or query: PostgreSQL's text cannot hold one."""

    @app.before_request
    def refuse_nul() -> None:
        if NUL in request.path or b"%00" in request.query_string or NUL.encode() in request.query_string:
            abort(400)

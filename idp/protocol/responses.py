"""Writing JSON answers of the protocol endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.oauth2 import OAuth2Error
from flask import Response, json

from idp.protocol.errors import OAuthError

ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
"""Endpoints without cookies may be called from any page (CONTRACT §4)."""


_JSON_FOR_ANYBODY = [
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("Pragma", "no-cache"),
    *ANY_ORIGIN.items(),
]


def json_response(body: Mapping[str, Any], *, status: int = 200) -> Response:
    """Return JSON that nobody keeps (RFC 6749 §5.1)."""
    return Response(json.dumps(body), status=status, headers=_JSON_FOR_ANYBODY)


def refusal(error: OAuth2Error) -> Response:
    """Return what Authlib's error says, with its status and headers (RFC 6749 §5.2)."""
    response = Response(json.dumps(dict(error.get_body())), status=error.status_code)
    response.headers.update(error.get_headers())
    return response


def error_response(error: OAuthError) -> Response:
    """Return an error by RFC 6749 §5.2."""
    return json_response(error.as_json(), status=error.status)


def preflight(*methods: str) -> Response:
    """Answer a CORS preflight of an endpoint that uses no cookies (Fetch standard)."""
    response = Response(status=204)
    response.headers.update(ANY_ORIGIN)
    response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
    response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
    response.headers["Access-Control-Max-Age"] = "600"
    return response

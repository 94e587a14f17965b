"""``/sdk/``: the script for platforms' pages and its types, as released.

A folder here is a version, and never changes once released, so that pages can
name the script's hash (Subresource Integrity). The bytes are read once. No
cookie is read or set: whoever asks gets the same.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

VERSIONS = ("1.0.0",)
"""Released versions, newest first."""
TYPES = {"session.js": "text/javascript; charset=utf-8", "session.d.ts": "text/plain; charset=utf-8"}
"""File → its media type; TypeScript has none of its own."""
NEWEST_MAX_AGE_SECONDS = 300
EXACT_MAX_AGE_SECONDS = 31_536_000
HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}

_FOLDER = Path(__file__).parent
_RELEASED = {version: {name: (_FOLDER / version / name).read_bytes() for name in TYPES} for version in VERSIONS}

blueprint = Blueprint("sdk", __name__, url_prefix="/sdk")


@blueprint.get("/<any('session.js', 'session.d.ts'):name>")
def newest(name: str) -> ResponseReturnValue:
    """Give the newest release, to be asked for again soon."""
    return _file(VERSIONS[0], name, f"public, max-age={NEWEST_MAX_AGE_SECONDS}")


@blueprint.get("/<version>/<any('session.js', 'session.d.ts'):name>")
def exact(version: str, name: str) -> ResponseReturnValue:
    """Give one release, to be kept for good."""
    if version not in _RELEASED:
        sentence = f"There is no such version of {name}; there are: {', '.join(VERSIONS)}.\n"
        return Response(sentence, status=404, mimetype="text/plain", headers={**HEADERS, "Cache-Control": "no-store"})
    return _file(version, name, f"public, max-age={EXACT_MAX_AGE_SECONDS}, immutable")


def _file(version: str, name: str, kept: str) -> Response:
    body = _RELEASED[version][name]
    response = Response(body, content_type=TYPES[name], headers={**HEADERS, "Cache-Control": kept})
    response.set_etag(sha256(body).hexdigest())
    response.make_conditional(request)
    return response

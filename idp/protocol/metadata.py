"""Discovery (OpenID Connect Discovery 1.0 §3, RFC 8414) and the key set: true of what is built, no more and no less.

Each protocol module describes what it answers; a module that is not
registered is not described. The documents are the same for a process' whole
life, so their bytes are made once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from flask import Blueprint, Response, current_app, json
from flask.typing import ResponseReturnValue

from idp.browser.runtime import parts
from idp.protocol.responses import ANY_ORIGIN, preflight
from idp.settings import JWKS_MAX_AGE_SECONDS

OPENID_PATH = "/.well-known/openid-configuration"
OAUTH_PATH = "/.well-known/oauth-authorization-server"
JWKS_PATH = "/oauth/jwks"
METADATA_MAX_AGE_SECONDS = 300

blueprint = Blueprint("metadata", __name__)


class Described(Protocol):
    """A protocol module: its routes, and what it adds to the metadata."""

    blueprint: Blueprint

    def described(self, issuer: str) -> dict[str, Any]:
        """Return members of the metadata, by their registered names."""


def described(issuer: str) -> dict[str, Any]:
    """Return what stands at this module's own addresses."""
    return {"issuer": issuer, "jwks_uri": f"{issuer}{JWKS_PATH}"}


def document(issuer: str, modules: Iterable[Described]) -> dict[str, Any]:
    """Return the metadata of the provider."""
    members: dict[str, Any] = {}
    for module in modules:
        members |= module.described(issuer)
    return members


def init_app(issuer: str, modules: Iterable[Described]) -> bytes:
    """Return the document's bytes, made once."""
    return json.dumps(document(issuer, modules)).encode()


@blueprint.get(OPENID_PATH, provide_automatic_options=False)
@blueprint.get(OAUTH_PATH, provide_automatic_options=False)
def metadata() -> ResponseReturnValue:
    """Describe the provider."""
    return _cacheable(current_app.extensions["metadata"], METADATA_MAX_AGE_SECONDS)


@blueprint.get(JWKS_PATH, provide_automatic_options=False)
def jwks() -> ResponseReturnValue:
    """Publish the keys that verify our tokens."""
    return _cacheable(parts().keys.jwks(now=parts().clock.now()), JWKS_MAX_AGE_SECONDS)


@blueprint.route(OPENID_PATH, methods=["OPTIONS"])
@blueprint.route(OAUTH_PATH, methods=["OPTIONS"])
@blueprint.route(JWKS_PATH, methods=["OPTIONS"])
def metadata_preflight() -> ResponseReturnValue:
    """Let pages of any origin read."""
    return preflight("GET")


def _cacheable(body: bytes, seconds: int) -> Response:
    response = Response(body, mimetype="application/json")
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.headers.update(ANY_ORIGIN)
    return response

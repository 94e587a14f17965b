"""The revocation endpoint (RFC 7009)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from idp.browser.runtime import parts
from idp.domain.client_words import AuthMethod
from idp.protocol.responses import ANY_ORIGIN, preflight
from idp.protocol.token_calls import TokenCall, answer_call
from idp.services.oauth import revocation
from idp.tokens import client_assertion

PATH = "/oauth/revoke/"
blueprint = Blueprint("revocation", __name__)


def described(issuer: str) -> dict[str, Any]:
    """Return what this endpoint adds to the metadata (RFC 8414 §2)."""
    return {
        "revocation_endpoint": f"{issuer}{PATH}",
        "revocation_endpoint_auth_methods_supported": list(AuthMethod),
        "revocation_endpoint_auth_signing_alg_values_supported": list(client_assertion.SUPPORTED),
    }


@blueprint.post(PATH, provide_automatic_options=False)
def revoke() -> ResponseReturnValue:
    """Take a token back. Whatever it was, the answer is the same (RFC 7009 §2.2)."""
    return answer_call(PATH, _revoke, headers=ANY_ORIGIN)


@blueprint.route(PATH, methods=["OPTIONS"])
def revoke_preflight() -> ResponseReturnValue:
    """Let pages of any origin call without cookies."""
    return preflight("POST")


def _revoke(call: TokenCall) -> Response:
    revocation.revoke(call.token, call.client, parts=parts(), context=call.context)
    return Response(status=200)

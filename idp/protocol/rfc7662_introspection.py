"""The introspection endpoint (RFC 7662). Services call it, never pages: no CORS."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, json
from flask.typing import ResponseReturnValue

from idp.browser.runtime import parts
from idp.domain.client_words import AuthMethod
from idp.protocol.client_authentication import ClientNotAuthenticated
from idp.protocol.token_calls import TokenCall, answer_call
from idp.services.oauth import introspection
from idp.tokens import client_assertion

PATH = "/oauth/introspect/"
blueprint = Blueprint("introspection", __name__)


def described(issuer: str) -> dict[str, Any]:
    """Return what this endpoint adds to the metadata (RFC 8414 §2); public clients are not served."""
    return {
        "introspection_endpoint": f"{issuer}{PATH}",
        "introspection_endpoint_auth_methods_supported": [one for one in AuthMethod if one is not AuthMethod.NONE],
        "introspection_endpoint_auth_signing_alg_values_supported": list(client_assertion.SUPPORTED),
    }


@blueprint.post(PATH, provide_automatic_options=False)
def introspect() -> ResponseReturnValue:
    """Say whether a token counts, and what it says."""
    return answer_call(PATH, _introspect, headers={})


def _introspect(call: TokenCall) -> Response:
    if call.client.metadata.is_public:
        # Whoever knows its client_id could ask in its name (RFC 7662 §2.1, §4).
        raise ClientNotAuthenticated
    found = introspection.introspect(call.token, call.client, parts=parts(), context=call.context)
    return Response(json.dumps(found), mimetype="application/json")

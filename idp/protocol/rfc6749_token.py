"""The token endpoint (RFC 6749 §3.2; OpenID Connect Core §3.1.3). A hot path."""

from __future__ import annotations

from typing import Any

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from idp.browser.runtime import parts
from idp.domain.client_words import AuthMethod, SigningAlg
from idp.protocol import parameters
from idp.protocol.errors import invalid_request
from idp.protocol.grants import GRANTS
from idp.protocol.parameters import Unreadable
from idp.protocol.responses import error_response, preflight
from idp.protocol.server import TokenRequest, TokenServer
from idp.services.oauth.claims import CLAIMS
from idp.tokens import client_assertion, id_token

PATH = "/oauth/token/"
blueprint = Blueprint("token", __name__)

_server = TokenServer()
for _grant in GRANTS:
    _server.register_grant(_grant)


def described(issuer: str) -> dict[str, Any]:
    """Return what this endpoint, and the tokens it gives, add to the metadata."""
    return {
        "token_endpoint": f"{issuer}{PATH}",
        "grant_types_supported": [grant.GRANT_TYPE for grant in GRANTS],
        "token_endpoint_auth_methods_supported": list(AuthMethod),
        "token_endpoint_auth_signing_alg_values_supported": list(client_assertion.SUPPORTED),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(SigningAlg),
        "claim_types_supported": ["normal"],
        "claims_supported": [*id_token.REGISTERED, *CLAIMS],
    }


@blueprint.post(PATH, provide_automatic_options=False)
def token() -> ResponseReturnValue:
    """Give tokens for a grant."""
    try:
        sent = parameters.of_form(request)
    except Unreadable as unreadable:
        return error_response(invalid_request(str(unreadable)))
    if sent.doubled:
        return error_response(invalid_request("A parameter occurs more than once."))
    if sent.get("grant_type") is None:
        return error_response(invalid_request("The parameter grant_type is missing."))
    prepared = TokenRequest(request, sent, uri=f"{parts().settings.issuer}{PATH}")
    try:
        answer: Any = _server.create_token_response(prepared)
    except OAuth2Error as error:  # raised before Authlib catches: nothing else may leave as a 500
        answer = _server.handle_error_response(prepared, error)
    return answer  # type: ignore[no-any-return]


@blueprint.route(PATH, methods=["OPTIONS"])
def token_preflight() -> ResponseReturnValue:
    """Let pages of any origin call without cookies."""
    return preflight("POST")

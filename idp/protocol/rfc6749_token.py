"""The token endpoint (RFC 6749 §3.2; OpenID Connect Core §3.1.3). A hot path."""

from __future__ import annotations

from typing import Any

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from idp.domain.client_words import AuthMethod, SigningAlg
from idp.protocol import grants, parameters
from idp.protocol.client_request import ClientRequest
from idp.protocol.errors import invalid_request
from idp.protocol.parameters import Unreadable
from idp.protocol.responses import ANY_ORIGIN, error_response, json_response, preflight, refusal
from idp.services.oauth.claims import CLAIMS
from idp.tokens import client_assertion, id_token

PATH = "/oauth/token/"
blueprint = Blueprint("token", __name__)


def described(issuer: str) -> dict[str, Any]:
    """Return what this endpoint, and the tokens it gives, add to the metadata."""
    return {
        "token_endpoint": f"{issuer}{PATH}",
        "grant_types_supported": list(grants.BY_TYPE),
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
    try:
        return json_response(grants.give(ClientRequest.of(request, sent, path=PATH)))
    except OAuth2Error as error:
        refused = refusal(error)
        refused.headers.update(ANY_ORIGIN)
        return refused


@blueprint.route(PATH, methods=["OPTIONS"])
def token_preflight() -> ResponseReturnValue:
    """Let pages of any origin call without cookies."""
    return preflight("POST")

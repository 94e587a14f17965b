"""Discovery (OpenID Connect Discovery 1.0 §3, RFC 8414) and the key set: true of what is built, no more and no less.

Both documents are the same for a process' whole life, so their bytes are made once.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, json
from flask.typing import ResponseReturnValue

from idp.browser.language import LANGUAGES
from idp.browser.runtime import parts
from idp.domain.authentication import ACR_INTERACTIVE
from idp.domain.client_metadata import AuthMethod, GrantType, ResponseType, SigningAlg
from idp.domain.pkce import METHOD
from idp.domain.scope import BUILT
from idp.protocol import oidc_userinfo, rfc6749_authorize, rfc6749_token
from idp.protocol.responses import ANY_ORIGIN, preflight
from idp.services.oauth.claims import CLAIMS
from idp.settings import JWKS_MAX_AGE_SECONDS

OPENID_PATH = "/.well-known/openid-configuration"
OAUTH_PATH = "/.well-known/oauth-authorization-server"
JWKS_PATH = "/oauth/jwks"
METADATA_MAX_AGE_SECONDS = 300
_REGISTERED_CLAIMS = (*("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"),)

blueprint = Blueprint("metadata", __name__)


def document(issuer: str) -> dict[str, Any]:
    """Return the metadata of the provider."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}{rfc6749_authorize.PATH}",
        "token_endpoint": f"{issuer}{rfc6749_token.PATH}",
        "userinfo_endpoint": f"{issuer}{oidc_userinfo.PATH}",
        "jwks_uri": f"{issuer}{JWKS_PATH}",
        "scopes_supported": list(BUILT),
        "response_types_supported": list(ResponseType),
        "response_modes_supported": ["query"],
        "grant_types_supported": [GrantType.AUTHORIZATION_CODE],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(SigningAlg),
        "token_endpoint_auth_methods_supported": list(AuthMethod),
        "code_challenge_methods_supported": [METHOD],
        "claim_types_supported": ["normal"],
        "claims_supported": [*_REGISTERED_CLAIMS, *CLAIMS],
        "acr_values_supported": [ACR_INTERACTIVE],
        "prompt_values_supported": ["none"],
        "ui_locales_supported": list(LANGUAGES),
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def init_app(issuer: str) -> bytes:
    """Return the document's bytes, made once."""
    return json.dumps(document(issuer)).encode()


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

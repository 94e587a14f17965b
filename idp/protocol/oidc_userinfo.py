"""The userinfo endpoint (OpenID Connect Core §5.3, RFC 6750)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from idp.browser.runtime import context, parts
from idp.domain.errors import AccessTokenRefused, ScopeInsufficient
from idp.protocol import parameters
from idp.protocol.errors import OAuthError, invalid_request, to_oauth
from idp.protocol.parameters import FORM_TYPE, Unreadable
from idp.protocol.responses import error_response, json_response, preflight
from idp.services.oauth import userinfo as userinfo_service

PATH = "/oauth/userinfo/"
blueprint = Blueprint("userinfo", __name__)


def described(issuer: str) -> dict[str, Any]:
    """Return what this endpoint adds to the metadata."""
    return {"userinfo_endpoint": f"{issuer}{PATH}"}


@blueprint.route(PATH, methods=["GET", "POST"], provide_automatic_options=False)
def userinfo() -> ResponseReturnValue:
    """Say who the token's person is."""
    try:
        token = _presented_token()
    except Unreadable as unreadable:
        return _challenge(invalid_request(str(unreadable)))
    if token is None:
        return _challenge(None)
    try:
        return json_response(userinfo_service.of_token(token, parts=parts(), context=context()))
    except (AccessTokenRefused, ScopeInsufficient) as refused:
        return _challenge(to_oauth(refused))


@blueprint.route(PATH, methods=["OPTIONS"])
def userinfo_preflight() -> ResponseReturnValue:
    """Let pages of any origin call without cookies."""
    return preflight("GET", "POST")


def _presented_token() -> str | None:
    """Return the token of the header, or of a form body (RFC 6750 §2.1, §2.2). In the query it does not count.

    :raises Unreadable: two tokens, or a body that cannot be read.
    """
    scheme, _, in_header = request.headers.get("Authorization", "").partition(" ")
    header_token = in_header.strip() if scheme.lower() == "bearer" else None
    if request.method != "POST" or request.mimetype != FORM_TYPE:
        return header_token or None
    sent = parameters.of_form(request)
    form_token = sent.get("access_token")
    if "access_token" in sent.doubled or (header_token and form_token):
        raise Unreadable("The access token occurs more than once.")
    return header_token or form_token


def _challenge(error: OAuthError | None) -> Response:
    """Refuse as RFC 6750 §3 says; a request without a token is told no error code (§3.1)."""
    if error is None:
        response = json_response({}, status=401)
        response.headers["WWW-Authenticate"] = 'Bearer realm="deepdesk-idp"'
        return response
    response = error_response(error)
    response.headers["WWW-Authenticate"] = (
        f'Bearer realm="deepdesk-idp", error="{error.error}", error_description="{error.description}"'
    )
    return response

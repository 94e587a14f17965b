"""A contact centre platform that is an OpenID Provider by the book."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from idp.sandbox.platform import authorize
from idp.sandbox.platform.exchange import (
    authenticated_client,
    bearer_grant,
    current_platform,
    error,
    instead_of_tokens,
    new_access_token,
    no_such_token,
    redeemed,
    token_answer,
)
from idp.sandbox.platform.publishing import keys, metadata
from idp.sandbox.platform.state import Grant, Platform
from idp.sandbox.platform.tokens import description, id_token, protocol_claims, userinfo_subject

blueprint = Blueprint("oidc", __name__)
authorize.offer(blueprint, "/authorize")
blueprint.add_url_rule("/keys", view_func=keys)


@blueprint.get("/.well-known/openid-configuration")
def discovery() -> ResponseReturnValue:
    """Say what this provider can do."""
    platform = current_platform()
    return metadata(
        platform,
        {
            "issuer": platform.issuer,
            "authorization_endpoint": f"{platform.issuer}/authorize",
            "token_endpoint": f"{platform.issuer}/token",
            "userinfo_endpoint": f"{platform.issuer}/userinfo",
            "jwks_uri": f"{platform.issuer}/keys",
            "scopes_supported": ["openid", "profile", "email"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        },
    )


@blueprint.post("/token")
def exchange() -> ResponseReturnValue:
    """Redeem a code (RFC 6749 §4.1.3), or fail as that sign-in's fault says."""
    platform = current_platform()
    client = authenticated_client(platform)
    if client is None or platform.secret_expired:
        return error("invalid_client", 401)
    if request.form.get("grant_type") != "authorization_code":
        return error("unsupported_grant_type")
    grant = redeemed(platform, client)
    if grant is None:
        return error("invalid_grant")
    return instead_of_tokens(platform, grant.fault) or _tokens(platform, grant)


def _tokens(platform: Platform, grant: Grant) -> ResponseReturnValue:
    claims = protocol_claims(platform, grant, issuer=platform.issuer, subject=grant.person.subject)
    claims["auth_time"] = int(grant.authenticated_at.timestamp())
    claims |= description(platform, grant)
    return token_answer(
        new_access_token(platform, grant),
        scope=" ".join(grant.scopes),
        id_token=id_token(platform, grant, claims),
    )


@blueprint.route("/userinfo", methods=["GET", "POST"])
def describe() -> ResponseReturnValue:
    """Describe the person whom an access token stands for (OpenID Connect Core §5.3)."""
    platform = current_platform()
    grant = bearer_grant(platform)
    if grant is None:
        return no_such_token()
    subject = userinfo_subject(grant, grant.person.subject)
    return jsonify({"sub": subject, **platform.kind.describe(grant.person, grant.scopes)})

"""The platform's endpoints for software: discovery, keys, token, userinfo."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_plus

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from idp.sandbox.platform.faults import Fault
from idp.sandbox.platform.state import TOKEN_LIFETIME, Grant, Platform, PlatformClient, platform_of
from idp.sandbox.platform.tokens import id_token, userinfo

blueprint = Blueprint("software", __name__)

HUGE_BYTES = 2 * 1024 * 1024


@blueprint.get("/.well-known/openid-configuration")
def discovery() -> ResponseReturnValue:
    """Say what this provider can do (OpenID Connect Discovery 1.0 §3)."""
    platform = platform_of(current_app)
    metadata: dict[str, Any] = {
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
    }
    metadata |= platform.metadata_changes
    return jsonify({name: value for name, value in metadata.items() if value is not None})


@blueprint.get("/keys")
def keys() -> ResponseReturnValue:
    """Publish the public keys (RFC 7517 §5)."""
    return jsonify(keys=platform_of(current_app).keys.published())


@blueprint.post("/token")
def exchange() -> ResponseReturnValue:
    """Redeem a code (RFC 6749 §4.1.3), or fail as that sign-in's fault says."""
    platform = platform_of(current_app)
    client = _authenticated_client(platform)
    if client is None:
        return _error("invalid_client", 401)
    if request.form.get("grant_type") != "authorization_code":
        return _error("unsupported_grant_type")
    grant = platform.redeem_code(request.form.get("code", ""))
    if grant is None or not _fits(grant, client):
        return _error("invalid_grant")
    instead = _instead_of_tokens(platform, grant.fault)
    return _tokens(platform, grant) if instead is None else instead


def _instead_of_tokens(platform: Platform, fault: Fault) -> ResponseReturnValue | None:
    """Return what a fault of the transport answers; none where tokens follow, perhaps late."""
    match fault:
        case Fault.SERVER_ERROR:
            return _error("server_error", 500)
        case Fault.HTML:
            return "<!doctype html><title>Down for maintenance</title><p>Please come back later."
        case Fault.HUGE:
            return jsonify(padding="x" * HUGE_BYTES)
        case Fault.SLOW:
            platform.wait_slowly()
        case Fault.ROTATED_KEY:
            platform.keys.rotate()
        case _:
            pass
    return None


def _tokens(platform: Platform, grant: Grant) -> ResponseReturnValue:
    access = platform.issue_access_token(replace(grant, expires_at=platform.now() + TOKEN_LIFETIME))
    return jsonify(
        access_token=access,
        token_type="Bearer",  # noqa: S106 - a kind, not a secret
        expires_in=int(TOKEN_LIFETIME.total_seconds()),
        scope=" ".join(grant.scopes),
        id_token=id_token(platform, grant),
    )


@blueprint.route("/userinfo", methods=["GET", "POST"])
def describe() -> ResponseReturnValue:
    """Describe the person whom an access token stands for (OpenID Connect Core §5.3)."""
    platform = platform_of(current_app)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    grant = platform.grant_of(token) if scheme.lower() == "bearer" else None
    if grant is None:
        return "", 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return jsonify(userinfo(platform, grant))


def _authenticated_client(platform: Platform) -> PlatformClient | None:
    """Return the client by HTTP Basic or by form fields (RFC 6749 §2.3.1)."""
    basic = request.authorization
    if basic is not None and basic.type == "basic":
        name, secret = (unquote_plus(part or "") for part in (basic.username, basic.password))
    else:
        name, secret = request.form.get("client_id", ""), request.form.get("client_secret", "")
    client = platform.clients.get(name)
    known = client is not None and hmac.compare_digest(client.client_secret.encode(), secret.encode())
    return client if known else None


def _fits(grant: Grant, client: PlatformClient) -> bool:
    verifier = request.form.get("code_verifier", "").encode()
    hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=").decode()
    return (
        grant.client_id == client.client_id
        and grant.redirect_uri == request.form.get("redirect_uri")
        and hmac.compare_digest(hashed, grant.challenge)
    )


def _error(code: str, status: int = 400) -> ResponseReturnValue:
    return jsonify(error=code), status

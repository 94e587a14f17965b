"""What the token endpoints and the APIs of all platforms share: clients, codes, access tokens, and the faults there."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_plus

from flask import current_app, jsonify, request
from flask.typing import ResponseReturnValue

from idp.sandbox.platform.faults import Fault
from idp.sandbox.platform.state import TOKEN_LIFETIME, Grant, Platform, PlatformClient, platform_of

HUGE_BYTES = 2 * 1024 * 1024


def current_platform() -> Platform:
    """Return the platform that answers this request."""
    return platform_of(current_app)


def authenticated_client(platform: Platform) -> PlatformClient | None:
    """Return the client by HTTP Basic or by form fields (RFC 6749 §2.3.1)."""
    for name, secret in _credentials():
        client = platform.clients.get(name)
        if client is not None and hmac.compare_digest(client.client_secret.encode(), secret.encode()):
            return client
    return None


def client_by_proof(platform: Platform) -> PlatformClient | None:
    """Return the client of a request that brings a PKCE verifier and no secret."""
    if request.authorization is not None or "client_secret" in request.form or "code_verifier" not in request.form:
        return None
    return platform.clients.get(request.form.get("client_id", ""))


def _credentials() -> Iterator[tuple[str, str]]:
    """Yield name and secret as sent: encoded for a form, as the RFC says, then as they are, which many do."""
    basic = request.authorization
    if basic is None or basic.type != "basic":
        yield request.form.get("client_id", ""), request.form.get("client_secret", "")
        return
    name, secret = basic.username or "", basic.password or ""
    yield unquote_plus(name), unquote_plus(secret)
    if current_platform().kind.code != "oidc":
        yield name, secret


def redeemed(platform: Platform, client: PlatformClient) -> Grant | None:
    """Spend the code of this request; none if it is not this client's, or its verifier is wrong."""
    grant = platform.redeem_code(request.form.get("code", ""))
    if grant is None or grant.client_id != client.client_id:
        return None
    fits = grant.redirect_uri == request.form.get("redirect_uri") and _is_verified(grant)
    return grant if fits else None


def _is_verified(grant: Grant) -> bool:
    """Say whether the verifier belongs to the challenge; without a challenge there is none to check."""
    if grant.challenge is None:
        return True
    verifier = request.form.get("code_verifier", "").encode()
    hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(hashed, grant.challenge)


def instead_of_tokens(platform: Platform, fault: Fault) -> ResponseReturnValue | None:
    """Return what a fault of the transport answers; none where tokens follow, perhaps late."""
    match fault:
        case Fault.SERVER_ERROR:
            return error("server_error", 500)
        case Fault.HTML:
            return _web_page()
        case Fault.HUGE:
            return _huge()
        case Fault.SLOW:
            platform.wait_slowly()
        case Fault.ROTATED_KEY:
            platform.keys.rotate()
        case _:
            pass
    return None


def instead_of_profile(fault: Fault, refusal: ResponseReturnValue) -> ResponseReturnValue | None:
    """Return what a fault answers where an API tells who the person is.

    :param refusal: how this API refuses an access token.
    """
    match fault:
        case Fault.PROFILE_SERVER_ERROR:
            return error("server_error", 500)
        case Fault.PROFILE_HTML:
            return _web_page()
        case Fault.PROFILE_HUGE:
            return _huge()
        case Fault.PROFILE_UNAUTHORISED:
            return refusal
        case _:
            return None


def _web_page() -> ResponseReturnValue:
    return "<!doctype html><title>Down for maintenance</title><p>Please come back later."


def _huge() -> ResponseReturnValue:
    return jsonify(padding="x" * HUGE_BYTES)


def new_access_token(platform: Platform, grant: Grant) -> str:
    """Return an access token for what was granted."""
    return platform.issue_access_token(replace(grant, expires_at=platform.now() + TOKEN_LIFETIME))


def token_answer(access_token: str, **more: Any) -> ResponseReturnValue:
    """Return a successful answer of a token endpoint (RFC 6749 §5.1)."""
    always = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": int(TOKEN_LIFETIME.total_seconds()),
    }
    return jsonify(always | more)


def bearer_grant(platform: Platform) -> Grant | None:
    """Return what the access token of this request stands for (RFC 6750 §2.1)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return platform.grant_of(token) if scheme.lower() == "bearer" else None


def error(code: str, status: int = 400, **more: Any) -> ResponseReturnValue:
    """Return an error of a token endpoint (RFC 6749 §5.2)."""
    return jsonify(error=code, **more), status


def no_such_token() -> ResponseReturnValue:
    """Refuse an access token by its header alone (RFC 6750 §3)."""
    return "", 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}

"""ID tokens of the platform, genuine or with one of the faults."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from idp.sandbox.platform.faults import IN_THE_CLAIMS, Fault
from idp.sandbox.platform.state import Grant, Platform

ID_TOKEN_LIFETIME = timedelta(minutes=5)


def id_token(platform: Platform, grant: Grant) -> str:
    """Return the ID token of a sign-in (OpenID Connect Core §2), spoilt as its fault says."""
    claims = _claims(platform, grant)
    spoil = IN_THE_CLAIMS.get(grant.fault)
    if spoil is not None:
        spoil(claims)
    kid = str(platform.keys.current.kid)
    match grant.fault:
        case Fault.ALG_NONE:
            return f"{_unsigned({'alg': 'none'}, claims)}."
        case Fault.SHARED_SECRET:
            secret = platform.clients[grant.client_id].client_secret
            return _signed_with_secret({"alg": "HS256", "kid": kid}, claims, secret)
        case Fault.BAD_SIGNATURE:
            return _signed(claims, kid, RSAKey.generate_key(2048))
        case Fault.UNKNOWN_KEY:
            stranger = RSAKey.generate_key(2048, auto_kid=True)
            return _signed(claims, str(stranger.kid), stranger)
        case _:
            return _signed(claims, kid, platform.keys.current)


def userinfo(platform: Platform, grant: Grant) -> Mapping[str, Any]:
    """Return what userinfo says about the person (OpenID Connect Core §5.3.2)."""
    subject = grant.person.subject
    if grant.fault is Fault.WRONG_USERINFO_SUB:
        subject = "somebody-else"
    return {"sub": subject, **platform.kind.describe(grant.person, grant.scopes)}


def _claims(platform: Platform, grant: Grant) -> dict[str, Any]:
    issued = int(platform.now().timestamp())
    claims: dict[str, Any] = {
        "iss": platform.issuer,
        "sub": grant.person.subject,
        "aud": grant.client_id,
        "iat": issued,
        "exp": issued + int(ID_TOKEN_LIFETIME.total_seconds()),
        "auth_time": int(grant.authenticated_at.timestamp()),
    }
    if grant.nonce is not None:
        claims["nonce"] = grant.nonce
    # With everything in the ID token nobody would ask for user information, and the fault would not show.
    if not platform.thin_id_tokens and grant.fault is not Fault.WRONG_USERINFO_SUB:
        claims |= platform.kind.describe(grant.person, grant.scopes)
    return claims


def _signed(claims: dict[str, Any], kid: str, key: RSAKey) -> str:
    return jwt.encode({"alg": "RS256", "kid": kid, "typ": "JWT"}, claims, key)


def _signed_with_secret(header: Mapping[str, Any], claims: Mapping[str, Any], secret: str) -> str:
    signed = _unsigned(header, claims)
    return f"{signed}.{_base64url(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def _unsigned(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

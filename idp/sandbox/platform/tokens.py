"""ID tokens of the platforms, genuine or with one of the faults."""

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

from idp.sandbox.platform.faults import Fault
from idp.sandbox.platform.spoiling import IN_THE_CLAIMS
from idp.sandbox.platform.state import Grant, Platform

ID_TOKEN_LIFETIME = timedelta(minutes=5)


def protocol_claims(platform: Platform, grant: Grant, *, issuer: str, subject: str) -> dict[str, Any]:
    """Return what every ID token says, whoever the person is (OpenID Connect Core §2)."""
    issued = int(platform.now().timestamp())
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": subject,
        "aud": grant.client_id,
        "iat": issued,
        "exp": issued + int(ID_TOKEN_LIFETIME.total_seconds()),
    }
    if grant.nonce is not None:
        claims["nonce"] = grant.nonce
    return claims


def description(platform: Platform, grant: Grant) -> dict[str, Any]:
    """Return what an ID token says about the person by the kind's manners."""
    # With everything in the ID token nobody would ask for user information, and the fault would not show.
    if platform.thin_id_tokens or grant.fault is Fault.WRONG_USERINFO_SUB:
        return {}
    return platform.kind.describe(grant.person, grant.scopes)


def userinfo_subject(grant: Grant, subject: str) -> str:
    """Return whom userinfo is about (OpenID Connect Core §5.3.2)."""
    return "somebody-else" if grant.fault is Fault.WRONG_USERINFO_SUB else subject


def id_token(platform: Platform, grant: Grant, claims: dict[str, Any]) -> str:
    """Return an ID token with ``claims``, spoilt as the sign-in's fault says."""
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


def at_hash(access_token: str) -> str:
    """Return the hash that ties an access token to an ID token (OpenID Connect Core §3.1.3.6)."""
    return _base64url(hashlib.sha256(access_token.encode()).digest()[:16])


def _signed(claims: dict[str, Any], kid: str, key: RSAKey) -> str:
    return jwt.encode({"alg": "RS256", "kid": kid, "typ": "JWT"}, claims, key)


def _signed_with_secret(header: Mapping[str, Any], claims: Mapping[str, Any], secret: str) -> str:
    signed = _unsigned(header, claims)
    return f"{signed}.{_base64url(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def _unsigned(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

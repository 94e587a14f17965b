"""ID tokens (OpenID Connect Core §2)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from idp.domain.authentication import Authentication
from idp.domain.clock import unix
from idp.domain.identifiers import ClientId, SessionId, UserId
from idp.tokens.key_ring import Signer
from idp.tokens.signing import sign

TYP = "JWT"
REGISTERED = ("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash")
"""The registered claims that an ID token can have."""


def mint(
    *,
    issuer: str,
    client_id: ClientId,
    subject: UserId,
    sid: SessionId,
    authentication: Authentication,
    nonce: str | None,
    access_token: str,
    claims: Mapping[str, Any],
    signer: Signer,
    lifetime: timedelta,
    now: datetime,
) -> str:
    """Make an ID token.

    :param nonce: of the request; absent there, absent here.
    :param access_token: issued beside it, for ``at_hash`` (§3.1.3.6).
    :param claims: about the person; cannot replace a registered claim.
    """
    registered: dict[str, Any] = {
        "iss": issuer,
        "sub": subject,
        "aud": client_id,
        "exp": unix(now + lifetime),
        "iat": unix(now),
        "auth_time": unix(authentication.at),
        "acr": authentication.acr,
        "amr": list(authentication.amr),
        "sid": sid,
        "at_hash": left_half_hash(access_token),
    }
    if nonce is not None:
        registered["nonce"] = nonce
    return sign({**claims, **registered}, signer, typ=TYP)


def left_half_hash(token: str) -> str:
    """Return ``at_hash`` of a token for the algorithms in use, which all hash with SHA-256 (§3.1.3.6)."""
    half = hashlib.sha256(token.encode("ascii")).digest()[:16]
    return base64.urlsafe_b64encode(half).rstrip(b"=").decode("ascii")

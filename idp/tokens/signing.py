"""Signing claims into a compact JWS (RFC 7515 §3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joserfc import jws, jwt

from idp.domain.client_metadata import SigningAlg
from idp.tokens.key_ring import Signer

REGISTRY = jws.JWSRegistry(algorithms=list(SigningAlg))


def sign(claims: Mapping[str, Any], signer: Signer, *, typ: str) -> str:
    """Return the claims as a signed JWT with ``typ`` and ``kid`` in its header."""
    header = {"alg": signer.alg.value, "kid": signer.kid, "typ": typ}
    return jwt.encode(header, dict(claims), signer.key, registry=REGISTRY)

"""Signing claims into a compact JWS (RFC 7515 §3.1). On every hot path."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from joserfc import jws

from idp.domain.client_words import SigningAlg
from idp.tokens.key_ring import Signer

REGISTRY = jws.JWSRegistry(algorithms=list(SigningAlg))


def sign(claims: Mapping[str, Any], signer: Signer, *, typ: str) -> str:
    """Return the claims as a signed JWT with ``typ`` and ``kid`` in its header.

    The signature is the library's; the two JSON objects around it are ours, and the header is made once a key.
    """
    payload = json.dumps(claims, separators=(",", ":")).encode()
    signed = b".".join((header_of(signer.alg, signer.kid, typ), encoded(payload)))
    signature = REGISTRY.get_alg(signer.alg).sign(signed, signer.key)
    return b".".join((signed, encoded(signature))).decode("ascii")


@lru_cache(maxsize=100)
def header_of(alg: SigningAlg, kid: str, typ: str) -> bytes:
    """Return the encoded header of a kind of token under a key: its only spelling."""
    return encoded(json.dumps({"alg": alg.value, "kid": kid, "typ": typ}, separators=(",", ":")).encode())


def encoded(raw: bytes) -> bytes:
    """Return base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(raw).rstrip(b"=")

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
    signed = b".".join((_header(signer.alg, signer.kid, typ), _encoded(payload)))
    signature = REGISTRY.get_alg(signer.alg).sign(signed, signer.key)
    return b".".join((signed, _encoded(signature))).decode("ascii")


@lru_cache(maxsize=100)
def _header(alg: SigningAlg, kid: str, typ: str) -> bytes:
    return _encoded(json.dumps({"alg": alg.value, "kid": kid, "typ": typ}, separators=(",", ":")).encode())


def _encoded(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")

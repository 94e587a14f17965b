"""A client's public keys, as it registers them (RFC 7517 §5, RFC 7591 §2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.domain.errors import Invalid

MAX_KEYS = 10
_NEEDED = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def parse_public_jwks(decoded: object) -> Mapping[str, Any]:
    """Return a JWK Set when it holds public RSA and EC keys alone.

    :param decoded: from JSON.
    :raises Invalid: one sentence that says what is wrong.
    """
    keys = decoded.get("keys") if isinstance(decoded, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= MAX_KEYS:
        raise Invalid(f'the keys must be a JWK Set, {{"keys": […]}}, with 1 to {MAX_KEYS} keys')
    for key in keys:
        _check(key)
    return {"keys": keys}


def _check(key: object) -> None:
    if not isinstance(key, dict) or not isinstance(key.get("kty"), str):
        raise Invalid("each key of the JWK Set must be an object with kty")
    if _PRIVATE & key.keys():
        raise Invalid("the JWK Set holds a private or symmetric key: keep that at the client and give the public ones")
    needed = _NEEDED.get(key["kty"])
    if needed is None or not all(isinstance(key.get(name), str) for name in needed):
        raise Invalid(f"a key of the JWK Set is no complete public key of the types {' and '.join(_NEEDED)}")

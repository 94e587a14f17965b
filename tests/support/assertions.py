"""Keys of services, and the assertions that they sign with PyJWT (RFC 7523 §3)."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}


@dataclass(frozen=True, kw_only=True)
class ClientKey:
    """A key pair of a service, and the algorithm it signs with.

    :param kid: none for a key without a name.
    """

    alg: str
    private: Any = field(repr=False)
    kid: str | None = None

    @property
    def public_jwk(self) -> dict[str, Any]:
        """The public half, as it is registered."""
        family: Any = jwt.algorithms.ECAlgorithm if self.alg in _CURVES else jwt.algorithms.RSAAlgorithm
        jwk = json.loads(family.to_jwk(self.private.public_key()))
        jwk.pop("key_ops", None)
        return jwk if self.kid is None else jwk | {"kid": self.kid}

    @property
    def jwks(self) -> dict[str, Any]:
        """A set with this key alone."""
        return {"keys": [self.public_jwk]}


def key(alg: str = "ES256", *, kid: str | None = None, number: int = 0) -> ClientKey:
    """Return a key pair; another ``number`` is another pair."""
    return ClientKey(alg=alg, private=_private("RSA" if alg[:2] in {"RS", "PS"} else alg, number), kid=kid)


@cache
def _private(kind: str, number: int) -> Any:
    return rsa.generate_private_key(65537, 2048) if kind == "RSA" else ec.generate_private_key(_CURVES[kind]())


def claims(client_id: str, audience: Any, now: int, **changes: Any) -> dict[str, Any]:
    """Return what an assertion has to say; a change to none leaves a claim out."""
    said = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "exp": now + 60,
        "iat": now,
        "jti": secrets.token_urlsafe(16),
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


def signed(said: dict[str, Any], by: ClientKey | str, **header: Any) -> str:
    """Sign an assertion with a key, or with a shared secret.

    :param header: other members; none leaves one out.
    """
    alg, secret = ("HS256", by) if isinstance(by, str) else (by.alg, by.private)
    named = {} if isinstance(by, str) or by.kid is None else {"kid": by.kid}
    return jwt.encode(said, secret, algorithm=alg, headers={**named, **header})

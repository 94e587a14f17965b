"""The public keys of an upstream (RFC 7517), and the algorithms that we take from anybody."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.domain.errors import UpstreamUntrusted
from idp.outbound.http import HttpClient
from idp.upstream.answers import ask, fetched
from idp.upstream.documents import Documents

PublicKey = RSAKey | ECKey | OKPKey

_KEY_TYPES: Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_KEY_SHAPES: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
ALGORITHMS = tuple(_KEY_SHAPES)
"""Signatures with public keys only: a shared secret or ``none`` proves nothing about the sender."""

# Base64url characters of 256 bytes: a modulus of 2048 bits (RFC 7518 §3.3).
_SHORTEST_MODULUS = 342


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one ``jwks_uri`` that can verify a signature; what cannot is left out."""

    keys: tuple[PublicKey, ...]

    def candidates(self, *, kid: str | None, algorithm: str) -> tuple[PublicKey, ...]:
        """Return the keys that may have signed: of this ``kid`` where one is named, and fit for ``algorithm``."""
        return tuple(key for key in self.keys if (kid is None or key.kid == kid) and _fits(key, algorithm))

    def serves(self, algorithms: Collection[str]) -> bool:
        """Say whether any key fits any of ``algorithms``."""
        return any(_fits(key, algorithm) for key in self.keys for algorithm in algorithms)


def jwks_cache(http: HttpClient) -> Documents[KeySet]:
    """Return a cache of key sets by ``jwks_uri``."""
    return Documents(lambda uri: parse_jwks(fetched("keys", ask("keys", lambda: http.get(uri)))))


def parse_jwks(found: Mapping[str, Any]) -> KeySet:
    """Read a JWK Set, leaving out keys of other kinds and uses (RFC 7517 §5).

    :raises UpstreamUntrusted: it has no list of keys.
    """
    entries = found.get("keys")
    if not isinstance(entries, list):
        raise UpstreamUntrusted("the key document has no list of keys")
    keys = (_public_key(entry) for entry in entries if isinstance(entry, dict))
    return KeySet(tuple(key for key in keys if key is not None))


def _public_key(entry: Mapping[str, Any]) -> PublicKey | None:
    kind = _KEY_TYPES.get(str(entry.get("kty")))
    if kind is None or entry.get("use", "sig") != "sig" or not _is_long_enough(entry):
        return None
    # The certificate members prove nothing to us, and a malformed one must not cost the key.
    wanted = {name: entry[name] for name in ("kty", "kid", "alg", "n", "e", "crv", "x", "y") if name in entry}
    try:
        return kind.import_key(wanted)
    except (JoseError, ValueError, TypeError):
        return None


def _is_long_enough(entry: Mapping[str, Any]) -> bool:
    modulus = entry.get("n")
    return entry.get("kty") != "RSA" or (isinstance(modulus, str) and len(modulus) >= _SHORTEST_MODULUS)


def _fits(key: PublicKey, algorithm: str) -> bool:
    kind, curve = _KEY_SHAPES[algorithm]
    if key.key_type != kind or key.alg not in (None, algorithm):
        return False
    return curve is None or key.get("crv") == curve

"""Making signing keys, and reading them from their rows."""

from __future__ import annotations

import json
from datetime import datetime
from typing import cast

from joserfc.jwk import ECKey, RSAKey

from idp.domain.client_metadata import SigningAlg
from idp.store.signing_keys import KeyState, KeyUse, SigningKey
from idp.tokens.sealing import Sealer

RSA_BITS = 2048

Key = RSAKey | ECKey


def generate(alg: SigningAlg) -> Key:
    """Make a key pair for an algorithm: RSA of 2048 bits, or EC on P-256 (RFC 7518 §3.3, §3.4)."""
    if alg is SigningAlg.RS256:
        return RSAKey.generate_key(RSA_BITS)
    return ECKey.generate_key("P-256")


def row_of(key: Key, alg: SigningAlg, *, state: KeyState, sealer: Sealer, now: datetime) -> SigningKey:
    """Return the row that keeps a key; its ``kid`` is the thumbprint of RFC 7638."""
    kid = key.thumbprint()
    described = {"kid": kid, "use": "sig", "alg": alg.value}
    return SigningKey(
        kid=kid,
        use=KeyUse.OAUTH,
        alg=alg,
        state=state,
        public_jwk=cast(dict[str, str], key.as_dict(private=False)) | described,
        private_jwk_sealed=sealer.seal(json.dumps(key.as_dict(private=True)), record=_record(kid)),
        created_at=now,
        published_at=now,
        promoted_at=now if state is KeyState.CURRENT else None,
    )


def private_key(row: SigningKey, sealer: Sealer) -> Key:
    """Open and parse a row's private key. Parsing RSA takes tens of milliseconds: do it once a process."""
    return _parse(json.loads(sealer.open(row.private_jwk_sealed, record=_record(row.kid))))


def public_key(row: SigningKey) -> Key:
    """Parse a row's public key."""
    return _parse(row.public_jwk)


def _parse(jwk: dict[str, str]) -> Key:
    if jwk["kty"] == "RSA":
        return RSAKey.import_key(cast(dict[str, str | list[str]], jwk))
    return ECKey.import_key(cast(dict[str, str | list[str]], jwk))


def _record(kid: str) -> str:
    return f"signing_key:{kid}"

"""Making signing keys, reading them from their rows, and how long they stay published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

from joserfc.jwk import ECKey, RSAKey

from idp.domain.client_words import SigningAlg
from idp.settings import Settings
from idp.store.signing_keys import KeyState, KeyUse, SigningKey
from idp.tokens.sealing import Sealer

RSA_BITS = 2048

ALGORITHMS: Mapping[KeyUse, tuple[SigningAlg, ...]] = {
    KeyUse.OAUTH: tuple(SigningAlg),
    KeyUse.SESSION: (SigningAlg.ES256,),
}
"""Which algorithms each use has keys of."""

LEEWAY = timedelta(seconds=60)
"""For how long after its end a token may still pass where clocks differ."""
OTHERS_FOLLOW_WITHIN = timedelta(seconds=30)
"""For how long other processes may go on signing with a key that was retired (CONTRACT §6 rule 16)."""
LOGOUT_TOKEN_LIFETIME = timedelta(minutes=2)
"""The one kind of OAuth token whose lifetime is no setting (CONTRACT §5)."""

Key = RSAKey | ECKey


def generate(alg: SigningAlg) -> Key:
    """Make a key pair for an algorithm: RSA of 2048 bits, or EC on P-256 (RFC 7518 §3.3, §3.4)."""
    if alg is SigningAlg.RS256:
        return RSAKey.generate_key(RSA_BITS)
    return ECKey.generate_key("P-256")


def row_of(key: Key, alg: SigningAlg, *, use: KeyUse, state: KeyState, sealer: Sealer, now: datetime) -> SigningKey:
    """Return the row that keeps a key; its ``kid`` is the thumbprint of RFC 7638."""
    kid = key.thumbprint()
    described = {"kid": kid, "use": "sig", "alg": alg.value}
    return SigningKey(
        kid=kid,
        use=use,
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


def retention(use: KeyUse, settings: Settings) -> timedelta:
    """Return how long a key stays published once it is retired: until the last token that it signed has expired."""
    lifetimes = {
        KeyUse.OAUTH: (
            settings.lifetime("access_token_ttl"),
            settings.lifetime("id_token_ttl"),
            LOGOUT_TOKEN_LIFETIME,
        ),
        KeyUse.SESSION: (settings.lifetime("cookie_access_ttl"), settings.lifetime("cookie_refresh_ttl")),
    }
    return max(lifetimes[use]) + OTHERS_FOLLOW_WITHIN + LEEWAY


def published_until(row: SigningKey, settings: Settings) -> datetime | None:
    """Return when a retired key leaves the JWK Set; none for a key that is not retired."""
    if row.state != KeyState.RETIRED or row.retired_at is None:
        return None
    return row.retired_at + retention(KeyUse(row.use), settings)


def _parse(jwk: dict[str, str]) -> Key:
    if jwk["kty"] == "RSA":
        return RSAKey.import_key(cast(dict[str, str | list[str]], jwk))
    return ECKey.import_key(cast(dict[str, str | list[str]], jwk))


def _record(kid: str) -> str:
    return f"signing_key:{kid}"

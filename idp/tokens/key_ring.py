"""The signing keys of this process, each parsed once.

The ring looks into the database again after :data:`RELOAD_AFTER`, so a change
made elsewhere is seen within that time (CONTRACT §6 rule 16: 30 s), and an
unknown ``kid`` is looked up at once, since a new key may just have been made.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.domain.client_metadata import SigningAlg
from idp.store.signing_keys import KeyState, SigningKey
from idp.tokens.keys import Key, private_key, public_key
from idp.tokens.sealing import Sealer

RELOAD_AFTER = timedelta(seconds=15)
UNKNOWN_AFTER = timedelta(seconds=1)
"""How often unknown ``kid``s may cause a look-up, so that forged tokens cannot flood the database."""


class NoSigningKey(Exception):
    """There is no current key for an algorithm; ``idp init`` makes one."""


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that signs now."""

    kid: str
    alg: SigningAlg
    key: Key


@dataclass(frozen=True, slots=True)
class _Loaded:
    at: datetime
    signers: dict[SigningAlg, Signer]
    verifiers: dict[str, tuple[SigningAlg, Key]]
    jwks: bytes


class KeyRing:
    """Thread-safe; built empty, filled at first use.

    :param load: reads all key rows.
    """

    def __init__(self, load: Callable[[], Sequence[SigningKey]], sealer: Sealer) -> None:
        self._load = load
        self._sealer = sealer
        self._lock = threading.Lock()
        self._private: dict[str, Key] = {}
        self._loaded: _Loaded | None = None

    def signer(self, alg: SigningAlg, *, now: datetime) -> Signer:
        """Return the current key of an algorithm.

        :raises NoSigningKey: there is none.
        """
        signer = self._current(now).signers.get(alg)
        if signer is None:
            raise NoSigningKey(alg)
        return signer

    def verifier(self, kid: str, *, now: datetime) -> tuple[SigningAlg, Key] | None:
        """Return a published key and the algorithm it is for, or none."""
        found = self._current(now).verifiers.get(kid)
        return found or self._current(now, at_most=UNKNOWN_AFTER).verifiers.get(kid)

    def jwks(self, *, now: datetime) -> bytes:
        """Return the published keys as the bytes of a JWK Set (RFC 7517 §5), made once a reload."""
        return self._current(now).jwks

    def _current(self, now: datetime, *, at_most: timedelta = RELOAD_AFTER) -> _Loaded:
        loaded = self._loaded
        if loaded is not None and now - loaded.at < at_most:
            return loaded
        with self._lock:
            latest = self._loaded
            if latest is loaded or latest is None:
                latest = self._loaded = self._reload(now)
            return latest

    def _reload(self, now: datetime) -> _Loaded:
        rows = self._load()
        return _Loaded(
            at=now,
            signers={
                SigningAlg(row.alg): Signer(row.kid, SigningAlg(row.alg), self._parsed(row))
                for row in rows
                if row.state == KeyState.CURRENT
            },
            verifiers={row.kid: (SigningAlg(row.alg), public_key(row)) for row in rows},
            jwks=json.dumps({"keys": [row.public_jwk for row in rows]}, separators=(",", ":")).encode(),
        )

    def _parsed(self, row: SigningKey) -> Key:
        if row.kid not in self._private:
            self._private[row.kid] = private_key(row, self._sealer)
        return self._private[row.kid]

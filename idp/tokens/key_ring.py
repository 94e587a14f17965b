"""The signing keys of this process, each parsed once.

The ring looks into the database again after :data:`RELOAD_AFTER`, so a change
made elsewhere is seen within that time (CONTRACT §6 rule 16: 30 s), and an
unknown ``kid`` is looked up at once, since a new key may just have been made.
What is published is decided at that look: a retired key whose time has come
leaves then, although its row did not change.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.domain.client_words import SigningAlg
from idp.store.signing_keys import KeyState, KeyUse, SigningKey
from idp.tokens.keys import Key, private_key, public_key
from idp.tokens.sealing import Sealer

RELOAD_AFTER = timedelta(seconds=15)
UNKNOWN_AFTER = timedelta(seconds=1)
"""How often unknown ``kid``s may cause a look-up, so that forged tokens cannot flood the database."""
JWKS_AFTER = timedelta(seconds=1)
"""How old the JWK Set may be. Services keep it for 300 s, and the next key may sign when it has been public for just
that long: a set that was old when it was fetched would lack it."""

Verifier = tuple[SigningAlg, Key]


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
    """What one look into the database found.

    :param published: a part of ``known``.
    :param known: every key that was not revoked.
    """

    at: datetime
    signers: Mapping[SigningAlg, Signer]
    published: Mapping[str, Verifier]
    known: Mapping[str, Verifier]
    jwks: bytes


class KeyRing:
    """The keys of one use. Thread-safe; built empty, filled at first use.

    :param load: reads all key rows; those of another use are left alone.
    :param retention: how long a key stays published once it is retired.
    """

    def __init__(
        self,
        load: Callable[[], Sequence[SigningKey]],
        sealer: Sealer,
        *,
        use: KeyUse,
        retention: timedelta,
    ) -> None:
        self._load = load
        self._sealer = sealer
        self._use = use
        self._retention = retention
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

    def verifier(self, kid: str, *, now: datetime) -> Verifier | None:
        """Return a published key and the algorithm it is for, or none."""
        loaded = self._knowing(kid, now)
        return loaded.published.get(kid)

    def any_verifier(self, kid: str, *, now: datetime) -> Verifier | None:
        """Return a key that was ever published, and not revoked; only for what may have expired (``id_token_hint``)."""
        return self._knowing(kid, now).known.get(kid)

    def jwks(self, *, now: datetime) -> bytes:
        """Return the published keys as the bytes of a JWK Set (RFC 7517 §5), made once a reload."""
        return self._current(now, at_most=JWKS_AFTER).jwks

    def _knowing(self, kid: str, now: datetime) -> _Loaded:
        loaded = self._current(now)
        return loaded if kid in loaded.known else self._current(now, at_most=UNKNOWN_AFTER)

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
        rows = [row for row in self._load() if row.use == self._use and row.state != KeyState.REVOKED]
        published = [row for row in rows if self._is_published(row, now)]
        before = self._loaded.known if self._loaded else {}
        known = {row.kid: before.get(row.kid) or (SigningAlg(row.alg), public_key(row)) for row in rows}
        current = [row for row in rows if row.state == KeyState.CURRENT]
        # The private halves of keys that have signed their last are not kept in memory either.
        self._private = {row.kid: self._private.get(row.kid) or private_key(row, self._sealer) for row in current}
        return _Loaded(
            at=now,
            signers={
                SigningAlg(row.alg): Signer(row.kid, SigningAlg(row.alg), self._private[row.kid]) for row in current
            },
            published={row.kid: known[row.kid] for row in published},
            known=known,
            jwks=json.dumps({"keys": [row.public_jwk for row in published]}, separators=(",", ":")).encode(),
        )

    def _is_published(self, row: SigningKey, now: datetime) -> bool:
        return row.retired_at is None or now < row.retired_at + self._retention

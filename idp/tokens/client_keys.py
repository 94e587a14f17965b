"""The public keys with which clients sign: registered, or published at a client's ``jwks_uri`` (RFC 7517).

Published keys are kept for less than a minute, so that a client can change
them without telling us.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from idp.domain.errors import ClientNotProven
from idp.outbound.http import HttpClient, OutboundError

PublicKey = RSAKey | ECKey

ALGORITHMS: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
}
"""What a client may sign with, and the key that each takes: type and curve (RFC 7518 §3.1)."""

KEPT_FOR = timedelta(seconds=30)
RENEWAL_INTERVAL = timedelta(seconds=5)
"""How often an unknown ``kid``, or a failure, may cause another fetch of one address."""
MAX_PUBLISHED_KEYS = 50
MAX_ADDRESSES = 1000

_KINDS: Mapping[str, type[RSAKey] | type[ECKey]] = {"RSA": RSAKey, "EC": ECKey}
# Base64url characters of 256 bytes: a modulus of 2048 bits (RFC 7518 §3.3).
_SHORTEST_MODULUS = 342
_LONGEST_MODULUS = 1366


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """The keys of one client that can verify a signature; what cannot is left out."""

    keys: tuple[PublicKey, ...]

    def candidates(self, *, kid: str | None, alg: str) -> tuple[PublicKey, ...]:
        """Return the keys that may have signed.

        A key without ``kid`` fits any. Without a ``kid`` in the signature only a single fitting key is returned
        (OpenID Connect Core §10.1).
        """
        fitting = tuple(key for key in self.keys if _fits(key, alg) and (kid is None or key.kid in (None, kid)))
        return fitting if kid is not None or len(fitting) == 1 else ()


def parse_keys(jwks: Mapping[str, Any]) -> ClientKeys:
    """Read a JWK Set, leaving out keys of other kinds and uses (RFC 7517 §5)."""
    entries = jwks.get("keys")
    found = [_public_key(one) for one in entries[:MAX_PUBLISHED_KEYS]] if isinstance(entries, list) else []
    return ClientKeys(tuple(key for key in found if key is not None))


@dataclass(slots=True)
class _Shelf:
    """One address. A fetch that fails leaves the keys that are there, until they are too old."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    keys: ClientKeys | None = None
    since: datetime | None = None
    tried_at: datetime | None = None

    def fresh(self, now: datetime) -> ClientKeys | None:
        """Return the keys while they count."""
        return self.keys if _within(self.since, now, KEPT_FOR) else None


class PublishedKeys:
    """A cache of published keys by address; one object a process, safe to share between threads."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._shelves: dict[str, _Shelf] = {}
        self._lock = threading.Lock()

    def get(self, uri: str, *, now: datetime) -> ClientKeys:
        """Return the keys at an address, at most half a minute old.

        :raises ClientNotProven: they cannot be had.
        """
        shelf = self._shelf(uri)
        with shelf.lock:
            return shelf.fresh(now) or self._fetched(shelf, uri, now)

    def renewed(self, uri: str, *, now: datetime) -> ClientKeys:
        """Return keys that are at most a few seconds old, because the ones kept lacked one.

        In between it answers what it has: made-up key ids never make us flood a client.

        :raises ClientNotProven: as for :meth:`get`.
        """
        shelf = self._shelf(uri)
        with shelf.lock:
            return self._fetched(shelf, uri, now)

    def _shelf(self, uri: str) -> _Shelf:
        with self._lock:
            if uri not in self._shelves and len(self._shelves) >= MAX_ADDRESSES:
                del self._shelves[next(iter(self._shelves))]
            return self._shelves.setdefault(uri, _Shelf())

    def _fetched(self, shelf: _Shelf, uri: str, now: datetime) -> ClientKeys:
        if not _within(shelf.tried_at, now, RENEWAL_INTERVAL):
            shelf.tried_at = now
            shelf.keys, shelf.since = self._fetch(uri), now
        kept = shelf.fresh(now)
        if kept is None:
            raise ClientNotProven("the client's jwks_uri could not be read a moment ago")
        return kept

    def _fetch(self, uri: str) -> ClientKeys:
        try:
            answer = self._http.get(uri)
            document = answer.json() if answer.status == HTTPStatus.OK else None
        except OutboundError as error:
            raise ClientNotProven("the client's jwks_uri cannot be read", why=str(error)) from error
        if not isinstance(document, dict):
            raise ClientNotProven("the client's jwks_uri gives no JWK Set")
        return parse_keys(document)


def _within(since: datetime | None, now: datetime, span: timedelta) -> bool:
    # A clock that was set back makes nothing young again.
    return since is not None and timedelta(0) <= now - since < span


def _public_key(entry: object) -> PublicKey | None:
    kind = _KINDS.get(str(entry.get("kty"))) if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or kind is None or entry.get("use", "sig") != "sig" or not _has_a_fit_size(entry):
        return None
    # Certificates and private members say nothing that we use, and a malformed one must not cost the key.
    wanted = {name: entry[name] for name in ("kty", "kid", "alg", "n", "e", "crv", "x", "y") if name in entry}
    try:
        return kind.import_key(wanted)
    except (JoseError, ValueError, TypeError):
        return None


def _has_a_fit_size(entry: Mapping[str, Any]) -> bool:
    modulus = entry.get("n")
    if entry.get("kty") != "RSA":
        return True
    return isinstance(modulus, str) and _SHORTEST_MODULUS <= len(modulus) <= _LONGEST_MODULUS


def _fits(key: PublicKey, alg: str) -> bool:
    kind, curve = ALGORITHMS.get(alg, ("none that is registered", None))
    return key.key_type == kind and key.alg in (None, alg) and (curve is None or key.get("crv") == curve)

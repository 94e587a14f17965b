"""Sealing what must be read back: signing keys, upstream secrets, what waits for a callback.

AES-256-GCM under a key that HKDF (RFC 5869) derives from the configured keys,
one label a purpose. The record's identity is associated data, so a sealed
value cannot be moved to another row.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
_FORMAT = "1"


class CannotOpen(Exception):
    """A sealed value belongs to another record, was altered, or needs a key that is no longer configured."""


def derive(secret: str, *, label: str) -> bytes:
    """Return 32 bytes for one purpose; different labels share nothing."""
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"deepdesk-idp:{label}".encode())
    return kdf.derive(secret.encode())


class Sealer:
    """Seals under the first key, opens with any.

    :param secrets: newest first, at least one.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        keys = [derive(secret, label="sealing") for secret in secrets]
        self._current = _fingerprint(keys[0])
        self._ciphers = {_fingerprint(key): AESGCM(key) for key in keys}

    def seal(self, clear: str, *, record: str) -> str:
        """Return ``clear`` sealed for one record.

        :param record: names row and purpose, as in ``provider:ID:client_secret``.
        """
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, clear.encode(), record.encode())
        return f"{_FORMAT}.{self._current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, *, record: str) -> str:
        """Return what was sealed for that record.

        :raises CannotOpen: see there.
        """
        form, _, rest = sealed.partition(".")
        fingerprint, _, body = rest.partition(".")
        cipher = self._ciphers.get(fingerprint)
        if form != _FORMAT or cipher is None:
            raise CannotOpen(f"no configured key opens {record}")
        try:
            raw = base64.urlsafe_b64decode(body)
            return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], record.encode()).decode()
        except (InvalidTag, ValueError):  # ValueError: cut short, or not base64
            raise CannotOpen(f"the sealed value of {record} was altered or belongs elsewhere") from None


def _fingerprint(key: bytes) -> str:
    return hashlib.sha256(b"fingerprint:" + key).hexdigest()[:8]

"""What was read under a signature that held, so that the same token is not verified again at every call (ADR 0022).

A signature that held once holds for as long as its key is trusted. Whether key
and token still count is the caller's question, each time.
"""

from __future__ import annotations

import hashlib
from typing import Generic, NamedTuple, TypeVar

from idp.tokens.keys import Key

Read = TypeVar("Read")
MOST = 4000
"""Some 10 MB of access tokens."""


class _Held(NamedTuple, Generic[Read]):
    key: Key
    read: Read


class HeldSignatures(Generic[Read]):
    """Keeps what tokens say, by the SHA-256 of the whole token. Thread-safe: entries are replaced whole.

    :param most: of how many tokens; with one more it begins anew.
    """

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._held: dict[bytes, _Held[Read]] = {}

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._held)

    def get(self, token: str, key: Key) -> Read | None:
        """Return what a token says whose signature held under this very key, or none."""
        held = self._held.get(_name(token))
        return held.read if held is not None and held.key is key else None

    def keep(self, token: str, key: Key, read: Read) -> None:
        """Note that the token's signature holds under this key."""
        if len(self._held) >= self._most:
            self._held.clear()
        self._held[_name(token)] = _Held(key, read)


def _name(token: str) -> bytes:
    return hashlib.sha256(token.encode("ascii")).digest()

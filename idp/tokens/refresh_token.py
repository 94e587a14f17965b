"""Refresh tokens: opaque, derived from their family, so that a successor can be made a second time.

A token is ``FAMILY.GENERATION.MAC``. The MAC covers family, generation and the
family's seed under a key of this server, which is derived from
``IDP_SECRET_KEYS``: neither the database nor the key alone makes a token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from idp.domain.identifiers import FamilyId
from idp.tokens.sealing import derive

MAX_LENGTH = 128
_FORM = re.compile(r"([A-Za-z0-9_-]{22})\.([1-9][0-9]{0,8})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Presented:
    """What somebody presents as a refresh token; not yet shown to be genuine."""

    family_id: FamilyId
    generation: int
    mac: str = field(repr=False)


def read(token: str) -> Presented | None:
    """Take a token apart; none when it has not the form of one."""
    found = _FORM.fullmatch(token) if len(token) <= MAX_LENGTH else None
    return None if found is None else Presented(FamilyId(found[1]), int(found[2]), found[3])


class RefreshTokens:
    """Makes and verifies refresh tokens.

    :param secrets: newest first; the first makes, all verify.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [derive(secret, label="refresh tokens") for secret in secrets]

    def make(self, family_id: FamilyId, generation: int, *, seed: str) -> str:
        """Return the refresh token of one generation: the same arguments give the same token."""
        return f"{family_id}.{generation}.{_mac(self._keys[0], family_id, generation, seed)}"

    def is_genuine(self, presented: Presented, *, seed: str) -> bool:
        """Say whether a presented token was made here for the family with that seed; in constant time."""
        candidates = [_mac(key, presented.family_id, presented.generation, seed) for key in self._keys]
        return any([hmac.compare_digest(presented.mac, one) for one in candidates])  # noqa: C419 - compare all


def _mac(key: bytes, family_id: FamilyId, generation: int, seed: str) -> str:
    tag = hmac.digest(key, f"{family_id}.{generation}.{seed}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(tag).rstrip(b"=").decode("ascii")

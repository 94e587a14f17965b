"""Reading back what we signed ourselves: the kind, the key, the signature; what it says is each kind's own matter.

A header of ours has one spelling for each key and kind, so a token is held
against that spelling; nothing else in a header is ever looked at. On hot paths.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

from idp.tokens.key_ring import Verifier
from idp.tokens.signing import REGISTRY, encoded, header_of

MAX_LENGTH = 8192


class NotOurs(Exception):
    """Not a JWT, another kind of token, signed by no key that counts, or altered."""


def own_claims(token: str, find: Callable[[str], Verifier | None], *, typ: str) -> dict[str, Any]:
    """Return the claims of a token of ours, expired or not.

    :param find: finds a key, and the algorithm it is for, by its ``kid``.
    :param typ: what the header says; each kind of token has its own (RFC 8725 §3.11).
    :raises NotOurs: see there.
    """
    return signed_claims(token, trusted_key(token, find, typ=typ))


def trusted_key(token: str, find: Callable[[str], Verifier | None], *, typ: str) -> Verifier:
    """Return the key that must have signed a token of this kind; whether it did is the next question.

    :raises NotOurs: it has not the header of one.
    """
    if len(token) > MAX_LENGTH or not token.isascii():
        raise NotOurs("not a token of ours")
    header = token.partition(".")[0].encode("ascii")
    kid = _kid_in(header)
    found = None if kid is None else find(kid)
    if found is None or kid is None or header != header_of(found[0], kid, typ):
        raise NotOurs("another kind of token, or signed by nobody we know")
    return found


def signed_claims(token: str, key: Verifier) -> dict[str, Any]:
    """Return what a token says under a signature of that key.

    :raises NotOurs: it was altered.
    """
    signed, _, signature = token.encode("ascii").rpartition(b".")
    raw = _decoded(signature)
    # One spelling of the signature, too: bits that base64 ignores are not ours to ignore.
    if signed.count(b".") != 1 or encoded(raw) != signature or not REGISTRY.get_alg(key[0]).verify(signed, raw, key[1]):
        raise NotOurs("altered")
    # Our own signature stands under it, so it is the JSON object that we made.
    return cast(dict[str, Any], json.loads(_decoded(signed.partition(b".")[2])))


@lru_cache(maxsize=100)
def _kid_in(header: bytes) -> str | None:
    """Return the ``kid`` of a header; the few that keys of ours make are read once."""
    try:
        read = json.loads(_decoded(header))
    except (NotOurs, ValueError, RecursionError):
        return None
    kid = read.get("kid") if isinstance(read, dict) else None
    return kid if isinstance(kid, str) else None


def _decoded(part: bytes) -> bytes:
    try:
        return urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error:
        raise NotOurs("not base64url") from None

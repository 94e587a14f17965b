"""Random secrets, their digests and comparisons in constant time.

Our own secrets carry 256 random bits, so a plain SHA-256 is enough to store
them: there is nothing to guess that a slow hash would protect.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

ENTROPY_BYTES = 32
IDENTIFIER_BYTES = 16


def new_secret() -> str:
    """Return a fresh secret: 43 base64url characters, 256 bits."""
    return secrets.token_urlsafe(ENTROPY_BYTES)


def new_identifier() -> str:
    """Return a fresh public identifier: 22 base64url characters, 128 bits.

    None begins with a hyphen, which a command line would take for an option.
    """
    while (identifier := secrets.token_urlsafe(IDENTIFIER_BYTES)).startswith("-"):
        continue
    return identifier


def digest(secret: str) -> str:
    """Return what is stored instead of the secret: SHA-256 in hexadecimal, 64 characters."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def matches(secret: str, stored_digest: str) -> bool:
    """Compare a presented secret with a stored digest in constant time."""
    return hmac.compare_digest(digest(secret), stored_digest)


def equal(one: str, other: str) -> bool:
    """Compare two clear values in constant time; any characters are allowed."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))

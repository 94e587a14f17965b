"""What may serve as an account's API key or platform secret when it was made elsewhere."""

from __future__ import annotations

import re

from idp.domain.errors import Invalid

MAX_LIVE = 2
"""How many of a kind an account may have at a time: the one in use, and the one that replaces it."""
MIN_KEY_LENGTH = 16
MAX_KEY_LENGTH = 256
STRONG_KEY_LENGTH = 32
MIN_SECRET_BYTES = 32
MAX_SECRET_BYTES = 512

_KEY = re.compile(rf"[\x21-\x7e]{{{MIN_KEY_LENGTH},{MAX_KEY_LENGTH}}}")


def parse_api_key(text: str) -> str:
    """Return ``text`` when it may serve as an API key.

    :raises Invalid: its length, or characters that a URL's query cannot be trusted to carry.
    """
    if not _KEY.fullmatch(text):
        raise Invalid(f"an API key has {MIN_KEY_LENGTH} to {MAX_KEY_LENGTH} visible ASCII characters, no spaces")
    return text


def is_weak_api_key(key: str) -> bool:
    """Say whether an API key is so short that it could be guessed; older installations have such keys."""
    return len(key) < STRONG_KEY_LENGTH


def parse_platform_secret(text: str) -> str:
    """Return ``text`` when it may serve as a platform secret: HS256 wants a key of 32 bytes (RFC 7518 §3.2).

    :raises Invalid: too few bytes in UTF-8, too many, or characters that nobody can see.
    """
    problems = []
    if not MIN_SECRET_BYTES <= len(text.encode()) <= MAX_SECRET_BYTES:
        problems.append(f"a platform secret has {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes")
    if not text.isprintable():
        problems.append("a platform secret is one line of printable characters, in UTF-8 without a byte order mark")
    if problems:
        raise Invalid(*problems)
    return text

"""The code in a mail: eight characters that can be read aloud, typed on a phone and not guessed in a few tries."""

from __future__ import annotations

import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""31 characters: without 0, 1, I, L and O, which are taken for one another."""
LENGTH = 8
"""31⁸ codes, some 40 bits; the tries are counted (CONTRACT §6 rule 10)."""
_GROUP = 4
_ACROSS = str.maketrans("", "", " -\u00a0\u2010\u2011\u2012\u2013\u2014\t")


def new_code() -> str:
    """Return a fresh code, without the hyphen with which it is shown."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """Return a code as mails show it: ``ABCD-EFGH``."""
    return f"{code[:_GROUP]}-{code[_GROUP:]}"


def typed(text: str) -> str | None:
    """Return the code that somebody typed or pasted, or none where it cannot be one.

    Lower case, spaces and hyphens are forgiven; what cannot be a code costs no try.
    """
    code = text.strip().translate(_ACROSS)
    if not code.isascii():
        return None
    code = code.upper()
    return code if len(code) == LENGTH and all(character in ALPHABET for character in code) else None

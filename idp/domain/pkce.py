"""Proof Key for Code Exchange, narrowed to S256 (RFC 7636; CONTRACT §6 rule 13)."""

from __future__ import annotations

import base64
import hashlib
import re

METHOD = "S256"

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_challenge(text: str) -> bool:
    """Say whether ``text`` can be an S256 challenge: 43 base64url characters (RFC 7636 §4.2)."""
    return _CHALLENGE.fullmatch(text) is not None


def is_verifier(text: str) -> bool:
    """Say whether ``text`` is a well-formed verifier: 43 to 128 unreserved characters (RFC 7636 §4.1)."""
    return _VERIFIER.fullmatch(text) is not None


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 §4.2)."""
    hashed = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(hashed).rstrip(b"=").decode("ascii")

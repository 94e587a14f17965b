"""Who reads an answer: a person, who gets a page, or a program, which gets JSON."""

from __future__ import annotations

_MACHINE_PREFIXES = (
    "/.well-known/",
    "/oauth/jwks",
    "/oauth/token",
    "/oauth/par",
    "/oauth/revoke",
    "/oauth/introspect",
    "/oauth/userinfo",
    "/healthz",
    "/readyz",
)


def is_machine(path: str) -> bool:
    """Say whether programs call this path (CONTRACT §4)."""
    return path.startswith(_MACHINE_PREFIXES)

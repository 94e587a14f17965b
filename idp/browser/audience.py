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
    "/auth/",
    "/session/api-key",
    "/session/handoff",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/",
)


_PLATFORM_JWT = "/session/jwt"
"""Posted to by a widget; opened by a person, as an exchange link."""


def is_machine(path: str, method: str) -> bool:
    """Say whether programs call this path with this method (CONTRACT §4)."""
    return path.startswith(_MACHINE_PREFIXES) or (path.rstrip("/") == _PLATFORM_JWT and method == "POST")

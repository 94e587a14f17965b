"""Scopes: what a client may ask for, and what a request gets (RFC 6749 §3.3)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from idp.domain.errors import Invalid


class Scope(StrEnum):
    """Every scope of the contract, built or not."""

    OPENID = "openid"
    PROFILE = "profile"
    EMAIL = "email"
    ADDRESS = "address"
    PHONE = "phone"
    OFFLINE_ACCESS = "offline_access"
    ROLES = "roles"
    PERMISSIONS = "permissions"
    MANAGE = "manage"


BUILT = (
    Scope.OPENID,
    Scope.PROFILE,
    Scope.EMAIL,
    Scope.OFFLINE_ACCESS,
    Scope.ROLES,
    Scope.PERMISSIONS,
    Scope.MANAGE,
)
"""What a request can be granted today, in the order of the metadata. The others are stored with a client only."""

OF_CLIENTS = (Scope.ROLES,)
"""What a client can have for itself, without a person."""

DEFAULT_FOR_CLIENTS = (
    Scope.OPENID,
    Scope.PROFILE,
    Scope.EMAIL,
    Scope.OFFLINE_ACCESS,
    Scope.ROLES,
    Scope.PERMISSIONS,
)


def parse_registered(text: str) -> tuple[Scope, ...]:
    """Read the scopes that a client is registered for.

    :param text: space-separated.
    :raises Invalid: an unknown scope, or none at all.
    """
    words = text.split(" ")
    unknown = sorted(set(words).difference(Scope))
    if unknown or not text:
        known = " ".join(Scope)
        raise Invalid(f"unknown scope {' '.join(unknown)!r}; known are: {known}")
    return tuple(Scope(word) for word in dict.fromkeys(words))


def granted(requested: str, registered: Iterable[str]) -> tuple[Scope, ...]:
    """Return what a request is granted: known, built, registered for the client, each once, in request order.

    Unknown values are ignored (OpenID Connect Core §3.1.2.1); the token
    response names what was granted.
    """
    allowed = set(registered)
    words = dict.fromkeys(requested.split(" "))
    return tuple(Scope(word) for word in words if word in BUILT and word in allowed)


def subset(wanted: str, covered: Iterable[Scope]) -> tuple[Scope, ...]:
    """Return the scopes that ``wanted`` names, each once, when all are covered; else none.

    :param wanted: space-separated.
    """
    words = tuple(dict.fromkeys(wanted.split(" ")))
    known = set(covered)
    return tuple(Scope(word) for word in words) if all(word in known for word in words) else ()

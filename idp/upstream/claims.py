"""Reading claims, and members of an API's answer, with their types checked.

A name is that of a member, or a dotted path into nested objects. ``null``
counts as absent. What decides something (identifiers, times, address, roles)
is refused when malformed; what only describes a person is left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from idp.domain.errors import ClaimMissing, UpstreamUntrusted

MAX_CHARACTERS = 255

# The largest whole number that every JSON implementation carries exactly (RFC 8259 §6).
_LARGEST_MOMENT = 2**53 - 1


def find(claims: Mapping[str, Any], name: str) -> Any:
    """Return what stands under ``name``, unchecked; none when nothing does.

    A member of that very name goes before a path, as some upstreams name claims by URLs. In a list of
    objects the path goes on in each of them: ``roles.id`` is the list of the ids, numbers in decimal.

    :raises UpstreamUntrusted: the path leads through something that is no object.
    """
    if name in claims:
        return claims[name]
    head, dot, rest = name.partition(".")
    inner = claims.get(head)
    if not dot or inner is None:
        return None
    if isinstance(inner, list) and all(isinstance(item, dict) for item in inner):
        return [_decimal(find(item, rest)) for item in inner]
    if not isinstance(inner, dict):
        raise malformed(name)
    return find(inner, rest)


def text(claims: Mapping[str, Any], name: str) -> str | None:
    """Return a claim of 1 to 255 characters, none of them a control character; none when absent or empty.

    :raises UpstreamUntrusted: it is anything else.
    """
    value = find(claims, name)
    if value is None or value == "":
        return None
    if not _is_text(value):
        raise malformed(name)
    return str(value)


def described(claims: Mapping[str, Any], name: str) -> str | None:
    """Return a descriptive claim, or none when it is absent or malformed."""
    try:
        value = find(claims, name)
    except UpstreamUntrusted:
        return None
    return value if value != "" and _is_text(value) else None


def identifier(claims: Mapping[str, Any], name: str) -> str:
    """Return the claim with somebody's immutable id: 1 to 255 characters, none of them a control character.

    :raises ClaimMissing: absent.
    :raises UpstreamUntrusted: empty, too long or of another type.
    """
    value = find(claims, name)
    if value is None:
        raise ClaimMissing(name)
    if value == "" or not _is_text(value):
        raise malformed(name)
    return str(value)


def numbered(claims: Mapping[str, Any], name: str) -> str:
    """Return an identifier that may be a whole number, which is written in decimal.

    :raises ClaimMissing: absent.
    :raises UpstreamUntrusted: as :func:`identifier`.
    """
    return identifier({name: _decimal(find(claims, name))}, name)


def moment(claims: Mapping[str, Any], name: str) -> int | None:
    """Return a NumericDate in whole seconds, or none when absent (RFC 7519 §2).

    :raises UpstreamUntrusted: not a number, or not a time.
    """
    value = claims.get(name)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= _LARGEST_MOMENT:
        raise malformed(name)
    return int(value)


def strings(claims: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """Return an array of strings, or a single string as one; none when absent.

    :raises UpstreamUntrusted: it is anything else.
    """
    value = find(claims, name)
    if value is None:
        return None
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(_is_text(item) for item in items):
        raise malformed(name)
    return tuple(item for item in items if item)


def malformed(name: str) -> UpstreamUntrusted:
    """Return the error for a claim of the wrong shape."""
    return UpstreamUntrusted(f"the claim {name!r} is malformed", check="claim", claim=name)


def _decimal(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _is_text(value: object) -> bool:
    # No NUL, which PostgreSQL cannot store, and no lone surrogates, which nobody can encode.
    return (
        isinstance(value, str)
        and len(value) <= MAX_CHARACTERS
        and not any(unicodedata.category(character) in ("Cc", "Cs") for character in value)
    )

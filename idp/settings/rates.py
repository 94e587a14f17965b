"""Caps and rates: the defaults, and what ``IDP_RATE_LIMITS`` overrides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LONGEST = timedelta(days=366)
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Rate:
    """How many within which time."""

    most: int
    within: timedelta


CAPS: Mapping[str, Rate] = {"bridge_people": Rate(200, timedelta(hours=1))}
"""What ``off`` does not lift (CONTRACT §6 rule 4)."""


LIMITS: Mapping[str, Rate] = {
    "magic_link": Rate(5, timedelta(minutes=15)),
    "magic_link_network": Rate(300, timedelta(minutes=15)),
    "magic_link_account": Rate(3000, timedelta(minutes=15)),
    "provider_check": Rate(1, timedelta(minutes=1)),
}
"""Mails for signing in: an address, a network (a contact centre begins its shift behind one), an account. Looks at a
provider that somebody asks for on a page: a provider."""


def is_readable(text: str) -> bool:
    """Say whether ``text`` is ``on``, ``off``, or a list of overrides such as ``magic_link=5/15m,sign_in=30/1m``."""
    return text in {"on", "off"} or all(_is_override(part) for part in text.split(","))


def cap(name: str, text: str) -> Rate:
    """Return a cap: its default, or the override in ``text``."""
    return _overridden(name, text, CAPS[name])


def limit(name: str, text: str) -> Rate | None:
    """Return a limit: its default, or the override in ``text``; none where limits are off."""
    return None if text == "off" else _overridden(name, text, LIMITS[name])


def _overridden(name: str, text: str, usual: Rate) -> Rate:
    """Return the override in ``text``, whose window may be left out, or what is usual."""
    for part in () if text in {"on", "off"} else text.split(","):
        named, _, rate = part.strip().partition("=")
        if named == name:
            amount, _, window = rate.partition("/")
            return Rate(int(amount), _duration(window) if window else usual.within)
    return usual


def _is_override(part: str) -> bool:
    name, _, rate = part.strip().partition("=")
    amount, slash, window = rate.partition("/")
    return name.isidentifier() and _is_number(amount) and (_is_window(window) or not slash)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS


def _is_window(text: str) -> bool:
    """Say whether it is a time within which something can be counted: none is no limit at all."""
    is_time = _is_number(text[:-1]) and text[-1:] in _UNITS
    return is_time and timedelta(0) < _duration(text) <= LONGEST


def _duration(window: str) -> timedelta:
    return timedelta(**{_UNITS[window[-1]]: int(window[:-1])})

"""Which redirect URIs may be registered, and which request matches one.

Exact string comparison (RFC 9700 §2.1), except for the port of a loopback
address, which native applications cannot know beforehand (RFC 8252 §7.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from idp.domain.errors import Invalid

MAX_LENGTH = 2048
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1"})
_DEVELOPMENT_HOSTS = LOOPBACK_HOSTS | {"localhost"}
_SCRIPTABLE = frozenset({"javascript", "data", "vbscript", "file", "blob", "about"})
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")


def parse_redirect_uri(text: str, *, what: str = "redirect URI") -> str:
    """Return ``text`` when it may be registered.

    Allowed: ``https``; ``http`` towards this machine; a private-use scheme
    that is a reversed domain name (RFC 8252 §7.1).

    :param what: how the error calls it.
    :raises Invalid: one sentence that says what is wrong.
    """
    problem = _problem(text)
    if problem:
        raise Invalid(f"{what} {text[:200]!r} {problem}")
    return text


def parse_service_uri(text: str, *, what: str) -> str:
    """Return ``text`` when it may be an address of a service that we call ourselves.

    Allowed: ``https``; ``http`` towards this machine.

    :param what: how the error calls it.
    :raises Invalid: one sentence that says what is wrong.
    """
    parse_redirect_uri(text, what=what)
    if urlsplit(text).scheme not in {"http", "https"}:
        raise Invalid(f"{what} {text[:200]!r} must be https")
    return text


def is_native(uri: str) -> bool:
    """Say whether a registered redirect URI leads to an application on the person's device (RFC 8252 §7)."""
    parts = urlsplit(uri)
    return parts.scheme not in {"http", "https"} or parts.hostname in _DEVELOPMENT_HOSTS


def matching(requested: str, registered: Iterable[str]) -> bool:
    """Say whether a request's redirect URI is one of the registered ones."""
    candidates = tuple(registered)
    if len(requested) > MAX_LENGTH:
        return False
    return requested in candidates or any(_same_but_port(requested, one) for one in candidates)


def _problem(text: str) -> str | None:
    if not _PRINTABLE.fullmatch(text) or len(text) > MAX_LENGTH or "\\" in text:
        return f"must be at most {MAX_LENGTH} visible ASCII characters without a backslash"
    parts = _split(text)
    if parts is None:
        return "is not a URI"
    if "#" in text:
        return "must not have a fragment"
    if parts.scheme in {"http", "https"}:
        return _web_problem(parts)
    if parts.scheme in _SCRIPTABLE or not _PRIVATE_SCHEME.fullmatch(parts.scheme):
        return "must be https, or a private scheme that is a reversed domain name (com.example.app:/callback)"
    return None


def _web_problem(parts: SplitResult) -> str | None:
    if not parts.hostname or "@" in parts.netloc or "*" in parts.netloc:
        return "must name a host, without user name and without *"
    if parts.scheme == "http" and parts.hostname not in _DEVELOPMENT_HOSTS:
        return "must be https; http is for 127.0.0.1, [::1] and localhost only"
    return None


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme else None


def _same_but_port(requested: str, registered: str) -> bool:
    ours, theirs = _split(registered), _split(requested)
    if ours is None or theirs is None or not _PRINTABLE.fullmatch(requested):
        return False
    if ours.scheme != "http" or ours.hostname not in LOOPBACK_HOSTS or theirs.hostname != ours.hostname:
        return False
    if theirs.port is not None and not theirs.netloc.endswith(f":{theirs.port}"):
        return False
    return "@" not in theirs.netloc and _without_port(requested, theirs) == _without_port(registered, ours)


def _without_port(text: str, parts: SplitResult) -> str:
    """Return the URI with the port cut out, everything else to the letter."""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    before, _, after = text.partition("//")
    return f"{before}//{host}{after[len(parts.netloc) :]}"

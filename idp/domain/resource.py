"""Resource indicators: the URIs by which services are named as audiences of access tokens (RFC 8707)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from idp.domain.errors import Invalid

MAX_LENGTH = 512
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


def parse_resource(text: str, *, what: str = "audience") -> str:
    """Return ``text`` when it may name a service: an absolute URI without fragment (RFC 8707 §2).

    :param what: how the error calls it.
    :raises Invalid: one sentence that says what is wrong.
    """
    if not is_resource(text):
        raise Invalid(
            f"{what} {text[:200]!r} must be an absolute URI without fragment, as in https://studio.example.com/api"
        )
    return text


def is_resource(text: str) -> bool:
    """Say whether ``text`` has the form of a resource indicator."""
    if not _PRINTABLE.fullmatch(text) or len(text) > MAX_LENGTH or "#" in text or '"' in text or "\\" in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path))


def audience_of(resources: Sequence[str], *, audiences: Sequence[str], issuer: str, openid: bool) -> tuple[str, ...]:
    """Return the ``aud`` of an access token (CONTRACT §5).

    What was picked among the client's audiences, else its only one, else the
    issuer; with ``openid`` the issuer besides, for userinfo.

    :param resources: what the client picked, each registered for it.
    :param audiences: those that the client is registered for.
    """
    chosen = tuple(resources) or (tuple(audiences) if len(audiences) == 1 else (issuer,))
    return tuple(dict.fromkeys((*chosen, issuer))) if openid else chosen

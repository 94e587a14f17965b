"""Where mail is handed in and in whose name, read from ``IDP_MAIL_URL``, ``IDP_MAIL_FROM`` and the issuer."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from email.utils import parseaddr
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

_LOOKS_LIKE = "must look like smtp://user:password@host:587?tls=starttls or smtps://…"


class MailTls(StrEnum):
    """How the way to the mail server is encrypted."""

    STARTTLS = "starttls"
    """From the first commands on; without it nothing is handed in."""
    IMPLICIT = "implicit"
    """From the first byte on (``smtps://``, RFC 8314)."""
    NONE = "none"


_PORTS = {MailTls.STARTTLS: 587, MailTls.IMPLICIT: 465, MailTls.NONE: 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The server to which mail is handed in.

    :param user: none where the server takes mail from us without.
    :param password: given exactly when ``user`` is.
    """

    host: str
    port: int
    tls: MailTls
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> MailServer:
        """Read ``IDP_MAIL_URL``; user and password are percent-decoded.

        :raises ValueError: one clause about what is expected; nothing of the URL is in it.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
            host = (parts.hostname or "").encode("idna").decode("ascii")
        except ValueError:  # UnicodeError is one
            raise ValueError(_LOOKS_LIKE) from None
        if parts.scheme not in {"smtp", "smtps"} or not host or port == 0 or parts.path not in {"", "/"}:
            raise ValueError(_LOOKS_LIKE)
        tls = _tls_of(parts)
        user, password = _login_of(parts)
        return cls(host=host, port=port or _PORTS[tls], tls=tls, user=user, password=password)


def _tls_of(parts: SplitResult) -> MailTls:
    asked = parse_qs(parts.query, keep_blank_values=True)
    if parts.scheme == "smtps":
        if asked:
            raise ValueError("must have nothing behind the host where it is smtps://")
        return MailTls.IMPLICIT
    chosen = asked.pop("tls", [MailTls.STARTTLS])
    if asked or chosen not in ([MailTls.STARTTLS], [MailTls.NONE]):
        raise ValueError("tls= must be starttls or none, and nothing else may be asked for")
    return MailTls(chosen[0])


def _login_of(parts: SplitResult) -> tuple[str | None, str | None]:
    user, password = (None if text is None else unquote(text) for text in (parts.username, parts.password))
    if bool(user) != bool(password):
        raise ValueError("must have both a user and a password, or neither")
    if "\0" in f"{user}{password}":
        raise ValueError("user and password must not hold a NUL")
    return user or None, password or None


def is_sender(text: str) -> bool:
    """Say whether ``text`` is one address that mail can come from, perhaps with a name before it."""
    _, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    is_whole = text == address or text.endswith(f"<{address}>")
    return bool(local and domain) and is_whole and local.isascii() and text.isprintable()


def domain_of(issuer: str) -> str:
    """Return how mail servers call the issuer's host: its name, or an address literal (RFC 5321 §4.1.3)."""
    host = urlsplit(issuer).hostname or "localhost"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"

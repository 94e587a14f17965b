"""The one canonical form of email addresses, for comparing and never for showing.

Two addresses are the same when their canonical forms are equal. The form
lowers ASCII letters only: Unicode folding would make look-alikes (dotless ı,
the Kelvin sign, full-width letters) meet the ASCII letters they imitate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_LENGTH = 254
"""RFC 5321 §4.5.3.1.3, as corrected by its erratum 1690."""

_LOCAL_LENGTH = 64
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_ASCII_LOWER = str.maketrans({chr(upper): chr(upper + 32) for upper in range(ord("A"), ord("Z") + 1)})


@dataclass(frozen=True, slots=True)
class Address:
    """An email address as given, and the form in which it is compared."""

    given: str
    canonical: str

    @property
    def domain(self) -> str:
        """What stands behind the last ``@``, in canonical form."""
        return self.canonical.rpartition("@")[2]


def parse_address(text: str) -> Address | None:
    """Return the address, or none for what cannot be one.

    Deliberately shallow: it refuses what would break a header, a log or a
    comparison, not every string that no mail server accepts.
    """
    local, at, domain = text.rpartition("@")
    if not (at and local and domain) or len(text) > MAX_LENGTH:
        return None
    if any(character.isspace() or not character.isprintable() for character in text):
        return None
    return Address(given=text, canonical=text.translate(_ASCII_LOWER))


def parse_mailable(text: str) -> Address | None:
    """Return an address to which we send mail, or none for one that we do not.

    Narrower than :func:`parse_address`: ASCII, a local part of dot-atoms of at most 64 characters (no quoted one, no
    comment) and a domain of at least two labels (RFC 5321 §4.1.2, §4.5.3.1.1). Plus-addresses are addresses of their
    own. A domain in another script is typed in its ASCII form (``xn--…``).
    """
    address = parse_address(text)
    if address is None:
        return None
    local, _, domain = text.rpartition("@")
    is_mailable = len(local) <= _LOCAL_LENGTH and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)
    return address if is_mailable else None

"""The one canonical form of email addresses, for comparing and never for showing.

Two addresses are the same when their canonical forms are equal. The form
lowers ASCII letters only: Unicode folding would make look-alikes (dotless ı,
the Kelvin sign, full-width letters) meet the ASCII letters they imitate.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_LENGTH = 254
"""RFC 5321 §4.5.3.1.3, as corrected by its erratum 1690."""

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

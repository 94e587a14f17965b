"""Where a ``redirect`` leads: a path of the account's own address, whatever is written there (CONTRACT §6 rule 4)."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

MAX_LENGTH = 2048
_KEPT = "/?#[]@!$&'()*+,;=%~:-._"
"""What may stand in a path with query and fragment as it is (RFC 3986 §2.2, §2.3)."""


def landing(base_url: str, wanted: str | None) -> str:
    """Return the absolute address to which a person is sent.

    :param base_url: the account's, or the issuer; its scheme and host count, and nothing else.
    :param wanted: what somebody wrote into a link. What is no path leads to the front page.
    """
    base = urlsplit(base_url)
    path = wanted if wanted is not None and wanted.startswith("/") and len(wanted) <= MAX_LENGTH else "/"
    # Browsers read a backslash as a slash, and skip line breaks and tabs: encoded, they are ordinary characters.
    # What follows an absolute address' host cannot change it.
    return f"{base.scheme}://{base.netloc}{quote(path, safe=_KEPT)}"

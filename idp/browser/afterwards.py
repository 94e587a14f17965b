"""Where a browser goes after a sign-in that no service asked for: to one of our own pages, never to an address.

The page's path travels in the address of the pages between, and in the row of
the sign-in that is away, so that two windows of one browser do not mix.
"""

from __future__ import annotations

import re

from flask import request

PARAMETER = "after"
MAX_LENGTH = 2048
_PAGES = ("/account/", "/platform/sso/")
_MANAGEMENT = re.compile(r"/manage/(?:[A-Za-z0-9_-]+/)*")
"""The pages that want somebody to be signed in. Each checks what follows in its query."""


def path() -> str | None:
    """Return the path, and query, of the page that comes after this sign-in, if any."""
    wanted = request.args.get(PARAMETER, "")
    page, _, _ = wanted.partition("?")
    is_known = page in _PAGES or _MANAGEMENT.fullmatch(page) is not None
    is_ours = is_known and len(wanted) <= MAX_LENGTH and wanted.isascii() and wanted.isprintable()
    return wanted if is_ours else None


def is_management() -> bool:
    """Say whether the page that comes after is one where an account is looked after, by staff, too."""
    return _MANAGEMENT.fullmatch((path() or "").partition("?")[0]) is not None

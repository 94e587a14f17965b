"""Codes of accounts and providers: short, lower case, safe in a URL and in a file name."""

from __future__ import annotations

import re

from idp.domain.errors import Invalid

CODE = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")
STAFF_ACCOUNT = "staff"


def parse_code(text: str, *, what: str) -> str:
    """Return ``text`` when it may serve as a code.

    :param what: the thing that is named, for the sentence of the error ("account", "provider").
    :raises Invalid: anything but 1 to 63 of ``a-z 0-9 - _``, starting and ending with a letter or digit.
    """
    if not CODE.fullmatch(text):
        raise Invalid(
            f"the code of the {what} must be 1 to 63 characters of a-z, 0-9, - and _, "
            "starting and ending with a letter or digit"
        )
    return text

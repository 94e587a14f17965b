"""The addresses that mails lead to. None of them changes anything when it is opened."""

from __future__ import annotations

from urllib.parse import urlencode

from idp.services.parts import Parts
from idp.tokens.mail_link import LinkKind

CONFIRM_PATH = "/login/magic/confirm/"
ACCESS_PATH = "/access-requests/confirm/"
STATUS_PATH = "/access-requests/status/"
DECIDE_PATH = "/manage/access-requests/"
_KIND_OF_PATH = {CONFIRM_PATH: LinkKind.MAIL, ACCESS_PATH: LinkKind.MAIL, STATUS_PATH: LinkKind.REQUEST}


def to(path: str, identifier: str, *, parts: Parts) -> str:
    """Return the address of a page that a signed link opens."""
    return f"{parts.settings.issuer}{path_to(path, identifier, parts=parts)}"


def path_to(path: str, identifier: str, *, parts: Parts) -> str:
    """Return the same without scheme and host."""
    return f"{path}?{urlencode({'t': parts.mail_links.make(_KIND_OF_PATH[path], identifier)})}"


def to_decide(account: str, *, parts: Parts) -> str:
    """Return the address of the page where an account's requests are decided."""
    return f"{parts.settings.issuer}{DECIDE_PATH}?{urlencode({'account': account})}"

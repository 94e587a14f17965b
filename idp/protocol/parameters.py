"""Reading the parameters of protocol requests, strictly.

Each parameter may occur once (RFC 6749 §3.1, §3.2), ``resource`` alone more
often (RFC 8707 §2); a parameter without a value counts as left out; what is
not UTF-8, too large or holds a NUL is refused whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

FORM_TYPE = "application/x-www-form-urlencoded"
MAX_BODY_BYTES = 65536
MAX_PARAMETERS = 100
MAX_VALUE_LENGTH = 4096
RESOURCE = "resource"


class Unreadable(Exception):
    """The parameters cannot be read; the message says why, in constant words."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one request.

    :param values: those that occur once and have a value.
    :param doubled: names that occur more than once and may not.
    :param resources: the values of ``resource``, in order.
    """

    values: Mapping[str, str]
    doubled: frozenset[str]
    resources: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        """Return a parameter's value, or none when it was left out (or doubled)."""
        return self.values.get(name)


def of_query(request: Request) -> Parameters:
    """Read the query string.

    :raises Unreadable: see the module.
    """
    return parse(request.query_string)


def of_form(request: Request) -> Parameters:
    """Read a form body; parameters in the URL do not count (RFC 6749 §2.3.1).

    :raises Unreadable: see the module; also another content type.
    """
    if request.mimetype != FORM_TYPE:
        raise Unreadable(f"The content type must be {FORM_TYPE}.")
    request.max_content_length = MAX_BODY_BYTES
    try:
        return parse(request.get_data(cache=False))
    except RequestEntityTooLarge:
        raise Unreadable("The body is too large.") from None


def parse(raw: bytes) -> Parameters:
    """Read URL-encoded parameters.

    :raises Unreadable: see the module.
    """
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except UnicodeDecodeError:
        raise Unreadable("The parameters are not URL-encoded UTF-8.") from None
    except ValueError:
        raise Unreadable("There are too many parameters.") from None
    if any("\0" in name or "\0" in value or len(value) > MAX_VALUE_LENGTH for name, value in pairs):
        raise Unreadable("A parameter is too long or holds a NUL character.")
    resources = tuple(value for name, value in pairs if name == RESOURCE and value)
    single = [(name, value) for name, value in pairs if name != RESOURCE]
    names = [name for name, _ in single]
    doubled = frozenset(name for name in names if names.count(name) > 1)
    return Parameters({name: value for name, value in single if value and name not in doubled}, doubled, resources)

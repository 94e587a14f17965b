"""A user whom an operator makes beforehand, checked whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from idp.domain.addresses import Address, parse_address
from idp.domain.errors import Invalid
from idp.domain.roles import Role, parse_role

MAX_NAME_LENGTH = 255
MAX_PLATFORM_ID_LENGTH = 255
_BAD_NAME = f"the name must have at most {MAX_NAME_LENGTH} printable characters"


def parse_name(text: str) -> str | None:
    """Return a person's name; none for an empty text.

    :raises Invalid: it is too long, or holds what cannot be printed.
    """
    if len(text) > MAX_NAME_LENGTH or not text.isprintable():
        raise Invalid(_BAD_NAME)
    return text.strip() or None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """What an operator says about somebody who has not signed in yet.

    :param roles: may be empty, which means agent.
    :param platform_id: the person's id on the platform in which they work, or none.
    """

    address: Address
    name: str | None = None
    roles: tuple[Role, ...] = ()
    platform_id: str | None = None

    @classmethod
    def parse(cls, email: str, *, name: str = "", roles: Iterable[str] = (), platform_id: str = "") -> Self:
        """Read what was typed; empty texts mean that nothing is known.

        :raises Invalid: every problem, one sentence each.
        """
        address = parse_address(email)
        parsed = [(text, parse_role(text)) for text in roles]
        problems = [] if address else [f"{email[:254]!r} is not an email address"]
        problems += [
            f"{text[:60]!r} is not a role; choose from: {', '.join(Role)}" for text, role in parsed if role is None
        ]
        if len(name) > MAX_NAME_LENGTH or not name.isprintable():
            problems.append(_BAD_NAME)
        if len(platform_id) > MAX_PLATFORM_ID_LENGTH or not platform_id.isprintable():
            problems.append(f"the platform id must have at most {MAX_PLATFORM_ID_LENGTH} printable characters")
        if problems or address is None:
            raise Invalid(*problems)
        return cls(
            address=address,
            name=name.strip() or None,
            roles=tuple(role for _, role in parsed if role is not None),
            platform_id=platform_id.strip() or None,
        )

"""The single source of roles and groups.

A role identifier (``deepdesk.manager``) is what platforms and tokens say, a
group (``Manager``) is what permissions hang on. Permissions per group join
this module when management is built; nothing else may define a role.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    """A Deepdesk role, in order of rank: the first member outranks all others."""

    MANAGER = "deepdesk.manager"
    EDITOR = "deepdesk.editor"
    ASSISTANT_EDITOR = "deepdesk.assistant_editor"
    AGENT = "deepdesk.agent"


DEFAULT_ROLE = Role.AGENT

GROUPS: dict[Role, str] = {
    Role.MANAGER: "Manager",
    Role.EDITOR: "Studio Editor",
    Role.ASSISTANT_EDITOR: "Assistants Editor",
    Role.AGENT: "Agent",
}

_RANK = {role: rank for rank, role in enumerate(Role)}


def outranks(one: Role, other: Role) -> bool:
    """Say whether ``one`` stands above ``other``."""
    return _RANK[one] < _RANK[other]


def highest_first(roles: Iterable[Role]) -> tuple[Role, ...]:
    """Return the distinct roles, the highest first, as tokens list them."""
    return tuple(sorted(set(roles), key=_RANK.__getitem__))


def effective(roles: Iterable[Role]) -> tuple[Role, ...]:
    """Return the roles that count: the given ones, or agent where there are none. Never empty."""
    return highest_first(roles) or (DEFAULT_ROLE,)


def groups_of(roles: Iterable[Role]) -> tuple[str, ...]:
    """Return the groups of the roles, in the roles' order."""
    return tuple(GROUPS[role] for role in highest_first(roles))


def parse_role(text: str) -> Role | None:
    """Return the role that ``text`` names exactly, or none. Neither case nor spaces are forgiven."""
    try:
        return Role(text)
    except ValueError:
        return None

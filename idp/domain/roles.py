"""The single source of roles, groups and permissions; nothing else may define one.

A role identifier (``deepdesk.manager``) is what platforms and tokens say, a
group (``Manager``) is what permissions hang on, and a permission
(``users.change_user``) is an action on a model of an app, named as Django
names it. Nothing is granted to a single user. Deepdesk's other services read
theirs out of tokens, so their apps stand here beside this provider's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Role(StrEnum):
    """A Deepdesk role, in order of rank: the first member outranks all others."""

    MANAGER = "deepdesk.manager"
    EDITOR = "deepdesk.editor"
    ASSISTANT_EDITOR = "deepdesk.assistant_editor"
    AGENT = "deepdesk.agent"


class Action(StrEnum):
    """What can be done with a model, in the words of Django."""

    VIEW = "view"
    ADD = "add"
    CHANGE = "change"
    DELETE = "delete"


class Permission(str):
    """``APP.ACTION_MODEL``, such as ``users.change_user``."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class App:
    """A part of a service whose models carry permissions.

    :param label: the permission's first part.
    :param models: lower case, without separators, as Django's content types are.
    :param actions: what can be done with each of them.
    """

    label: str
    models: tuple[str, ...]
    actions: tuple[Action, ...] = tuple(Action)

    def permissions(self) -> tuple[Permission, ...]:
        """Return all permissions of the app, by model and action."""
        return tuple(Permission(f"{self.label}.{action}_{model}") for model in self.models for action in self.actions)


APPS = (
    # Studio and the assistants: enforced by the services themselves.
    App("text_suggestions", ("textsuggestion",)),
    App("url_suggestions", ("urlsuggestion",)),
    App("style_suggestions", ("stylesuggestion",)),
    App("assistants", ("assistant",)),
    # This provider's own.
    App("access_requests", ("accessrequest",), (Action.VIEW, Action.CHANGE)),
    App("users", ("user",)),
    App("sessions", ("session",), (Action.VIEW, Action.DELETE)),
    App("providers", ("provider",)),
    App("clients", ("client",)),
    App("api_keys", ("apikey",)),
    App("platform_secrets", ("platformsecret",)),
    App("accounts", ("account",), (Action.VIEW, Action.CHANGE)),
    App("staff", ("staffgrant",), (Action.VIEW, Action.ADD, Action.DELETE)),
    App("audit", ("auditevent",), (Action.VIEW,)),
)
WILDCARD = "*"
"""``users.*`` stands for every permission of an app."""


@dataclass(frozen=True, slots=True)
class Group:
    """What permissions hang on.

    :param grants: permissions, or an app's wildcard; in the order of :data:`APPS`.
    """

    name: str
    grants: tuple[str, ...]


_STUDIO = ("text_suggestions.*", "url_suggestions.*", "style_suggestions.*")

OF_ROLE: Mapping[Role, Group] = {
    Role.MANAGER: Group(
        "Manager",
        (
            *_STUDIO,
            "access_requests.*",
            "users.*",
            "sessions.*",
            "providers.view_provider",
            "clients.view_client",
            "accounts.view_account",
            "staff.view_staffgrant",
            "audit.view_auditevent",
        ),
    ),
    Role.EDITOR: Group("Studio Editor", _STUDIO),
    Role.ASSISTANT_EDITOR: Group("Assistants Editor", ("assistants.*",)),
    Role.AGENT: Group("Agent", ()),
}
ENTERED_STAFF = Group(
    "Deepdesk Staff",
    ("providers.*", "clients.*", "api_keys.*", "platform_secrets.*", "accounts.*", "staff.*"),
)
"""What staff who entered an account as its manager may do there besides (CONTRACT §6 rule 11). Tokens never say it:
it counts in this provider's own management only."""
DEPUTY = Group("Deputy", ("access_requests.*",))
"""What a deputy may, whatever their role: decide, once no manager did in time."""

DEFAULT_ROLE = Role.AGENT

GROUPS: Mapping[Role, str] = {role: group.name for role, group in OF_ROLE.items()}
PROVISIONED = (*OF_ROLE.values(), ENTERED_STAFF, DEPUTY)
"""Every group, as ``idp roles provision`` writes them down."""

_RANK = {role: rank for rank, role in enumerate(Role)}
_OF_APP: Mapping[str, tuple[Permission, ...]] = {app.label: app.permissions() for app in APPS}
ALL_PERMISSIONS: tuple[Permission, ...] = tuple(one for app in APPS for one in app.permissions())
_ORDER = {permission: position for position, permission in enumerate(ALL_PERMISSIONS)}


def parse_permission(text: str) -> Permission:
    """Return the permission that ``text`` names.

    :raises ValueError: there is none; what guards a view with it is wrong.
    """
    permission = Permission(text)
    if permission not in _ORDER:
        raise ValueError(f"there is no permission {text!r} in idp/domain/roles.py")
    return permission


def expanded(grants: Iterable[str]) -> tuple[Permission, ...]:
    """Return the permissions that grants stand for, each once, in the order of :data:`APPS`.

    :raises ValueError: one of them names nothing.
    """
    found: set[Permission] = set()
    for grant in grants:
        label, _, rest = grant.partition(".")
        is_whole_app = rest == WILDCARD and label in _OF_APP
        found.update(_OF_APP[label] if is_whole_app else (parse_permission(grant),))
    return tuple(sorted(found, key=_ORDER.__getitem__))


def grants_of(roles: Iterable[Role]) -> tuple[str, ...]:
    """Return what the groups of these roles list, wildcards as they stand, each once."""
    return tuple(dict.fromkeys(grant for role in highest_first(roles) for grant in OF_ROLE[role].grants))


@lru_cache(maxsize=64)
def permissions_of(roles: tuple[Role, ...]) -> tuple[Permission, ...]:
    """Return what these roles may, in the order of :data:`APPS`. There are few combinations: each is made once."""
    return expanded(grants_of(roles))


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

"""``idp roles``: what roles there are, from their single source."""

from __future__ import annotations

from flask.cli import AppGroup

from idp.cli import show as shown
from idp.cli.runtime import refusing
from idp.domain.roles import DEFAULT_ROLE, GROUPS, Role

group = AppGroup("roles", help="Roles: what people can be, the highest first.")


@group.command("list")
@shown.json_option
@refusing
def list_roles(as_json: bool) -> None:
    """List the roles with the groups that tokens name, the highest first.

    \b
    Example: idp roles list
    """
    rows = [{"role": role.value, "group": GROUPS[role], "default": role is DEFAULT_ROLE} for role in Role]
    shown.rows(rows, ("role", "group", "default"), as_json=as_json, empty="")

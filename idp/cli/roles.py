"""``idp roles``: what roles there are and what each may, from their single source."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from idp.cli import show as shown
from idp.cli.runtime import context, refusing
from idp.domain.roles import DEFAULT_ROLE, OF_ROLE, expanded
from idp.services.operations import roles as service
from idp.services.operations.roles import Difference

group = AppGroup("roles", help="Roles: what people can be, the highest first, and what each may.")


@group.command("list")
@click.option("--diff", "as_difference", is_flag=True, help="Show what idp roles provision would change instead.")
@shown.json_option
@refusing
def list_roles(as_difference: bool, as_json: bool) -> None:
    """List the roles with their groups and permissions, the highest first.

    \b
    Example: idp roles list
    """
    if as_difference:
        _show(service.difference(), "Nothing to change: the database says what the code says.", as_json)
        return
    rows = [
        {
            "role": role.value,
            "group": held.name,
            "default": role is DEFAULT_ROLE,
            "grants": list(held.grants),
            "permissions": list(expanded(held.grants)),
        }
        for role, held in OF_ROLE.items()
    ]
    shown.rows(rows, ("role", "group", "default", "grants"), as_json=as_json, empty="")


@group.command()
@shown.json_option
@refusing
def provision(as_json: bool) -> None:
    """Make groups and permissions in the database equal to what the code says; idp init does so, too.

    \b
    Example: idp roles provision
    """
    _show(service.provision(context=context()), "Nothing was changed: the database said what the code says.", as_json)


def _show(difference: Difference, nothing: str, as_json: bool) -> None:
    rows = [
        *({"change": "add", "permission": line} for line in difference.added),
        *({"change": "remove", "permission": line} for line in difference.removed),
    ]
    shown.rows(rows, ("change", "permission"), as_json=as_json, empty=nothing)

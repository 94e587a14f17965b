"""The command line: an edge like any other. One module a group; each command calls one service and shows."""

from __future__ import annotations

import click

from idp.cli import (
    access_requests,
    accounts,
    audit,
    clients,
    explanations,
    imports,
    keys,
    operations,
    providers,
    roles,
    staff,
    users,
)

COMMANDS: tuple[click.Command, ...] = (
    operations.init,
    operations.serve,
    operations.doctor,
    accounts.group,
    providers.group,
    clients.group,
    users.group,
    staff.group,
    access_requests.group,
    roles.group,
    keys.group,
    audit.group,
)

__all__ = ["COMMANDS", "explanations", "imports"]

"""The command line: an edge like any other. One module a group; each command calls one service and shows."""

from __future__ import annotations

import click

from idp.cli import accounts, audit, clients, keys, operations, providers, users

COMMANDS: tuple[click.Command, ...] = (
    operations.init,
    operations.serve,
    operations.doctor,
    accounts.group,
    providers.group,
    clients.group,
    users.group,
    keys.group,
    audit.group,
)

"""The command line: an edge like any other. One module a group; each command calls one service and shows."""

from __future__ import annotations

import click

from idp.cli import (
    access_requests,
    accounts,
    api_keys,
    audit,
    clients,
    explanations,
    imports,
    keys,
    operations,
    platform_secrets,
    providers,
    roles,
    staff,
    users,
    worker,
)

COMMANDS: tuple[click.Command, ...] = (
    operations.init,
    operations.serve,
    worker.worker,
    operations.doctor,
    accounts.group,
    providers.group,
    clients.group,
    users.group,
    staff.group,
    access_requests.group,
    api_keys.group,
    platform_secrets.group,
    roles.group,
    keys.group,
    worker.group,
    audit.group,
)

__all__ = ["COMMANDS", "explanations", "imports"]

"""What ``idp api-keys`` and ``idp platform-secrets`` show alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from idp.cli import show as shown
from idp.services.registry.api_keys import NewApiKey
from idp.services.registry.platform_secrets import NewPlatformSecret
from idp.store.api_keys import ApiKey
from idp.store.platform_secrets import PlatformSecret

COLUMNS = ("id", "account", "created_at", "last_used_at", "revoked_at", "state")


def show_all(found: Sequence[ApiKey | PlatformSecret], *, as_json: bool, empty: str) -> None:
    """Show a list; the secrets themselves never."""
    shown.rows([facts_of(row) for row in found], COLUMNS, as_json=as_json, empty=empty)


def show_made(made: NewApiKey | NewPlatformSecret, name: str, clear: str | None, *, as_json: bool) -> None:
    """Show what was just stored.

    :param name: of the secret in the JSON.
    :param clear: the secret when it was made here; who brought one has it.
    """
    facts = {"id": made.id, "account": made.account}
    shown.facts(facts if clear is None else {**facts, name: clear}, as_json=as_json)
    if clear is not None and not as_json:
        click.echo(f"The {name} is shown this once: keep it now.", err=True)


def facts_of(row: ApiKey | PlatformSecret) -> dict[str, Any]:
    """Return what may be known of a key or secret."""
    return {
        "id": row.id,
        "account": row.account_code,
        "created_at": row.created_at,
        "last_used_at": row.last_used_at,
        "revoked_at": row.revoked_at,
        "state": "live" if row.revoked_at is None else "revoked",
    }

"""``idp keys``: the signing keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from flask.cli import AppGroup

from idp.cli import show as shown
from idp.cli.runtime import context, parts, refusing
from idp.services.operations import keys as service
from idp.store.signing_keys import SigningKey
from idp.tokens.keys import published_until

COLUMNS = ("kid", "use", "alg", "state", "since", "published_until")

group = AppGroup("keys", help="Signing keys. Their private halves never leave the database.")


@group.command("list")
@shown.json_option
@refusing
def list_keys(as_json: bool) -> None:
    """List the signing keys, with the time until which a retired one is published.

    \b
    Example: idp keys list
    """
    _show(service.list_all(), as_json)


@group.command()
@click.option(
    "--force",
    "forced",
    is_flag=True,
    help="Rotate at once, although the next keys were published a moment ago. It costs: services that keep our keys "
    "refuse new tokens until they fetch the keys again, at the latest after five minutes.",
)
@shown.json_option
@refusing
def rotate(forced: bool, as_json: bool) -> None:
    """Let the next key of every use and algorithm sign, and publish another next one.

    What the keys before them signed goes on verifying until it expires.
    Refused, with the time from which it may be done, while a next key has
    been public for less than IDP_KEY_PUBLISH_AHEAD.

    \b
    Example: idp keys rotate
    """
    _show(service.rotate(forced=forced, parts=parts(), context=context()), as_json)


# A kid may start with a hyphen, which is no option then: not even -h, which its other letters could name.
@group.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("kid")
@shown.json_option
@refusing
def revoke(kid: str, as_json: bool) -> None:
    """Trust a key no longer, because its private half may be known to others.

    It is no longer published and what it signed is refused, by every process
    within 30 s; services notice when they fetch the keys again. When it
    signed, the next key signs in its place at once.

    \b
    Example: idp keys revoke nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A
    """
    _show(service.revoke(kid, sealer=parts().sealer, context=context()), as_json)


def _show(rows: Sequence[SigningKey], as_json: bool) -> None:
    found = [facts_of(row) for row in rows]
    shown.rows(found, COLUMNS, as_json=as_json, empty="No signing keys; run: idp init")


def facts_of(row: SigningKey) -> dict[str, Any]:
    """Return what may be known of a key."""
    return {
        "kid": row.kid,
        "use": row.use,
        "alg": row.alg,
        "state": row.state,
        "since": row.since,
        "published_until": published_until(row, parts().settings),
        "created_at": row.created_at,
        "published_at": row.published_at,
        "promoted_at": row.promoted_at,
        "retired_at": row.retired_at,
        "revoked_at": row.revoked_at,
    }

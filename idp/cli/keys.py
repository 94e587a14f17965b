"""``idp keys``: the signing keys."""

from __future__ import annotations

from typing import Any

from flask.cli import AppGroup

from idp.cli import show as shown
from idp.cli.runtime import refusing
from idp.services.operations import keys as service
from idp.store.signing_keys import SigningKey

group = AppGroup("keys", help="Signing keys. Their private halves never leave the database.")


@group.command("list")
@shown.json_option
@refusing
def list_keys(as_json: bool) -> None:
    """List the signing keys.

    \b
    Example: idp keys list
    """
    found = [facts_of(row) for row in service.list_all()]
    columns = ("kid", "use", "alg", "state", "published_at")
    shown.rows(found, columns, as_json=as_json, empty="No signing keys; run: idp init")


def facts_of(row: SigningKey) -> dict[str, Any]:
    """Return what may be known of a key."""
    return {
        "kid": row.kid,
        "use": row.use,
        "alg": row.alg,
        "state": row.state,
        "created_at": row.created_at,
        "published_at": row.published_at,
        "promoted_at": row.promoted_at,
        "retired_at": row.retired_at,
    }

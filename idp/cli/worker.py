"""``idp worker`` and ``idp outbox``: what is delivered to others."""

from __future__ import annotations

from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from idp.cli import show as shown
from idp.cli.runtime import context, parts, refusing
from idp.services.operations import outbox as service
from idp.services.operations import readiness
from idp.services.operations.outbox import Listed


@click.command()
@with_appcontext
@refusing
def worker() -> None:
    """Deliver the outbox, rotate keys and tidy up, until stopped.

    `idp serve` runs one beside the server; further ones, also on other machines, share the work.

    \b
    Example: idp worker
    """
    problems = [finding.what for finding in readiness.findings(parts=parts()) if finding.breaks]
    for problem in problems:
        click.echo(f"Error: {problem}", err=True)
    if problems:
        raise SystemExit(1)
    from idp.working import work_until_stopped

    click.echo("Working; Ctrl-C stops it.", err=True)
    work_until_stopped(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001


group = AppGroup("outbox", help="The outbox: what is still to be delivered to others.")


@group.command("list")
@click.option("--account", help="Only this account's.")
@shown.json_option
@refusing
def list_items(account: str | None, as_json: bool) -> None:
    """List what is not delivered, the oldest first; what was given up stays until it is retried or dropped.

    \b
    Example: idp outbox list --account acme
    """
    found = [facts_of(one) for one in service.list_all(account, context=context())]
    columns = ("id", "kind", "account", "state", "attempts", "due_at", "to", "subject", "last_error")
    shown.rows(found, columns, as_json=as_json, empty="Nothing to deliver.")


@group.command()
@click.argument("item_id", metavar="ID")
@shown.json_option
@refusing
def retry(item_id: str, as_json: bool) -> None:
    """Deliver an item now, also one that was given up.

    \b
    Example: idp outbox retry XH5x7LbMm_K9GUrbqUlu5g
    """
    item = service.retry(item_id, context=context())
    shown.done(f"{item.id} will be delivered by the next worker that is free.", {"id": item.id}, as_json=as_json)


@group.command()
@click.argument("item_id", metavar="ID")
@shown.json_option
@refusing
def drop(item_id: str, as_json: bool) -> None:
    """Give an item up for good: it leaves the list, and is never delivered.

    \b
    Example: idp outbox drop XH5x7LbMm_K9GUrbqUlu5g
    """
    item = service.drop(item_id, context=context())
    shown.done(f"{item.id} is dropped.", {"id": item.id}, as_json=as_json)


def facts_of(one: Listed) -> dict[str, Any]:
    """Return what may be known of an item; what it says is for its receiver."""
    item = one.item
    return {
        "id": item.id,
        "kind": item.kind,
        "account": item.account_code,
        "state": one.standing,
        "attempts": item.attempts,
        "created_at": item.created_at,
        "due_at": item.due_at,
        "to": one.to,
        "subject": one.subject,
        "last_error": item.last_error,
    }

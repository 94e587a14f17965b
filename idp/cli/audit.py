"""``idp audit``: what happened."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import click
from flask.cli import AppGroup

from idp.cli import show as shown
from idp.cli.runtime import refusing
from idp.domain.errors import Invalid
from idp.services.operations import audit as service
from idp.store.audit_events import AuditEvent

POLL_SECONDS = 1.0

group = AppGroup("audit", help="The audit trail.")


@group.command("list")
@click.option("--account", help="Only this account's events.")
@click.option("--user", help="Only events about this user id.")
@click.option("--request", help="Only events of the request with this code, as error pages show it.")
@click.option("--since", help="ISO 8601, e.g. 2026-11-01 or 2026-11-01T08:00:00+01:00; without a zone: UTC.")
@click.option("--follow", is_flag=True, help="Go on with new events until Ctrl-C, one object a line with --json.")
@shown.json_option
@refusing
def list_events(
    account: str | None, user: str | None, request: str | None, since: str | None, follow: bool, as_json: bool
) -> None:
    """List events, the oldest first.

    \b
    Example: idp audit list --account acme --since 2026-11-01
    """
    if user is not None and "@" in user:
        raise Invalid(f"--user is an id; find it with: idp users show {user} --account {account or 'ACCOUNT'}")
    narrowed: dict[str, Any] = {
        "account": account,
        "user": user,
        "request": request,
        "since": None if since is None else _moment(since),
    }
    if not follow:
        found = [facts_of(event) for event in service.events(0, **narrowed)]
        columns = ("at", "kind", "outcome", "account", "user", "client", "actor", "request_id", "details")
        shown.rows(found, columns, as_json=as_json, empty="No events.")
        return
    last = 0
    while True:
        for event in service.events(last, **narrowed):
            _line(facts_of(event), as_json=as_json)
            last = event.id
        time.sleep(POLL_SECONDS)


def facts_of(event: AuditEvent) -> dict[str, Any]:
    """Return an event with its details beside what all events have."""
    return {
        "id": event.id,
        "at": event.at,
        "kind": event.kind,
        "outcome": event.outcome,
        "account": event.account_code,
        "user": event.user_id,
        "client": event.client_id,
        "actor": event.actor_kind if event.actor_id is None else f"{event.actor_kind}:{event.actor_id}",
        "network": event.network,
        "request_id": event.request_id,
        "details": event.details,
    }


def _line(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        shown.line(facts)
        return
    about = " ".join(str(facts[name]) for name in ("account", "user", "client") if facts[name])
    click.echo(f"{facts['at']:%Y-%m-%d %H:%M:%S} {facts['kind']} {facts['outcome']} {about}")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"--since {text[:40]!r} is not a date; write it as 2026-11-01 or 2026-11-01T08:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

"""``idp access-requests``: what somebody has to decide; so far, whether a new sign-in is the person it met."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from idp.cli import show as shown
from idp.cli.runtime import context, refusing
from idp.domain.errors import Invalid
from idp.services.people import link_requests as service
from idp.services.people.link_requests import Listed
from idp.store.access_requests import AccessRequest, RequestStatus
from idp.store.providers import Provider

group = AppGroup("access-requests", help="Access requests: sign-ins whose address another person holds.")


@group.command("list")
@click.option("--account", help="Only this account's.")
@click.option("--status", type=click.Choice(list(RequestStatus)), help="Only those that have come so far.")
@shown.json_option
@refusing
def list_requests(account: str | None, status: str | None, as_json: bool) -> None:
    """List the requests, the oldest first.

    \b
    Example: idp access-requests list --account acme
    """
    found = [_listed(one) for one in service.list_all(account) if status in {None, one.request.status}]
    columns = (
        "id",
        "account",
        "status",
        "created_at",
        "provider",
        "subject",
        "name",
        "email_vouched",
        "meets",
        "reason",
    )
    shown.rows(found, columns, as_json=as_json, empty="Nothing to decide.")


@group.command()
@click.argument("request_id", metavar="ID")
@click.option("--role", help="Refused for requests of kind link, which keep the person's roles.")
@shown.json_option
@refusing
def approve(request_id: str, role: str | None, as_json: bool) -> None:
    """Say that the new sign-in is the person it met: it becomes one of theirs. Their roles stay.

    \b
    Example: idp access-requests approve XH5x7LbMm_K9GUrbqUlu5g
    """
    if role is not None:
        raise Invalid("--role: a request of kind link keeps the roles of the person it met; leave it out")
    row = service.approve(request_id, context=context())
    shown.facts(facts_of(row, None), as_json=as_json)
    if not row.email_vouched:
        click.echo(
            "Note: the upstream did not vouch for the address. If you did not ask the person themselves, "
            f"undo this with: idp access-requests deny {row.id}",
            err=True,
        )


@group.command()
@click.argument("request_id", metavar="ID")
@click.option("--reason", help="Why, for whoever reads the list.")
@shown.json_option
@refusing
def deny(request_id: str, reason: str | None, as_json: bool) -> None:
    """Say that the new sign-in is somebody else: it is refused from now on. Undoes an approval, too.

    \b
    Example: idp access-requests deny XH5x7LbMm_K9GUrbqUlu5g --reason "the address was given to somebody else"
    """
    shown.facts(facts_of(service.deny(request_id, reason=reason, context=context()), None), as_json=as_json)


def _listed(one: Listed) -> dict[str, Any]:
    person = one.meets
    named = " ".join(filter(None, (person.name, f"<{person.email}>", person.roles[0]))) if person else None
    return facts_of(one.request, one.provider) | {"meets": named}


def facts_of(row: AccessRequest, provider: Provider | None) -> dict[str, Any]:
    """Return a request; ``user`` is the person that the sign-in met."""
    facts: dict[str, Any] = {"provider": provider.code} if provider else {}
    return {
        "id": row.id,
        "account": row.account_code,
        "kind": row.kind,
        "status": row.status,
        "email": row.email,
        "email_vouched": row.email_vouched,
        "name": row.name,
        **facts,
        "issuer": row.issuer,
        "subject": row.subject,
        "user": row.user_id,
        "attempts": row.attempts,
        "created_at": row.created_at,
        "last_attempt_at": row.last_attempt_at,
        "decided_at": row.decided_at,
        "decided_by": row.decided_by,
        "reason": row.reason,
    }

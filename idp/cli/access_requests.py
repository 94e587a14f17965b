"""``idp access-requests``: what somebody has to decide: who is let in, and whether a new sign-in is whom it met."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from idp.cli import show as shown
from idp.cli.runtime import context, parts, refusing
from idp.domain.provider_settings import parse_role_option
from idp.services.people import deciding as service
from idp.services.people.deciding import Listed
from idp.store.access_requests import AccessRequest, RequestKind, RequestStatus
from idp.store.providers import Provider

group = AppGroup("access-requests", help="Access requests, and sign-ins whose address another person holds.")

_ALWAYS = ("id", "account", "kind", "status", "created_at", "email")
_OF_EITHER_KIND = (
    *("expires_at", "message", "service", "role", "arrived_at", "seconds_to_access"),
    *("provider", "subject", "name", "email_vouched", "meets"),
    *("reason", "bounced"),
)


@group.command("list")
@click.option("--account", help="Only this account's.")
@click.option(
    "--status", type=click.Choice([status.value for status in RequestStatus]), help="Only those that have come so far."
)
@shown.json_option
@refusing
def list_requests(account: str | None, status: str | None, as_json: bool) -> None:
    """List the requests of both kinds, the oldest first.

    \b
    Example: idp access-requests list --account acme
    """
    found = service.list_all(account, context=context())
    told = [_told(_listed(one), as_json) for one in found if status in {None, one.request.status}]
    # What only the other kind has is left out of a table in which nobody has it.
    of_these = [column for column in _OF_EITHER_KIND if any(one[column] is not None for one in told)]
    shown.rows(told, (*_ALWAYS, *of_these), as_json=as_json, empty="Nothing to decide.")


@group.command()
@click.argument("request_id", metavar="ID")
@click.option("--role", help="Of kind access: what they become. Default: deepdesk.agent. Refused for kind link.")
@shown.json_option
@refusing
def approve(request_id: str, role: str | None, as_json: bool) -> None:
    """Let somebody in who asked for access, and mail them a link that signs them in.

    Of kind link: say that the new sign-in is the person it met. It becomes one of theirs; their roles stay.

    \b
    Example: idp access-requests approve XH5x7LbMm_K9GUrbqUlu5g --role deepdesk.editor
    """
    given = None if role is None else parse_role_option(role, option="--role")
    row = service.approve(request_id, given, by=None, parts=parts(), context=context())
    shown.facts(_told(facts_of(row, None), as_json), as_json=as_json)
    if row.kind == RequestKind.LINK and not row.email_vouched:
        click.echo(
            "Note: the upstream did not vouch for the address. If you did not ask the person themselves, "
            f"undo this with: idp access-requests deny {row.id}",
            err=True,
        )


@group.command()
@click.argument("request_id", metavar="ID")
@click.option("--reason", help="Why: whoever asked for access reads it, and whoever reads the list.")
@shown.json_option
@refusing
def deny(request_id: str, reason: str | None, as_json: bool) -> None:
    """Let somebody who asked for access not in, and mail them so.

    Of kind link: say that the new sign-in is somebody else. It is refused from now on. Undoes an approval, too.

    \b
    Example: idp access-requests deny XH5x7LbMm_K9GUrbqUlu5g --reason "the address was given to somebody else"
    """
    row = service.deny(request_id, reason, by=None, parts=parts(), context=context())
    shown.facts(_told(facts_of(row, None), as_json), as_json=as_json)


def _told(facts: dict[str, Any], as_json: bool) -> dict[str, Any]:
    """Return the facts with the asker's message on one line for people."""
    message = facts["message"]
    return facts if as_json or message is None else facts | {"message": " ".join(message.split())}


def _listed(one: Listed) -> dict[str, Any]:
    person = one.meets
    named = " ".join(filter(None, (person.name, f"<{person.email}>", person.roles[0]))) if person else None
    return facts_of(one.request, one.provider) | {"meets": named, "bounced": one.bounced}


def facts_of(row: AccessRequest, provider: Provider | None) -> dict[str, Any]:
    """Return a request; ``user`` is whom the sign-in met, or whom the approval made."""
    is_link = row.kind == RequestKind.LINK
    return {
        "id": row.id,
        "account": row.account_code,
        "kind": row.kind,
        "status": row.status,
        "email": row.email,
        "email_vouched": row.email_vouched if is_link else None,
        "name": row.name,
        "message": row.message,
        "service": row.service_name,
        "provider": provider.code if provider else None,
        "issuer": row.issuer,
        "subject": row.subject,
        "user": row.user_id,
        "role": row.role,
        "attempts": row.attempts,
        "created_at": row.created_at,
        "last_attempt_at": row.last_attempt_at,
        "expires_at": row.expires_at,
        "decided_at": row.decided_at,
        "decided_by": row.decided_by,
        "reason": row.reason,
        "arrived_at": row.arrived_at,
        "seconds_to_access": _seconds_to_access(row),
    }


def _seconds_to_access(row: AccessRequest) -> int | None:
    return None if row.arrived_at is None else int((row.arrived_at - row.created_at).total_seconds())

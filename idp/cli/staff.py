"""``idp staff``: which accounts staff may enter, and as what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

import click
from flask.cli import AppGroup

from idp.cli import show as shown
from idp.cli.runtime import context, refusing
from idp.domain.errors import Invalid
from idp.domain.provider_settings import parse_role_option
from idp.services.people import staff as service
from idp.services.people.staff import GrantTerms
from idp.store.staff_grants import StaffGrant

group = AppGroup("staff", help="Staff: which accounts they may enter, and as what. Without a grant, none.")
_COLUMNS = ("email", "account", "roles", "until", "reason", "granted_at", "granted_by", "user")


@group.command()
@click.argument("email")
@click.argument("accounts", nargs=-1)
@click.option("--all", "everywhere", is_flag=True, help="Every account, those to come included.")
@click.option("--role", "roles", multiple=True, required=True, help="As what. Repeat for several.")
@click.option("--until", help="A day (its end, in UTC) or a moment, e.g. 2027-01-31 or 2027-01-31T17:00+01:00.")
@click.option("--reason", help="Why, for whoever reads the list.")
@shown.json_option
@refusing
def grant(
    email: str,
    accounts: tuple[str, ...],
    everywhere: bool,
    roles: tuple[str, ...],
    until: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Let a staff member enter accounts. What they had for the same accounts is replaced.

    \b
    Example: idp staff grant casey@deepdesk.example acme --role deepdesk.manager --until 2027-01-31
    """
    terms = GrantTerms(
        roles=tuple(parse_role_option(role, option="--role") for role in roles),
        until=None if until is None else _moment(until),
        reason=reason,
    )
    made = service.grant(email, _into(accounts, everywhere), terms, context=context())
    _show(made, as_json=as_json)
    if not service.can_be_staff(email):
        click.echo(
            f"Note: no provider of the account staff is pinned to the domain of {email}; "
            "the grant counts once somebody signs in there with that address, vouched for.",
            err=True,
        )


@group.command()
@click.argument("email")
@click.argument("accounts", nargs=-1)
@click.option("--all", "everywhere", is_flag=True, help="Every grant of theirs.")
@shown.json_option
@refusing
def revoke(email: str, accounts: tuple[str, ...], everywhere: bool, as_json: bool) -> None:
    """End grants; what is open through them ends at once.

    \b
    Example: idp staff revoke casey@deepdesk.example acme
    """
    ended = service.revoke(email, _into(accounts, everywhere), context=context())
    if not as_json:
        click.echo("Revoked:")
    _show(ended, as_json=as_json)
    if not everywhere and any(row.account_code is None for row in service.grants_naming(email)):
        click.echo(
            f"Note: {email} can still enter by the grant for every account; end it with: "
            f"idp staff revoke {email} --all",
            err=True,
        )


@group.command("list")
@click.option("--account", help="Only the grants that open this account, those for every account included.")
@shown.json_option
@refusing
def list_grants(account: str | None, as_json: bool) -> None:
    """List the grants that nobody revoked, those that are over included.

    \b
    Example: idp staff list --account acme
    """
    _show(service.list_all(account), as_json=as_json)


def _show(found: Sequence[StaffGrant], *, as_json: bool) -> None:
    rows = [facts_of(row) for row in found]
    if not as_json:
        rows = [row | {"account": row["account"] or "every account", "until": _until(row["until"])} for row in rows]
    shown.rows(rows, _COLUMNS, as_json=as_json, empty="No grants; staff enter no account. See: idp staff grant --help")


def facts_of(row: StaffGrant) -> dict[str, Any]:
    """Return a grant; ``account`` is none for every account, ``user`` until the person's first sign-in."""
    return {
        "id": row.id,
        "email": row.email,
        "user": row.user_id,
        "account": row.account_code,
        "all": row.account_code is None,
        "roles": row.roles,
        "until": row.until,
        "reason": row.reason,
        "granted_at": row.granted_at,
        "granted_by": row.granted_by,
    }


def _until(moment: datetime | None) -> object:
    """Show the end of a day as that day, which is how it was given."""
    if moment is None or moment.time() != time():
        return moment
    return f"the end of {(moment - timedelta(days=1)).date()}"


def _into(accounts: tuple[str, ...], everywhere: bool) -> tuple[str, ...] | None:
    if bool(accounts) == everywhere:
        raise Invalid("name the accounts, or give --all for every one of them")
    return None if everywhere else accounts


def _moment(text: str) -> datetime:
    """Read a day, which lasts until its end, or a moment; without a zone it is UTC."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(
            f"--until {text[:40]!r} is no such day or moment; write 2027-01-31 or 2027-01-31T17:00+01:00 "
            "(year-month-day)"
        ) from None
    if len(text) <= len("2027-01-31"):
        given = datetime.combine(given.date() + timedelta(days=1), time(), UTC)
    return given if given.tzinfo else given.replace(tzinfo=UTC)

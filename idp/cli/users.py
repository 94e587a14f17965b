"""``idp users``: the people."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from idp.cli import show as shown
from idp.cli.runtime import refusing
from idp.services.people import users as service
from idp.store.sign_ins import SignIn
from idp.store.users import User

group = AppGroup("users", help="Users: the people of an account. They come by signing in.")


@group.command("list")
@click.option("--account", help="Only this account's.")
@shown.json_option
@refusing
def list_users(account: str | None, as_json: bool) -> None:
    """List the users.

    \b
    Example: idp users list --account acme
    """
    found = [facts_of(user) for user in service.list_all(account)]
    columns = ("id", "account", "email", "name", "roles", "last_sign_in_at")
    shown.rows(found, columns, as_json=as_json, empty="No users yet: they are made when they first sign in.")


@group.command()
@click.argument("user")
@click.option("--account", help="Needed when USER is an address.")
@shown.json_option
@refusing
def show(user: str, account: str | None, as_json: bool) -> None:
    """Show a user, by id or by address, and how the last sign-in gave the roles.

    \b
    Example: idp users show manager@acme.example --account acme
    """
    found = service.show(user, account=account)
    links = [{"issuer": link.issuer, "subject": link.subject} for link in found.links]
    facts = facts_of(found.user) | {"upstream_identities": links, "last_sign_in": _sign_in(found.last_sign_in)}
    shown.facts(facts, as_json=as_json)


def facts_of(user: User) -> dict[str, Any]:
    """Return a user under the names that tokens use."""
    return {
        "id": user.id,
        "account": user.account_code,
        "email": user.email,
        "email_vouched": user.email_vouched,
        "name": user.name,
        "roles": user.roles,
        "enabled": user.enabled,
        "created_at": user.created_at,
        "last_sign_in_at": user.last_sign_in_at,
    }


def _sign_in(sign_in: SignIn | None) -> dict[str, Any] | None:
    if sign_in is None:
        return None
    return {
        "at": sign_in.at.isoformat(),
        "provider": sign_in.provider_code,
        "outcome": sign_in.outcome,
        "role_claim": sign_in.role_claim,
        "role_values": sign_in.role_values,
        "role_steps": sign_in.role_steps,
        "roles": sign_in.roles,
    }

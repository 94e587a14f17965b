"""``idp users``: the people."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from idp.cli import show as shown
from idp.cli.runtime import context, existing_ok, parts, refusing
from idp.domain.new_user import NewUser
from idp.domain.provider_settings import parse_role_option
from idp.services.people import leavers
from idp.services.people import users as service
from idp.services.registry.account_checks import MAX_IDLE_DAYS
from idp.store.users import User

group = AppGroup("users", help="Users: the people of an account. USER is an id, or an address with --account.")

account_option = click.option("--account", help="Needed when USER is an address.")


@group.command()
@click.argument("email")
@click.option("--account", required=True, help="The account to which the person belongs.")
@click.option("--name", default="", help="What pages call the person until their first sign-in.")
@click.option("--role", "roles", multiple=True, help="Default: deepdesk.agent. Repeat for several.")
@click.option("--platform-id", default="", help="The person's id on the platform in which they work.")
@click.option("--invite", is_flag=True, help="Mail them a link that signs them in. Whoever exists is not mailed.")
@click.option("--exist-ok", is_flag=True, help="Exit 0 when somebody has the address; they stay as they are.")
@shown.json_option
@refusing
def create(
    email: str,
    account: str,
    name: str,
    roles: tuple[str, ...],
    platform_id: str,
    invite: bool,
    exist_ok: bool,
    as_json: bool,
) -> None:
    """Make a user beforehand. The first sign-in that brings the address, vouched for, or the platform id is theirs.

    \b
    Example: idp users create mia@acme.example --account acme --role deepdesk.manager --invite
    """
    new = NewUser.parse(email, name=name, roles=[role for role in roles if role], platform_id=platform_id)
    user = existing_ok(
        exist_ok,
        lambda: service.create(account, new, invite=invite, parts=parts(), context=context()),
        lambda: service.show(email, account=account).user,
    )
    shown.facts(facts_of(user), as_json=as_json)


@group.command("list")
@click.option("--account", help="Only this account's.")
@click.option(
    "--idle-for",
    metavar="DAYS",
    type=click.IntRange(1, MAX_IDLE_DAYS),
    help="Only who was not there for so long, the longest first, with idle_since: when they were made, enabled again, "
    "signed in, used a session or renewed tokens last.",
)
@shown.json_option
@refusing
def list_users(account: str | None, idle_for: int | None, as_json: bool) -> None:
    """List the users.

    \b
    Example: idp users list --account acme --idle-for 90
    """
    columns: tuple[str, ...] = ("id", "account", "email", "name", "roles", "enabled", "last_sign_in_at")
    if idle_for is not None:
        idle = leavers.list_idle(account, days=idle_for, context=context())
        rows = [facts_of(person.user) | {"idle_since": person.since} for person in idle]
        shown.rows(rows, (*columns, "idle_since"), as_json=as_json, empty="Nobody has been idle for so long.")
        return
    found = [facts_of(user) for user in service.list_all(account)]
    shown.rows(
        found,
        columns,
        as_json=as_json,
        empty="No users yet: they come by signing in, or with: idp users create",
    )


@group.command()
@click.argument("user")
@account_option
@shown.json_option
@refusing
def show(user: str, account: str | None, as_json: bool) -> None:
    """Show a user with the upstream identities by which they are recognised. Why they have their roles: explain.

    \b
    Example: idp users show manager@acme.example --account acme
    """
    found = service.show(user, account=account)
    links = [
        {"provider": provider.code if provider else None, "issuer": link.issuer, "subject": link.subject}
        for provider, link in found.links
    ]
    shown.facts(facts_of(found.user) | {"upstream_identities": links}, as_json=as_json)


@group.command("set-roles")
@click.argument("user")
@account_option
@click.option("--role", "roles", multiple=True, required=True, help="Replaces all roles. An empty value means agent.")
@shown.json_option
@refusing
def set_roles(user: str, account: str | None, roles: tuple[str, ...], as_json: bool) -> None:
    """Give a user other roles. Refused where the roles follow the upstream (Role based IAM).

    Whoever may do more than before is mailed.

    \b
    Example: idp users set-roles mia@acme.example --account acme --role deepdesk.editor
    """
    parsed = [parse_role_option(role, option="--role") for role in roles if role]
    changed = service.set_roles(user, parsed, account=account, parts=parts(), context=context())
    shown.facts(facts_of(changed), as_json=as_json)


@group.command()
@click.argument("user")
@account_option
@shown.json_option
@refusing
def disable(user: str, account: str | None, as_json: bool) -> None:
    """Keep a user out; what they have open ends.

    \b
    Example: idp users disable mia@acme.example --account acme
    """
    changed = service.set_enabled(user, enabled=False, account=account, context=context())
    shown.facts(facts_of(changed), as_json=as_json)


@group.command()
@click.argument("user")
@account_option
@shown.json_option
@refusing
def enable(user: str, account: str | None, as_json: bool) -> None:
    """Let a user in again.

    \b
    Example: idp users enable mia@acme.example --account acme
    """
    changed = service.set_enabled(user, enabled=True, account=account, context=context())
    shown.facts(facts_of(changed), as_json=as_json)


@group.command()
@click.argument("user")
@account_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@shown.json_option
@refusing
def delete(user: str, account: str | None, yes: bool, as_json: bool) -> None:
    """Remove a user. Should they sign in again, they are somebody new.

    \b
    Example: idp users delete mia@acme.example --account acme --yes
    """
    found = service.show(user, account=account).user
    named = found.email or found.id
    if not yes:
        click.confirm(f"Remove {named} of {found.account_code} and all they have open?", abort=True, err=True)
    service.delete(found.id, account=account, context=context())
    shown.done(f"User {named} is removed.", {"id": found.id, "deleted": True}, as_json=as_json)


@group.command()
@click.argument("user")
@account_option
@shown.json_option
@refusing
def sessions(user: str, account: str | None, as_json: bool) -> None:
    """List where a user is signed in.

    \b
    Example: idp users sessions mia@acme.example --account acme
    """
    rows = [
        {
            "sid": one.sid,
            "auth_time": one.auth_time,
            "amr": list(one.amr),
            "created_at": one.created_at,
            "last_seen_at": one.last_seen_at,
            "expires_at": one.expires_at,
        }
        for one in service.sessions(user, account=account, context=context())
    ]
    columns = ("sid", "auth_time", "amr", "last_seen_at", "expires_at")
    shown.rows(rows, columns, as_json=as_json, empty="Signed in nowhere.")


@group.command("sign-out")
@click.argument("user")
@account_option
@shown.json_option
@refusing
def sign_out(user: str, account: str | None, as_json: bool) -> None:
    """End everything that a user has open, in every browser and at every service.

    \b
    Example: idp users sign-out mia@acme.example --account acme
    """
    ended = service.sign_out(user, account=account, context=context())
    sessions_ended = "1 session" if ended == 1 else f"{ended} sessions"
    sentence = f"Signed out: {sessions_ended} ended, and what hung on them."
    shown.done(sentence, {"sessions_ended": ended}, as_json=as_json)


def facts_of(user: User) -> dict[str, Any]:
    """Return a user under the names that tokens use."""
    return {
        "id": user.id,
        "account": user.account_code,
        "email": user.email,
        "email_vouched": user.email_vouched,
        "email_proved": user.email_proved,
        "name": user.name,
        "roles": user.roles,
        "platform_id": user.platform_id,
        "enabled": user.enabled,
        "created_at": user.created_at,
        "last_sign_in_at": user.last_sign_in_at,
    }

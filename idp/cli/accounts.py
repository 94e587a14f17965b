"""``idp accounts``: the tenants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from flask.cli import AppGroup

from idp.cli import show as shown
from idp.cli.runtime import context, existing_ok, refusing
from idp.domain.access_requests import ESCALATE_AFTER_HOURS, REQUEST_EXPIRY_DAYS
from idp.domain.mail_sign_in import MagicLinks
from idp.services.registry import accounts as service
from idp.services.registry.accounts import AccountSettings
from idp.store.accounts import Account

F = TypeVar("F", bound=Callable[..., Any])

_MOST_DIGITS = 9

group = AppGroup("accounts", help="Accounts: the customers whose people sign in.")


def _seconds(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """Read a number of seconds; an empty value is nought, which stands for none."""
    if not text:
        return None if text is None else 0
    if not _is_number(text) or int(text) == 0:
        raise click.BadParameter("must be a number of seconds, or empty")
    return int(text)


def _whole(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """Read a number of days or hours; which of them can be is the service's to say."""
    if text is None:
        return None
    if not _is_number(text):
        raise click.BadParameter("must be a whole number")
    return int(text)


def _days_or_never(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """Read a number of days; an empty value is nought, which stands for never."""
    return 0 if text == "" else _whole(_context, _option, text)


def _is_number(text: str) -> bool:
    """Say whether this is a number that any database can keep."""
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS


def _settings(command: F) -> F:
    options = (
        click.option("--base-url", help="Where the account is served, e.g. https://acme.deepdesk.com."),
        click.option("--origin", "origins", multiple=True, help="Web origin of the widget. Repeat for several."),
        click.option("--email-domain", "email_domains", multiple=True, help="Mail domain that the account owns."),
        click.option(
            "--access-domain",
            "access_domains",
            multiple=True,
            help="Mail domain whose people may ask for access. Default: everybody. Repeat for several.",
        ),
        click.option("--trial/--no-trial", default=None, help="Only people whom the account knows already may enter."),
        click.option(
            "--link-by-email/--no-link-by-email",
            default=None,
            help="A vouched address joins who has it; above agent only in a browser where they are signed in.",
        ),
        click.option(
            "--reverify-after",
            metavar="SECONDS",
            callback=_seconds,
            help="For how long tokens are renewed for people whom their upstream has not confirmed since. "
            "Default: a day where roles follow the upstream, else no limit; an empty value goes back to that.",
        ),
        click.option(
            "--magic-link",
            type=click.Choice([one.value for one in MagicLinks]),
            help="For whom mail is a way in: nobody, people without a sign-in at an upstream (the default), or all.",
        ),
        click.option(
            "--request-expiry",
            metavar="DAYS",
            callback=_whole,
            help=f"For how long an access request waits for a decision. Default: {REQUEST_EXPIRY_DAYS}.",
        ),
        click.option(
            "--escalate-after",
            metavar="HOURS",
            callback=_whole,
            help=f"After how long deputies decide, too; staff after twice that. Default: {ESCALATE_AFTER_HOURS}.",
        ),
        click.option(
            "--deputy",
            "deputies",
            metavar="EMAIL",
            multiple=True,
            help="User of the account who decides what no manager did in time. Repeat for several.",
        ),
        click.option(
            "--disable-idle-after",
            metavar="DAYS",
            callback=_days_or_never,
            help="Disable people who did not sign in or renew tokens for so long, 1 to 3650 days; see: idp users list "
            "--idle-for. The last manager stays. Default: never; 0 or an empty value goes back to that.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@group.command()
@click.argument("code")
@click.option("--name", required=True, help="The name that people see.")
@_settings
@click.option("--exist-ok", is_flag=True, help="Exit 0 when the account exists; it stays as it is.")
@shown.json_option
@refusing
def create(code: str, name: str, exist_ok: bool, as_json: bool, **given: Any) -> None:
    """Make an account.

    \b
    Example: idp accounts create acme --name "Acme Contact Center"
    """
    settings = _parsed(name, given)
    account = existing_ok(
        exist_ok, lambda: service.create(code, settings, context=context()), lambda: service.show(code)
    )
    shown.facts(facts_of(account), as_json=as_json)


@group.command("list")
@shown.json_option
@refusing
def list_accounts(as_json: bool) -> None:
    """List the accounts.

    \b
    Example: idp accounts list
    """
    found = [facts_of(account) for account in service.list_all()]
    shown.rows(found, ("code", "name", "enabled", "base_url"), as_json=as_json, empty="No accounts; run: idp init")


@group.command()
@click.argument("code")
@shown.json_option
@refusing
def show(code: str, as_json: bool) -> None:
    """Show an account.

    \b
    Example: idp accounts show acme
    """
    shown.facts(facts_of(service.show(code)), as_json=as_json)


@group.command()
@click.argument("code")
@click.option("--name", help="The name that people see.")
@_settings
@shown.json_option
@refusing
def update(code: str, name: str | None, as_json: bool, **given: Any) -> None:
    """Change an account; what is not given stays, an empty value empties a list.

    \b
    Example: idp accounts update acme --email-domain acme.example
    """
    account = service.update(code, _parsed(name, given), context=context())
    shown.facts(facts_of(account), as_json=as_json)


@group.command()
@click.argument("code")
@shown.json_option
@refusing
def disable(code: str, as_json: bool) -> None:
    """Keep an account's people out.

    \b
    Example: idp accounts disable acme
    """
    shown.facts(facts_of(service.set_enabled(code, enabled=False, context=context())), as_json=as_json)


@group.command()
@click.argument("code")
@shown.json_option
@refusing
def enable(code: str, as_json: bool) -> None:
    """Let an account's people in again.

    \b
    Example: idp accounts enable acme
    """
    shown.facts(facts_of(service.set_enabled(code, enabled=True, context=context())), as_json=as_json)


@group.command()
@click.argument("code")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shown.json_option
@refusing
def delete(code: str, yes: bool, as_json: bool) -> None:
    """Remove an account with its people, providers and clients.

    \b
    Example: idp accounts delete acme --yes
    """
    service.show(code)
    if not yes:
        click.confirm(f"Remove account {code} with all its people, providers and clients?", abort=True, err=True)
    service.delete(code, context=context())
    shown.done(f"Account {code} is removed.", {"code": code, "deleted": True}, as_json=as_json)


def facts_of(account: Account) -> dict[str, Any]:
    """Return an account under the names of the options."""
    return {
        "code": account.code,
        "name": account.name,
        "enabled": account.enabled,
        "base_url": account.base_url,
        "origin": [row.origin for row in account.origins],
        "email_domain": [row.domain for row in account.email_domains],
        "trial": account.trial,
        "link_by_email": account.link_by_email,
        "reverify_after": account.reverify_after,
        "magic_link": account.magic_link,
        "access_domain": [row.domain for row in account.access_domains],
        "request_expiry": account.request_expiry_days,
        "escalate_after": account.escalate_after_hours,
        "deputy": service.addresses_of_deputies(account),
        "disable_idle_after": account.disable_idle_after_days,
        "created_at": account.created_at,
    }


def _parsed(name: str | None, given: dict[str, Any]) -> AccountSettings:
    return AccountSettings(
        name=name,
        base_url=given["base_url"],
        origins=replaced(given["origins"]),
        email_domains=replaced(given["email_domains"]),
        trial=given["trial"],
        link_by_email=given["link_by_email"],
        reverify_after=given["reverify_after"],
        magic_link=None if given["magic_link"] is None else MagicLinks(given["magic_link"]),
        access_domains=replaced(given["access_domains"]),
        request_expiry=given["request_expiry"],
        escalate_after=given["escalate_after"],
        deputies=replaced(given["deputies"]),
        disable_idle_after=given["disable_idle_after"],
    )


def replaced(values: tuple[str, ...]) -> tuple[str, ...] | None:
    """Read a list option: nothing given leaves the list, one empty value empties it."""
    return tuple(value for value in values if value) if values else None

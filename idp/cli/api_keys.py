"""``idp api-keys``: the integration API keys of accounts."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from idp.cli import show as shown
from idp.cli.integration_secrets import facts_of, show_all, show_made
from idp.cli.runtime import context, existing_ok, parts, read_secret, refusing
from idp.domain.integration_secrets import STRONG_KEY_LENGTH, is_weak_api_key
from idp.services.registry import api_keys as service

group = AppGroup(
    "api-keys",
    help="Integration API keys, by which a platform without single sign-on vouches for its agents. An account has "
    "two at most, one to replace the other. Sessions that one began go on after it ends; end them with: "
    "idp users sign-out",
)


@group.command()
@click.argument("account")
@click.option(
    "--key-file", help="File with an existing key, 16 to 256 characters; - reads standard input. Default: make one."
)
@click.option("--exist-ok", is_flag=True, help="Exit 0 when the account has the key of --key-file, live.")
@shown.json_option
@refusing
def create(account: str, key_file: str | None, exist_ok: bool, as_json: bool) -> None:
    """Give ACCOUNT an API key. One that is made here is printed once.

    \b
    Example: idp api-keys create acme
    """
    brought = None if key_file is None else read_secret(key_file, prompt="API key")
    made = existing_ok(
        exist_ok and brought is not None,
        lambda: service.create(account, key=brought, parts=parts(), context=context()),
        lambda: service.live(account, brought or ""),
    )
    show_made(made, "api_key", made.api_key if brought is None else None, as_json=as_json)
    if is_weak_api_key(made.api_key):
        click.echo(
            f"Note: a key of fewer than {STRONG_KEY_LENGTH} characters can be guessed. Let the platform change to one "
            f"that is made here: idp api-keys create {made.account}",
            err=True,
        )


@group.command("list")
@click.option("--account", help="Only this account's.")
@shown.json_option
@refusing
def list_keys(account: str | None, as_json: bool) -> None:
    """List the API keys, those that were revoked included. The keys themselves cannot be shown.

    \b
    Example: idp api-keys list --account acme
    """
    empty = "No API keys; make one with: idp api-keys create --help"
    show_all(service.list_all(account), as_json=as_json, empty=empty)


@group.command()
@click.argument("key_id", metavar="ID")
@shown.json_option
@refusing
def rotate(key_id: str, as_json: bool) -> None:
    """Put a new API key, printed once, in the place of one that ends at once.

    Until the platform's pages have the new one, nobody signs in by them. For
    an overlap create a second key, change the platform, and revoke the first.
    Sessions that the old one began go on; end them with idp users sign-out.

    \b
    Example: idp api-keys rotate XH5x7LbMm_K9GUrbqUlu5g
    """
    made = service.rotate(key_id, parts=parts(), context=context())
    show_made(made, "api_key", made.api_key, as_json=as_json)
    if not as_json:
        click.echo(f"The key {key_id} has ended: the platform's pages need the new one now.", err=True)


@group.command()
@click.argument("key_id", metavar="ID")
@shown.json_option
@refusing
def revoke(key_id: str, as_json: bool) -> None:
    """End an API key at once. Without a live key an account's agents cannot sign in by one.

    Sessions that it began go on; end them with idp users sign-out.

    \b
    Example: idp api-keys revoke XH5x7LbMm_K9GUrbqUlu5g
    """
    shown.facts(facts_of(service.revoke(key_id, context=context())), as_json=as_json)

"""``idp platform-secrets``: the secrets that accounts share with platforms which sign JWTs."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from idp.cli import show as shown
from idp.cli.integration_secrets import facts_of, show_all, show_made
from idp.cli.runtime import context, existing_ok, parts, read_secret, refusing
from idp.services.registry import platform_secrets as service

group = AppGroup(
    "platform-secrets",
    help="Secrets shared with a platform that signs JWTs about its agents. An account has two at most, one to "
    "replace the other. Sessions that began with one go on after it ends; end them with: idp users sign-out",
)


@group.command()
@click.argument("account")
@click.option(
    "--secret-file", help="File with an existing secret, 32 to 512 bytes; - reads standard input. Default: make one."
)
@click.option("--exist-ok", is_flag=True, help="Exit 0 when the account has the secret of --secret-file, live.")
@shown.json_option
@refusing
def create(account: str, secret_file: str | None, exist_ok: bool, as_json: bool) -> None:
    """Give ACCOUNT a platform secret. One that is made here is printed once.

    \b
    Example: idp platform-secrets create acme --secret-file secret.txt
    """
    brought = None if secret_file is None else read_secret(secret_file, prompt="Platform secret")
    made = existing_ok(
        exist_ok and brought is not None,
        lambda: service.create(account, secret=brought, parts=parts(), context=context()),
        lambda: service.live(account, brought or ""),
    )
    show_made(made, "secret", made.secret if brought is None else None, as_json=as_json)


@group.command("list")
@click.option("--account", help="Only this account's.")
@shown.json_option
@refusing
def list_secrets(account: str | None, as_json: bool) -> None:
    """List the platform secrets, those that were revoked included. The secrets themselves cannot be shown.

    \b
    Example: idp platform-secrets list --account acme
    """
    empty = "No platform secrets; make one with: idp platform-secrets create --help"
    show_all(service.list_all(account), as_json=as_json, empty=empty)


@group.command()
@click.argument("secret_id", metavar="ID")
@shown.json_option
@refusing
def rotate(secret_id: str, as_json: bool) -> None:
    """Make a secret, printed once, that is to replace another. The other stays valid until it is revoked.

    \b
    Example: idp platform-secrets rotate XH5x7LbMm_K9GUrbqUlu5g
    """
    made = service.rotate(secret_id, parts=parts(), context=context())
    show_made(made, "secret", made.secret, as_json=as_json)
    if not as_json:
        click.echo(f"When the platform signs with it, end the other: idp platform-secrets revoke {secret_id}", err=True)


@group.command()
@click.argument("secret_id", metavar="ID")
@shown.json_option
@refusing
def revoke(secret_id: str, as_json: bool) -> None:
    """End a platform secret at once: a JWT that is signed with it is refused from now on.

    Sessions that began with it go on; end them with idp users sign-out.

    \b
    Example: idp platform-secrets revoke XH5x7LbMm_K9GUrbqUlu5g
    """
    shown.facts(facts_of(service.revoke(secret_id, context=context())), as_json=as_json)

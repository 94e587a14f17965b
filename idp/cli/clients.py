"""``idp clients``: the downstream services."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click
from flask.cli import AppGroup

from idp.cli import client_options
from idp.cli import show as shown
from idp.cli.runtime import context, existing_ok, parts, read_secret, refusing
from idp.domain.client_metadata import ClientMetadata
from idp.services.registry import clients as service
from idp.services.registry.clients import Issued, RegisteredClient

group = AppGroup("clients", help="Clients: the Deepdesk services that people sign in to.")


_admitting = click.option(
    "--admit-account",
    "admitted",
    multiple=True,
    help="For a client without account: whose people may sign in besides staff. Repeat for several.",
)


@group.command()
@click.argument("name")
@click.option("--account", help="The account whose people may sign in. Default: staff alone.")
@_admitting
@client_options.registration
@click.option("--public", is_flag=True, help="A client that cannot keep a secret: a browser or mobile application.")
@click.option("--client-id", help="Brought along from elsewhere; made here when not given.")
@click.option("--client-secret-file", help="The same; - reads standard input.")
@click.option("--exist-ok", is_flag=True, help="Exit 0 when --client-id exists; it stays as it is.")
@shown.json_option
@refusing
def create(
    name: str,
    account: str | None,
    admitted: tuple[str, ...],
    public: bool,
    client_id: str | None,
    client_secret_file: str | None,
    exist_ok: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Register the service NAME. Its secret is printed once and cannot be read again.

    \b
    Example: idp clients create Studio --account acme --redirect-uri https://studio.example.com/callback
    """
    metadata = ClientMetadata.parse(client_name=name, **client_options.parsed(given, public=public))
    brought = None if client_secret_file is None else read_secret(client_secret_file, prompt="Client secret")
    issued = existing_ok(
        exist_ok and client_id is not None,
        lambda: service.create(
            metadata,
            account=account,
            admitted=[code for code in admitted if code],
            client_id=client_id,
            client_secret=brought,
            sealer=parts().sealer,
            context=context(),
        ),
        lambda: Issued(client=service.show(client_id or "", context=context()), client_secret=None),
    )
    _show_issued(issued, as_json=as_json)


@group.command("list")
@click.option("--account", help="Only this account's.")
@shown.json_option
@refusing
def list_clients(account: str | None, as_json: bool) -> None:
    """List the clients.

    \b
    Example: idp clients list --account acme
    """
    found = [facts_of(client) for client in service.list_all(account, context=context())]
    columns = ("client_id", "client_name", "account", "redirect_uris")
    shown.rows(found, columns, as_json=as_json, empty="No clients; register one with: idp clients create --help")


@group.command()
@click.argument("client_id")
@shown.json_option
@refusing
def show(client_id: str, as_json: bool) -> None:
    """Show a client. Its secret cannot be shown.

    \b
    Example: idp clients show studio
    """
    shown.facts(facts_of(service.show(client_id, context=context())), as_json=as_json)


@group.command()
@click.argument("client_id")
@click.option("--name", help="A new name.")
@_admitting
@client_options.registration
@shown.json_option
@refusing
def update(client_id: str, name: str | None, admitted: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Change a client; what is not given stays, a list that is given replaces the old one.

    \b
    Example: idp clients update studio --redirect-uri https://studio.example.com/signed-in
    """
    changes = client_options.parsed(given) | ({} if name is None else {"client_name": name})
    admit = [code for code in admitted if code] if admitted else None
    shown.facts(facts_of(service.update(client_id, changes, admitted=admit, context=context())), as_json=as_json)


@group.command("rotate-secret")
@click.argument("client_id")
@click.option(
    "--keep-old-for",
    type=click.IntRange(min=0, max=90 * 86400),
    default=0,
    metavar="SECONDS",
    help="How long the old secret stays valid beside the new one. Default: not at all.",
)
@click.option("--auth-method", help="What the client uses its secret for from now on, for example client_secret_jwt.")
@shown.json_option
@refusing
def rotate_secret(client_id: str, keep_old_for: int, auth_method: str | None, as_json: bool) -> None:
    """Give a client a new secret, printed once.

    \b
    Example: idp clients rotate-secret studio --keep-old-for 86400
    """
    issued = service.rotate_secret(
        client_id,
        keep_old_for=timedelta(seconds=keep_old_for),
        auth_method=auth_method,
        sealer=parts().sealer,
        context=context(),
    )
    _show_issued(issued, as_json=as_json)


@group.command()
@click.argument("client_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shown.json_option
@refusing
def delete(client_id: str, yes: bool, as_json: bool) -> None:
    """Remove a client and what was issued to it.

    \b
    Example: idp clients delete studio --yes
    """
    client = service.show(client_id, context=context())
    if not yes:
        click.confirm(f"Remove {client.metadata.client_name}? Nobody can sign in to it then.", abort=True, err=True)
    service.delete(client_id, context=context())
    shown.done(f"Client {client_id} is removed.", {"client_id": client_id, "deleted": True}, as_json=as_json)


def facts_of(client: RegisteredClient) -> dict[str, Any]:
    """Return a client under the names of RFC 7591."""
    metadata = client.metadata
    return {
        "client_id": client.client_id,
        "client_name": metadata.client_name,
        "account": client.account,
        "admit_account": list(client.admitted),
        "redirect_uris": list(metadata.redirect_uris),
        "grant_types": list(metadata.grant_types),
        "response_types": list(metadata.response_types),
        "token_endpoint_auth_method": metadata.auth_method or "client_secret_basic or client_secret_post",
        "scope": " ".join(metadata.scope),
        "id_token_signed_response_alg": metadata.id_token_alg,
        "pkce": metadata.pkce,
        "party": metadata.party,
        "claims": metadata.claims_profile,
        "audience": list(metadata.audiences),
        "serves": list(metadata.serves),
        "role": list(metadata.roles),
        "post_logout_redirect_uris": list(metadata.post_logout_redirect_uris),
        "backchannel_logout_uri": metadata.backchannel_logout_uri,
        "jwks": metadata.jwks,
        "jwks_uri": metadata.jwks_uri,
    }


def _show_issued(issued: Issued, *, as_json: bool) -> None:
    facts = facts_of(issued.client)
    if issued.client_secret is not None:
        facts = {"client_id": facts["client_id"], "client_secret": issued.client_secret, **facts}
    shown.facts(facts, as_json=as_json)
    if issued.client_secret is not None and not as_json:
        click.echo("The client_secret is shown this once: keep it now.", err=True)

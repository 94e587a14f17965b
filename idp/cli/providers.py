"""``idp providers``: the upstream providers that an account's people sign in with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import date
from typing import Any, TypeVar

import click
from flask.cli import AppGroup

from idp.cli import show as shown
from idp.cli.runtime import context, existing_ok, parts, read_secret, refusing
from idp.domain.errors import Invalid
from idp.domain.provider_checks import check as check_settings
from idp.domain.provider_kinds import DISPLAY_NAMES, Kind
from idp.domain.provider_settings import ProviderSettings, parse_role_map, parse_role_option
from idp.services.operations import provider_standing
from idp.services.registry import providers as service
from idp.store.providers import Provider

F = TypeVar("F", bound=Callable[..., Any])

group = AppGroup("providers", help="Upstream providers: named ACCOUNT CODE.")

_TEXTS = {
    "--client-id": "The client_id that the upstream gave us.",
    "--issuer": "The upstream's issuer identifier; discovery starts there.",
    "--authorize-url": "Instead of what discovery or the kind says.",
    "--token-url": "Instead of what discovery or the kind says.",
    "--api-url": "Base of the platform's API; for genesys it names the region, e.g. https://api.mypurecloud.de.",
    "--userinfo-url": "Instead of what discovery says; needed for oauth2.",
    "--display-name": "What the button says after “Continue with”. Default: the kind's, else CODE.",
    "--scope": "Space-separated. Default: openid profile email; none for genesys, ringcentral and oauth2.",
    "--subject-claim": "Claim with the immutable id of the person. Its default, like the next four's, is the kind's.",
    "--email-claim": "Claim with the address.",
    "--first-name-claim": "Claim with the first name.",
    "--last-name-claim": "Claim with the last name.",
    "--roles-claim": "Claim with the roles; dots walk into nested objects.",
}


def _settings(command: F) -> F:
    options = [
        click.option("--client-secret-file", help="File with the client secret; - reads standard input."),
        *(click.option(name, help=text) for name, text in _TEXTS.items()),
        click.option("--role-map", multiple=True, help="THEIRS=ROLE. Without a map, literal deepdesk.* values count."),
        click.option("--role-ceiling", help="The highest role that this provider can give."),
        click.option(
            "--tenant",
            "tenants",
            multiple=True,
            help="Organisation whose people may come, by its id there. A pin.",
        ),
        click.option(
            "--hosted-domain",
            "hosted_domains",
            multiple=True,
            help="Google Workspace's primary domain. A pin, needed for google.",
        ),
        click.option(
            "--any-google-account/--no-any-google-account",
            default=None,
            help="Let everybody with a Google account in, as agents.",
        ),
        click.option(
            "--trust-email/--no-trust-email",
            default=None,
            help="Count the provider's addresses as vouched for, although it says nothing about them.",
        ),
        click.option("--client-secret-expires", help="Until when the upstream takes the secret: 2027-01-31."),
        click.option("--role-based-iam/--no-role-based-iam", default=None, help="Roles follow the upstream."),
        click.option("--require-roles/--no-require-roles", default=None, help="Refuse whoever brings no valid role."),
        click.option(
            "--generic-callback/--no-generic-callback",
            default=None,
            help="The upstream has /oauth/callback/ registered, as all connections once did.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@group.command()
@click.argument("account")
@click.argument("code")
@click.option("--kind", required=True, help=f"One of: {', '.join(Kind)}.")
@_settings
@click.option("--exist-ok", is_flag=True, help="Exit 0 when the provider exists; it stays as it is.")
@shown.json_option
@refusing
def create(
    account: str, code: str, client_secret_file: str | None, exist_ok: bool, as_json: bool, **given: Any
) -> None:
    """Connect ACCOUNT to an upstream provider, named CODE.

    \b
    Example: idp providers create acme okta --kind oidc --issuer https://acme.okta.com \\
               --client-id 0oa1 --client-secret-file secret.txt --role-based-iam
    """
    settings = ProviderSettings.of(
        **{"display_name": DISPLAY_NAMES.get(given["kind"], code), "client_id": "", **_parsed(given)}
    )

    def make() -> Provider:
        check_settings(settings)  # before anybody is asked for a secret
        secret = read_secret(client_secret_file, prompt="Client secret of the upstream")
        return service.create(account, code, settings, client_secret=secret, parts=parts(), context=context())

    row = existing_ok(exist_ok, make, lambda: service.show(account, code))
    shown.facts(facts_of(row), as_json=as_json)


@group.command("list")
@click.option("--account", help="Only this account's.")
@shown.json_option
@refusing
def list_providers(account: str | None, as_json: bool) -> None:
    """List the providers.

    \b
    Example: idp providers list --account acme
    """
    found = [facts_of(row) for row in service.list_all(account)]
    columns = ("account", "code", "kind", "issuer", "redirect_uri")
    shown.rows(found, columns, as_json=as_json, empty="No providers; make one with: idp providers create --help")


@group.command()
@click.argument("account")
@click.argument("code")
@shown.json_option
@refusing
def show(account: str, code: str, as_json: bool) -> None:
    """Show a provider with the redirect URI to register at the upstream. The secret is never shown.

    \b
    Example: idp providers show acme okta
    """
    shown.facts(facts_of(service.show(account, code)), as_json=as_json)


@group.command()
@click.argument("account")
@click.argument("code")
@_settings
@shown.json_option
@refusing
def update(account: str, code: str, client_secret_file: str | None, as_json: bool, **given: Any) -> None:
    """Change a provider; what is not given stays, an empty value empties.

    \b
    Example: idp providers update acme okta --role-ceiling deepdesk.editor
    """
    secret = None if client_secret_file is None else read_secret(client_secret_file, prompt="Client secret")
    named_before = service.names_people_by(service.show(account, code))
    row = service.update(account, code, _parsed(given), client_secret=secret, parts=parts(), context=context())
    shown.facts(facts_of(row), as_json=as_json)
    if service.names_people_by(row) != named_before:
        click.echo("Note: people are known by issuer and id; who came by the old issuer is a stranger now.", err=True)


@group.command()
@click.argument("account")
@click.argument("code")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shown.json_option
@refusing
def delete(account: str, code: str, yes: bool, as_json: bool) -> None:
    """Remove a provider. Its people are strangers to a new one, even of the same code.

    \b
    Example: idp providers delete acme okta --yes
    """
    service.show(account, code)
    if not yes:
        click.confirm(f"Remove provider {code} of {account} and the links of its people?", abort=True, err=True)
    service.delete(account, code, context=context())
    values = {"account": account, "code": code, "deleted": True}
    shown.done(f"Provider {code} of {account} is removed.", values, as_json=as_json)


@group.command()
@click.argument("account")
@click.argument("code")
@shown.json_option
@refusing
def check(account: str, code: str, as_json: bool) -> None:
    """Look at an upstream from here: discovery, keys, clock, our client id and secret. Exits 1 when sign-ins fail.

    What deserves attention stands on the provider's page until the next check.

    \b
    Example: idp providers check acme okta
    """
    row = service.show(account, code)
    found = provider_standing.look(row, parts=parts(), context=context())
    problems = [finding.what for finding in found if finding.breaks]
    notes = [finding.what for finding in found if finding.deserves_attention]
    if as_json:
        facts = {
            "account": account,
            "code": code,
            "redirect_uri": service.redirect_uri(row, issuer=parts().settings.issuer),
            "problems": problems,
            "notes": notes,
        }
        shown.facts(facts, as_json=True)
    for sentence in (*(f"Error: {problem}" for problem in problems), *(f"Note: {note}" for note in notes)):
        click.echo(sentence, err=True)
    if not as_json:
        for finding in found:
            if not finding.breaks and not finding.deserves_attention:
                click.echo(finding.what)
    if problems:
        raise SystemExit(1)


def facts_of(row: Provider) -> dict[str, Any]:
    """Return a provider under the names of the options, without its secret."""
    resolved = service.settings_of(row).resolved()
    settings = {one.name: getattr(resolved, one.name) for one in fields(ProviderSettings)}
    settings["role_map"] = [f"{theirs}={ours}" for theirs, ours in row.role_map.items()]
    settings["tenant"] = list(settings.pop("tenants"))
    settings["hosted_domain"] = list(settings.pop("hosted_domains"))
    settings["issuer"] = settings["issuer"] or None
    return {
        "account": row.account_code,
        "code": row.code,
        **settings,
        "redirect_uri": service.redirect_uri(row, issuer=parts().settings.issuer),
        "created_at": row.created_at,
    }


def _parsed(given: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that were given, by their names; an empty URL or ceiling means none."""
    values = {name: value for name, value in given.items() if value is not None and value != ()}
    for name in ("authorize_url", "token_url", "api_url", "userinfo_url", "role_ceiling", "client_secret_expires"):
        if values.get(name) == "":
            values[name] = None
    for name in ("tenants", "hosted_domains"):
        if name in values:
            values[name] = tuple(dict.fromkeys(value for value in values[name] if value))
    if values.get("client_secret_expires"):
        values["client_secret_expires"] = _day(values["client_secret_expires"])
    if "role_map" in values:
        values["role_map"] = parse_role_map(pair for pair in values["role_map"] if pair)
    if values.get("role_ceiling"):
        values["role_ceiling"] = parse_role_option(values["role_ceiling"], option="--role-ceiling")
    return values


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"--client-secret-expires {text[:40]!r} must be a day, such as 2027-01-31") from None

"""What ``idp clients`` is told about a registration, and its translation for :class:`ClientMetadata`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

from idp.cli.runtime import read_file
from idp.domain.client_words import AuthMethod, Party, Pkce
from idp.domain.errors import Invalid

F = TypeVar("F", bound=Callable[..., Any])
_LISTS = frozenset(
    {
        *("redirect_uris", "post_logout_redirect_uris", "grant_types", "response_types"),
        *("audiences", "serves", "roles"),
    }
)


def registration(command: F) -> F:
    """Add the options that describe a registration."""
    options = (
        click.option("--redirect-uri", "redirect_uris", multiple=True, help="Compared exactly. Repeat for several."),
        click.option(
            "--post-logout-redirect-uri",
            "post_logout_redirect_uris",
            multiple=True,
            help="Where people may be sent after signing out. Compared exactly. Repeat for several.",
        ),
        click.option(
            "--grant-type",
            "grant_types",
            multiple=True,
            help="authorization_code and refresh_token (default), client_credentials. Repeat for several.",
        ),
        click.option("--response-type", "response_types", multiple=True, help="Default: code."),
        click.option("--auth-method", help="Default: client_secret_basic and client_secret_post are both accepted."),
        click.option("--jwks-file", help="Public keys for private_key_jwt, a JWK Set; - reads standard input."),
        click.option("--jwks-uri", help="Where the client publishes those keys, instead of --jwks-file."),
        click.option("--scope", help="Space-separated: what requests can be granted."),
        click.option(
            "--audience",
            "audiences",
            multiple=True,
            help="A service that its access tokens are for, as a URI. Of several, requests pick with resource.",
        ),
        click.option(
            "--serves", multiple=True, help="An audience that it is itself: it may introspect tokens that name it."
        ),
        click.option("--role", "roles", multiple=True, help="A role of its own tokens, by client_credentials."),
        click.option("--id-token-alg", help="RS256 (default) or ES256."),
        click.option("--pkce/--no-pkce", default=None, help="Whether PKCE is required (default) or optional."),
        click.option("--backchannel-logout-uri", help="Where it is told that somebody signed out."),
        click.option(
            "--first-party/--third-party",
            "first_party",
            default=None,
            help="Ours or the account's (default), or somebody else's: people are asked what it may know.",
        ),
        click.option(
            "--claims",
            "claims_profile",
            help="deepdesk (default): all about a person, always; standard: what scope and claims ask for.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def parsed(given: dict[str, Any], *, public: bool = False) -> dict[str, Any]:
    """Return the arguments for :meth:`ClientMetadata.parse` that were given."""
    values = {name: value for name, value in given.items() if value is not None and value != ()}
    for name in _LISTS & values.keys():
        values[name] = tuple(value for value in values[name] if value)
    if "pkce" in values:
        values["pkce"] = Pkce.REQUIRED if values["pkce"] else Pkce.OPTIONAL
    if "first_party" in values:
        values["party"] = Party.FIRST if values.pop("first_party") else Party.THIRD
    if "jwks_file" in values:
        values["jwks"] = _read_jwks(values.pop("jwks_file"))
    if public:
        if values.get("auth_method", AuthMethod.NONE) != AuthMethod.NONE:
            raise Invalid("--public means --auth-method none; leave one of them out")
        values["auth_method"] = AuthMethod.NONE
    return values


def _read_jwks(path: str) -> object:
    """Return what a file with keys holds; an empty path is none."""
    try:
        return json.loads(read_file(path)) if path else ""
    except ValueError:
        raise Invalid(f'{path} is not JSON; a JWK Set looks like {{"keys": […]}}') from None

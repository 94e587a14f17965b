"""``providers``: the upstream providers that an account's people sign in with. Their secrets go in and never out."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import Field

from idp.api.v1.models import Code, List, Moment, Nothing, Sent, Told, example
from idp.api.v1.operations import Call, Reply, operation
from idp.api.v1.paging import whole
from idp.browser.runtime import parts
from idp.domain.provider_checks import MAX_PINS, MAX_SCOPE, MAX_TEXT
from idp.domain.provider_kinds import DISPLAY_NAMES, Kind
from idp.domain.provider_settings import ProviderSettings
from idp.domain.roles import Role
from idp.services.operations.doctor import examine_provider
from idp.services.registry import providers as service
from idp.store.providers import Provider as Row

TAG = "providers"
_PATH = "/accounts/{account}/providers"
_ONE = f"{_PATH}/{{code}}"
_LINKS = {
    name: {"account": "$response.body#/account", "code": "$response.body#/code"}
    for name in ("show_provider", "change_provider", "delete_provider")
}
_ARGUMENTS = {"tenant": "tenants", "hosted_domain": "hosted_domains"}
_MAPPED = 100

Url = Annotated[str, Field(max_length=2048, pattern=r"^https?://[\x21\x22\x24-\x3f\x41-\x5b\x5d-\x7e]+$")]
Line = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$")
]
ClientId = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=r"^[\x21-\x7e]+$")]
Secret = Annotated[
    str, Field(min_length=1, max_length=1000, pattern=r"^[\x20-\x7e]+$", json_schema_extra={"writeOnly": True})
]
Pins = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[\x21-\x7e]+$")]], Field(max_length=MAX_PINS)
]
RoleMap = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=r"^[^\x00-\x1f\x7f]+$")], Role],
    # Without the latter the document would allow any value under a key that does not fit.
    Field(max_length=_MAPPED, json_schema_extra={"additionalProperties": False}),
]


class Settings(Sent):
    """What an upstream provider can be set to; which of it has a meaning depends on the kind."""

    issuer: Url | None = None
    authorize_url: Url | None = None
    token_url: Url | None = None
    api_url: Url | None = None
    userinfo_url: Url | None = None
    client_secret_expires: date | None = Field(None, description="The day on which the upstream stops taking it.")
    display_name: Line | None = None
    scope: Annotated[str, Field(max_length=MAX_SCOPE, pattern=r"^[\x20-\x7e]*$")] | None = None
    subject_claim: Line | None = None
    email_claim: Line | None = None
    first_name_claim: Line | None = None
    last_name_claim: Line | None = None
    roles_claim: Line | None = None
    role_map: RoleMap | None = Field(None, description="Theirs to ours. Without one, literal deepdesk.* values count.")
    role_ceiling: Role | None = Field(None, description="The highest role that the provider can give.")
    tenant: Pins | None = Field(None, description="Organisations whose people may come, by their ids there.")
    hosted_domain: Pins | None = Field(None, description="Primary domains of Google Workspaces.")
    any_google_account: bool | None = None
    trust_email: bool | None = None
    role_based_iam: bool | None = Field(None, description="Roles follow the upstream.")
    require_roles: bool | None = Field(None, description="Refuse whoever brings no valid role.")
    generic_callback: bool | None = None

    def arguments(self) -> dict[str, Any]:
        """Return the settings that were sent, by their names in :class:`ProviderSettings`; null empties an address."""
        given = {name: value for name, value in self.given().items() if name in _SETTINGS}
        kept = {name: value for name, value in given.items() if value is not None or name in _CAN_BE_NONE}
        if "issuer" in given:
            kept["issuer"] = given["issuer"] or ""
        return {
            _ARGUMENTS.get(name, name): tuple(value) if isinstance(value, list) else value
            for name, value in kept.items()
        }


_SETTINGS = frozenset(Settings.model_fields) | {"kind", "client_id"}
_CAN_BE_NONE = frozenset(
    {"authorize_url", "token_url", "api_url", "userinfo_url", "role_ceiling", "client_secret_expires"}
)


class NewProvider(Settings):
    """A provider that the account is to be connected to."""

    model_config = example(
        code="okta",
        kind=Kind.OIDC,
        issuer="https://acme.okta.example",
        client_id="0oa1",
        client_secret="as the upstream gave it",  # noqa: S106 - an example in the document
    )

    code: Code
    kind: Kind
    client_id: ClientId
    client_secret: Secret


class ProviderChange(Settings):
    """What is to change; what is not given stays, null empties."""

    client_id: ClientId = "unchanged"
    client_secret: Secret | None = Field(None, description="A new one; it is never answered.")


class Provider(Told):
    """An upstream provider as it is set, with what its kind fills in; its secret cannot be read."""

    account: str
    code: str
    kind: Kind
    display_name: str
    client_id: str
    client_secret_expires: date | None
    issuer: str | None
    authorize_url: str | None
    token_url: str | None
    api_url: str | None
    userinfo_url: str | None
    scope: str
    subject_claim: str
    email_claim: str
    first_name_claim: str
    last_name_claim: str
    roles_claim: str
    role_map: dict[str, Role]
    role_ceiling: Role | None
    tenant: list[str]
    hosted_domain: list[str]
    any_google_account: bool
    trust_email: bool
    role_based_iam: bool
    require_roles: bool
    generic_callback: bool
    redirect_uri: str = Field(description="To be registered at the upstream.")
    created_at: Moment


class Examined(Told):
    """What an upstream looks like from here."""

    redirect_uri: str
    problems: list[str] = Field(description="What sign-ins fail for; none when all is well.")
    notes: list[str]


@operation("GET", _PATH, "providers.view_provider", tag=TAG, summary="List providers", answer=List[Provider])
def list_providers(call: Call[Nothing, Nothing]) -> List[Provider]:
    """By code."""
    return whole(List[Provider], [_shown(row) for row in service.list_all(call.account)])


@operation(
    "POST",
    _PATH,
    "providers.add_provider",
    tag=TAG,
    summary="Connect an upstream provider",
    body=NewProvider,
    answer=Provider,
    status=HTTPStatus.CREATED,
    sensitive=True,
    refusals=(HTTPStatus.CONFLICT,),
    tells=("Location",),
    links=_LINKS,
)
def create_provider(call: Call[Nothing, NewProvider]) -> Reply:
    """Refused with all that its kind misses, its pin above all. The account's managers are told."""
    sent = call.body
    settings = ProviderSettings.of(**{"display_name": DISPLAY_NAMES.get(sent.kind, sent.code), **sent.arguments()})
    row = service.create(
        call.account, sent.code, settings, client_secret=sent.client_secret, parts=parts(), context=call.context
    )
    return Reply(body=_shown(row), headers={"Location": f"/api/v1/accounts/{call.account}/providers/{row.code}"})


@operation("GET", _ONE, "providers.view_provider", tag=TAG, summary="Show a provider", answer=Provider, links=_LINKS)
def show_provider(call: Call[Nothing, Nothing], code: str) -> Provider:
    """With the redirect URI to register at the upstream."""
    return _shown(service.show(call.account, code))


@operation(
    "PATCH",
    _ONE,
    "providers.change_provider",
    tag=TAG,
    summary="Change a provider",
    body=ProviderChange,
    answer=Provider,
    sensitive=True,
    refusals=(HTTPStatus.CONFLICT,),
)
def change_provider(call: Call[Nothing, ProviderChange], code: str) -> Provider:
    """What is not given stays."""
    sent = call.body
    row = service.update(
        call.account, code, sent.arguments(), client_secret=sent.client_secret, parts=parts(), context=call.context
    )
    return _shown(row)


@operation(
    "DELETE",
    _ONE,
    "providers.delete_provider",
    tag=TAG,
    summary="Remove a provider",
    answer=None,
    status=HTTPStatus.NO_CONTENT,
    sensitive=True,
)
def delete_provider(call: Call[Nothing, Nothing], code: str) -> None:
    """With the links of its people, who are strangers to a new one, even of the same code."""
    service.delete(call.account, code, context=call.context)


@operation(
    "POST", f"{_ONE}/check", "providers.change_provider", tag=TAG, summary="Look at an upstream", answer=Examined
)
def check_provider(call: Call[Nothing, Nothing], code: str) -> Examined:
    """From here: discovery, keys, clock, our client id and secret, and the latest sign-ins."""
    row = service.show(call.account, code)
    found = list(examine_provider(row, parts=parts(), context=call.context))
    return Examined(
        redirect_uri=service.redirect_uri(row, issuer=parts().settings.issuer),
        problems=[finding.what for finding in found if finding.breaks],
        notes=[finding.what for finding in found if finding.deserves_attention],
    )


def _shown(row: Row) -> Provider:
    resolved = service.settings_of(row).resolved()
    settings = {one.name: getattr(resolved, one.name) for one in fields(ProviderSettings)}
    settings["tenant"] = list(settings.pop("tenants"))
    settings["hosted_domain"] = list(settings.pop("hosted_domains"))
    settings["issuer"] = settings["issuer"] or None
    settings["role_map"] = dict(settings["role_map"])
    return Provider(
        account=row.account_code,
        code=row.code,
        **settings,
        redirect_uri=service.redirect_uri(row, issuer=parts().settings.issuer),
        created_at=row.created_at,
    )

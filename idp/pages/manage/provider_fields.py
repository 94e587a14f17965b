"""The fields of a provider's form: which ones a kind has, how they are read, and what stands beside a wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.domain.provider_checks import MAX_SCOPE, MAX_TEXT, MAX_URL
from idp.domain.provider_kinds import DISPLAY_NAMES, PRESETS, SALESFORCE_ROLES_SCOPE, Kind
from idp.domain.provider_settings import ProviderSettings
from idp.domain.roles import GROUPS, Role, parse_role

SECRET = "client_secret"  # noqa: S105 - the name of a field
MAX_SECRET = 4096
MAX_LINES = 20_000
_OPTION = re.compile(r"--([a-z-]+)")
_FIELD_OF_OPTION = {"tenant": "tenants", "hosted_domain": "hosted_domains", "client_secret_file": SECRET}
"""Where an option is called otherwise than its field."""


class Control(StrEnum):
    """What a field looks like."""

    TEXT = "text"
    ADDRESS = "url"
    DAY = "date"
    LINES = "lines"
    TICK = "tick"
    ROLE = "role"
    SECRET = "password"  # noqa: S105 - a type of field


class Part(StrEnum):
    """Under which heading a field stands."""

    APPLICATION = "application"
    PEOPLE = "people"
    ROLES = "roles"
    DETAILS = "details"
    """Right as the kind fills them in, but for an unusual provider."""


PARTS: Mapping[Part, LazyString] = {
    Part.APPLICATION: _("The application at the provider"),
    Part.PEOPLE: _("Who may come"),
    Part.ROLES: _("Roles"),
    Part.DETAILS: _("Details for an unusual provider"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of the form.

    :param wrong: what stands beside it where it cannot be accepted.
    :param kinds: those whose form has it.
    """

    name: str
    label: LazyString
    wrong: LazyString
    hint: LazyString | None = None
    control: Control = Control.TEXT
    part: Part = Part.APPLICATION
    most: int = MAX_TEXT
    kinds: frozenset[Kind] = frozenset(Kind)


_NOT_AN_ADDRESS = _("Give an address that begins with https://, without a user name in it.")
_CLAIM = _("Give the name of the claim, of at most 100 letters.")
_OWN_OIDC = frozenset({Kind.OIDC, Kind.OAUTH2})
_ROLES_ARE_OURS = frozenset({Kind.GOOGLE, Kind.OAUTH2})
"""They bring no roles, or none of their own accord."""
_TRUSTING = frozenset(kind for kind in Kind if "trust_email" in PRESETS[kind].options)


_MAP_HINT = _("One on each line. Where all four are empty, the roles' own names count, such as deepdesk.editor.")


def _map_field(role: Role) -> Field:
    return Field(
        name=f"map_{role.name.lower()}",
        label=_("Their values that mean %(group)s", group=GROUPS[role]),
        hint=_MAP_HINT if role is Role.MANAGER else None,
        wrong=_("A value can mean one role only. Leave it where it belongs."),
        control=Control.LINES,
        part=Part.ROLES,
        most=MAX_LINES,
    )


MAP_FIELDS: Mapping[str, Role] = {f"map_{role.name.lower()}": role for role in Role}
"""The four fields that make the map of roles."""

FIELDS = (
    Field(
        name="display_name",
        label=_("What the button is called"),
        hint=_("People read: Continue with … this."),
        wrong=_("Give a name of at most 100 letters."),
        most=100,
    ),
    Field(
        name="issuer",
        label=_("Issuer"),
        hint=_("The value of “issuer” in their /.well-known/openid-configuration, to the letter."),
        wrong=_(
            "Give the provider's issuer, which begins with https://. One that answers for everybody at Google, "
            "Microsoft or another vendor has a kind of its own."
        ),
        control=Control.ADDRESS,
        most=MAX_URL,
        kinds=frozenset({Kind.OIDC}),
    ),
    Field(
        name="issuer",
        label=_("My Domain address"),
        hint=_("Such as https://acme.my.salesforce.com. A sandbox has another."),
        wrong=_NOT_AN_ADDRESS,
        control=Control.ADDRESS,
        most=MAX_URL,
        kinds=frozenset({Kind.SALESFORCE}),
    ),
    Field(
        name="api_url",
        label=_("API address of the region"),
        hint=_("Such as https://api.mypurecloud.de."),
        wrong=_("Give the API address of one of Genesys Cloud's regions."),
        control=Control.ADDRESS,
        most=MAX_URL,
        kinds=frozenset({Kind.GENESYS}),
    ),
    Field(
        name="api_url",
        label=_("API address, if it is another brand's"),
        hint=_("Empty for https://platform.ringcentral.com."),
        wrong=_NOT_AN_ADDRESS,
        control=Control.ADDRESS,
        most=MAX_URL,
        kinds=frozenset({Kind.RINGCENTRAL}),
    ),
    *(
        Field(
            name=name,
            label=label,
            wrong=_NOT_AN_ADDRESS,
            control=Control.ADDRESS,
            most=MAX_URL,
            kinds=frozenset({Kind.OAUTH2}),
        )
        for name, label in (
            ("authorize_url", _("Address for authorization")),
            ("token_url", _("Address for tokens")),
            ("userinfo_url", _("Address that says whose a token is")),
        )
    ),
    Field(
        name="client_id",
        label=_("Client ID"),
        hint=_("Also called application ID or consumer key."),
        wrong=_("Give the client ID as the provider's console shows it."),
    ),
    Field(
        name=SECRET,
        label=_("Client secret"),
        wrong=_("Give the client secret: its value, without line breaks."),
        control=Control.SECRET,
        most=MAX_SECRET,
    ),
    Field(
        name="client_secret_expires",
        label=_("The secret's last day"),
        hint=_("If there is one. The list warns 30 days before."),
        wrong=_("Give a day, such as 2027-01-31."),
        control=Control.DAY,
        most=10,
    ),
    Field(
        name="tenants",
        label=_("Directory (tenant) ID"),
        hint=_("One on each line. Nobody from another directory is let in."),
        wrong=_("Give the ID of each directory, one on a line: neither a domain name nor “common” or “organizations”."),
        control=Control.LINES,
        part=Part.PEOPLE,
        most=MAX_LINES,
        kinds=frozenset({Kind.ENTRA}),
    ),
    Field(
        name="tenants",
        label=_("ID of their organisation"),
        hint=_("One on each line. Nobody from another organisation is let in."),
        wrong=_("Give the ID of each organisation as the platform writes it, one on a line."),
        control=Control.LINES,
        part=Part.PEOPLE,
        most=MAX_LINES,
        kinds=frozenset({Kind.GENESYS, Kind.RINGCENTRAL, Kind.SALESFORCE}),
    ),
    Field(
        name="hosted_domains",
        label=_("Primary domain of the Workspace"),
        hint=_("One on each line. Nobody from another Workspace is let in."),
        wrong=_(
            "Give the Workspace's primary domain, such as example.com. Without one, let everybody in, but not both."
        ),
        control=Control.LINES,
        part=Part.PEOPLE,
        most=MAX_LINES,
        kinds=frozenset({Kind.GOOGLE}),
    ),
    Field(
        name="any_google_account",
        label=_("Let everybody with a Google account in, as agents"),
        wrong=_("That cannot be, as things stand."),
        control=Control.TICK,
        part=Part.PEOPLE,
        kinds=frozenset({Kind.GOOGLE}),
    ),
    Field(
        name="trust_email",
        label=_("Trust the addresses that this provider names"),
        hint=_("Only where the customer's administrators alone set them: an address ties people to who they are here."),
        wrong=_("Addresses can be trusted only where the provider is pinned, and only in its own claim."),
        control=Control.TICK,
        part=Part.PEOPLE,
        kinds=_TRUSTING,
    ),
    Field(
        name="role_based_iam",
        label=_("Roles follow the provider"),
        hint=_("Each sign-in gives them anew. Otherwise they are given here."),
        wrong=_("That cannot be, as things stand."),
        control=Control.TICK,
        part=Part.ROLES,
    ),
    Field(
        name="require_roles",
        label=_("Refuse whoever brings no role"),
        hint=_("Otherwise they come in as agents."),
        wrong=_("That cannot be, as things stand."),
        control=Control.TICK,
        part=Part.ROLES,
    ),
    Field(
        name="role_ceiling",
        label=_("Highest role that it can give"),
        wrong=_("Choose one of the roles."),
        control=Control.ROLE,
        part=Part.ROLES,
        most=50,
    ),
    *(_map_field(role) for role in Role),
    Field(
        name="scope",
        label=_("Scopes to ask for"),
        wrong=_("Give words apart by single spaces; “openid” has to be among them where there is an ID token."),
        part=Part.DETAILS,
        most=MAX_SCOPE,
    ),
    Field(
        name="subject_claim",
        label=_("Claim with the person's immutable ID"),
        wrong=_("Give the claim's name. Once somebody has signed in, it stays: another could make them somebody else."),
        part=Part.DETAILS,
        most=100,
        kinds=_OWN_OIDC,
    ),
    Field(name="email_claim", label=_("Claim with the email address"), wrong=_CLAIM, part=Part.DETAILS, most=100),
    Field(name="first_name_claim", label=_("Claim with the first name"), wrong=_CLAIM, part=Part.DETAILS, most=100),
    Field(name="last_name_claim", label=_("Claim with the last name"), wrong=_CLAIM, part=Part.DETAILS, most=100),
    Field(name="roles_claim", label=_("Claim with the roles"), wrong=_CLAIM, part=Part.DETAILS, most=100),
    Field(
        name="generic_callback",
        label=_("The provider has /oauth/callback/ registered, as all connections once did"),
        wrong=_("That cannot be, as things stand."),
        control=Control.TICK,
        part=Part.DETAILS,
    ),
)
"""In the order of the form."""


def of_kind(kind: Kind) -> Sequence[Field]:
    """Return the fields of a kind's form."""
    return [one for one in FIELDS if kind in one.kinds]


def offered(kind: Kind) -> ProviderSettings:
    """Return the settings with which the form of a new provider begins, as the kind's guide has them."""
    scope = PRESETS[kind].scope
    return ProviderSettings.of(
        kind,
        display_name=DISPLAY_NAMES.get(kind, ""),
        client_id="",
        role_based_iam=kind not in _ROLES_ARE_OURS,
        scope=f"{scope} {SALESFORCE_ROLES_SCOPE}" if kind is Kind.SALESFORCE else scope,
    )


def presented(settings: ProviderSettings) -> dict[str, str]:
    """Return settings as the form shows them, without secret."""
    shown: dict[str, str] = {}
    for field in of_kind(Kind(settings.kind)):
        if field.name in MAP_FIELDS:
            role = MAP_FIELDS[field.name]
            shown[field.name] = "\n".join(theirs for theirs, ours in settings.role_map.items() if ours is role)
        elif field.control is not Control.SECRET:
            shown[field.name] = _text(getattr(settings, field.name))
    return shown


def typed(form: Mapping[str, str], kind: Kind) -> dict[str, str]:
    """Return what was typed into a kind's form, without the secret; what is too long for its field is cut."""
    return {
        field.name: form.get(field.name, "")[: field.most]
        for field in of_kind(kind)
        if field.control is not Control.SECRET
    }


def read(given: Mapping[str, str], kind: Kind) -> tuple[dict[str, Any], set[str]]:
    """Return the settings that were typed, and the names of fields that cannot be read."""
    values: dict[str, Any] = {}
    wrong: set[str] = set()
    for field in of_kind(kind):
        if field.control is Control.SECRET or field.name in MAP_FIELDS:
            continue
        values[field.name], is_readable = _value(field, given[field.name])
        if not is_readable:
            wrong.add(field.name)
    values["role_map"], twice = _role_map(given)
    return values, wrong | twice


def wrong_fields(problems: Iterable[str], kind: Kind) -> dict[str, str | None]:
    """Return which field each problem is about, by the first option that its sentence names.

    What no field of the form is about keeps the sentence as it is, under that.
    """
    names = {field.name for field in of_kind(kind)} | {"code"}
    found: dict[str, str | None] = {}
    for problem in problems:
        named = _OPTION.search(problem)
        name = named[1].replace("-", "_") if named else "code" if "the code of" in problem else ""
        name = _FIELD_OF_OPTION.get(name, name)
        if name == "kind":  # an address that answers for a vendor's customers, all of them
            name = "issuer" if kind is Kind.OIDC else "userinfo_url"
        found[name if name in names else problem] = None if name in names else problem
    return found


def _value(field: Field, text: str) -> tuple[Any, bool]:
    text = text if field.control is Control.LINES else text.strip()
    match field.control:
        case Control.TICK:
            return text == "1", True
        case Control.LINES:
            return _lines(text), True
        case Control.DAY:
            return _day(text)
        case Control.ROLE:
            return parse_role(text), not text or parse_role(text) is not None
        case Control.ADDRESS if field.name != "issuer":
            return text or None, True
        case _:
            return text, True


def _lines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _day(text: str) -> tuple[date | None, bool]:
    if not text:
        return None, True
    try:
        return date.fromisoformat(text), True
    except ValueError:
        return None, False


def _role_map(given: Mapping[str, str]) -> tuple[dict[str, Role], set[str]]:
    found: dict[str, Role] = {}
    twice: set[str] = set()
    for name, role in MAP_FIELDS.items():
        for value in _lines(given[name]):
            if value in found:
                twice.add(name)
            found.setdefault(value, role)
    return found, twice


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, tuple):
        return "\n".join(str(one) for one in value)
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)

"""Providers, services, keys and secrets of an account, as pages of the gallery show them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext

from idp.domain.consent import Disclosure
from idp.domain.provider_findings import Topic
from idp.domain.provider_kinds import Kind
from idp.domain.provider_settings import ProviderSettings
from idp.domain.roles import GROUPS, Role
from idp.pages.manage import provider_fields, provider_words
from idp.pages.manage.provider_fields import Control
from idp.pages.manage.providers import mapped
from idp.store.api_keys import ApiKey
from idp.store.audit_events import AuditEvent
from idp.store.provider_checks import ProviderCheck
from tests.support.sample_people import Done, frame
from tests.support.sample_requests import CASEY, NOW

HERE = "/manage/providers/?account=acme"
URI = "https://login.deepdesk.example/oauth/callback/acme.entra/"
MADE = "kP3vX8mQ2rT6wY9zB4nC7dF1gH5jL0sA-uE_iOqRxVk"


def _row(name: str, kind: str, code: str, **known: Any) -> dict[str, Any]:
    return {
        "href": f"/manage/providers/{code}/?account=acme",
        "name": name,
        "kind": kind,
        "code": code,
        "since": datetime(2026, 3, 2, 10, 0, tzinfo=UTC),
        "checked_at": NOW - timedelta(hours=3),
        "breaks": 0,
        "notes": 0,
        "expires": None,
        "is_over": False,
        "ends_soon": False,
        "days": None,
        "people": 128,
        **known,
    }


_ENTRA = _row("Microsoft", "Microsoft Entra ID", "entra", expires=date(2027, 11, 30), days=369)
_GENESYS = _row(
    *("Genesys Cloud", "Genesys Cloud", "genesys"), expires=date(2026, 12, 12), days=16, ends_soon=True, notes=1
)
_OVER = _row(
    *("Acme Customer Contact Centres (Netherlands and Belgium)", "OpenID Connect", "customer-contact-netherlands"),
    expires=date(2026, 11, 1),
    days=-25,
    is_over=True,
    ends_soon=True,
    breaks=2,
)
_NEW = _row("Google", "Google Workspace", "google", checked_at=None, people=0)

_CHECK = ProviderCheck(
    checked_at=NOW - timedelta(hours=3),
    findings=[
        {
            "topic": Topic.SECRET_EXPIRES.value,
            "what": "The client secret expires on 2026-12-12, in 16 days; make a new one at the provider.",
            "breaks": False,
        },
        {
            "topic": Topic.REDIRECT_URI.value,
            "what": f"The provider refuses our request before anybody signs in. Register exactly: {URI}",
            "breaks": True,
        },
    ],
)
_WELL = ProviderCheck(checked_at=NOW, findings=[])
SETTINGS = {
    "entra": ProviderSettings.of(
        Kind.ENTRA,
        display_name="Microsoft",
        client_id="11f0b5c4-8f4e-4b0e-9c57-7d7f4e4a2b10",
        tenants=("3b0c6a52-7a3f-4d7e-9f5e-2a51c0de0001",),
        role_based_iam=True,
    ),
    "google": ProviderSettings.of(
        Kind.GOOGLE,
        display_name="Google",
        client_id="1234-abcd.apps.googleusercontent.com",
        hosted_domains=("acme.example",),
        role_map={
            "deepdesk-managers@acme.example": Role.MANAGER,
            "customer-contact-evening-shift-netherlands-and-belgium@acme.example": Role.AGENT,
        },
    ),
    "genesys": ProviderSettings.of(
        Kind.GENESYS,
        display_name="Genesys Cloud",
        client_id="0d1c",
        api_url="https://api.mypurecloud.de",
        tenants=("a",),
    ),
    "ringcentral": ProviderSettings.of(Kind.RINGCENTRAL, display_name="RingCentral", client_id="Xy12", tenants=("4",)),
    "salesforce": ProviderSettings.of(
        Kind.SALESFORCE,
        display_name="Salesforce",
        client_id="3MVG9",
        issuer="https://acme.my.salesforce.com",
        tenants=("00D5f0000001AcmEAE",),
    ),
    "oidc": ProviderSettings.of(
        Kind.OIDC,
        display_name="Acme",
        client_id="0oa1",
        issuer="https://acme.okta.com",
        role_map={"Studio-Admins": Role.MANAGER, "Writers": Role.EDITOR, "Everybody": Role.AGENT},
        role_based_iam=True,
        require_roles=True,
        role_ceiling=Role.EDITOR,
        trust_email=True,
    ),
    "oauth2": ProviderSettings.of(
        Kind.OAUTH2,
        display_name="Acme portal",
        client_id="deepdesk",
        authorize_url="https://login.acme.example/authorize",
        token_url="https://login.acme.example/token",
        userinfo_url="https://api.acme.example/me",
        scope="profile",
    ),
}
"""One of each kind."""
_HREFS = {
    "sheet": f"{HERE}#sheet",
    "check": f"{HERE}#check",
    "edit": f"{HERE}#edit",
    "delete": f"{HERE}#delete",
    "all": HERE,
}
_NO_CHANGES = {"check": None, "edit": None, "delete": None}
STAFF = frame("providers", person=CASEY, staff=True)


def provider(kind: str, row: dict[str, Any], check: ProviderCheck | None, **known: Any) -> dict[str, Any]:
    """Return what the page of one provider is given."""
    settings = SETTINGS[kind]
    ceiling = settings.rules().ceiling
    return {
        **frame("providers"),
        "one": row,
        "findings": provider_words.findings(check),
        "failure": None,
        "settings": settings.resolved(),
        "who_may_come": lazy_gettext(
            "Only people of these organisations may come, by their ID there: %(names)s.", names=kind
        ),
        "role_map": mapped(settings),
        "ceiling": None if ceiling is None else GROUPS[ceiling],
        "redirect_uri": URI,
        "receipt": None,
        "wait_seconds": None,
        "now": NOW,
        "hrefs": {**_HREFS, **_NO_CHANGES},
        **known,
    }


def form(kind: str, *, is_new: bool, **known: Any) -> dict[str, Any]:
    """Return what the form of a kind is given."""
    fields = provider_fields.of_kind(Kind(kind))
    return {
        **STAFF,
        "kind": kind,
        "kind_name": provider_words.kind_name(kind),
        "code": kind,
        "is_new": is_new,
        "name": None if is_new else SETTINGS[kind].display_name,
        "parts": [
            (part, title, [one for one in fields if one.part is part]) for part, title in provider_fields.PARTS.items()
        ],
        "controls": Control,
        "values": provider_fields.presented(SETTINGS[kind]),
        "problems": {},
        "is_stale": False,
        "roles": [(role.value, GROUPS[role]) for role in Role],
        "seen": None if is_new else "x" * 64,
        "action": "/manage/providers/new/?account=acme",
        "sheet_href": f"{HERE}#sheet" if is_new else None,
        "back_href": HERE,
        **known,
    }


def sheet(kind: str) -> dict[str, Any]:
    """Return what the sheet of a kind is given."""
    return {
        **frame("providers"),
        "kind": kind,
        "kind_name": provider_words.kind_name(kind),
        "code": "entra",
        "redirect_uri": URI,
        "settings": SETTINGS[kind].resolved(),
        "role_map": mapped(SETTINGS[kind]),
        "roles": [(role.value, GROUPS[role]) for role in Role],
        "today": NOW,
        "back_href": HERE,
    }


def _wrong(kind: str, *names: str) -> dict[str, Any]:
    found = {one.name: one.wrong for one in provider_fields.of_kind(Kind(kind))}
    return {name: found[name] for name in names}


_SERVICES = (
    {
        "name": "Studio",
        "client_id": "studio",
        "since": NOW - timedelta(days=300),
        "redirect_uris": ("https://studio.example.com/callback", "https://acme.studio.example.com/callback"),
        "third_party": False,
        "disclosures": (Disclosure.IDENTIFIER, Disclosure.NAME, Disclosure.EMAIL, Disclosure.ROLES),
    },
    {
        "name": "Shift planner",
        "client_id": "a-very-long-client-id-that-somebody-brought-along-from-another-system-0123456789",
        "since": NOW - timedelta(days=3),
        "redirect_uris": (
            "https://planner.example.com/oauth/callback/of/this/one/very/long/address?which=never-breaks",
        ),
        "third_party": True,
        "disclosures": (Disclosure.IDENTIFIER, Disclosure.NAME, Disclosure.OFFLINE),
    },
    {
        "name": "Nightly export",
        "client_id": "export",
        "since": NOW,
        "redirect_uris": (),
        "third_party": False,
        "disclosures": (),
    },
)


def _key(key_id: str, **known: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"last_used_at": None, "revoked_at": None, "created_at": NOW - timedelta(days=40), **known}
    row = ApiKey(id=key_id, account_code="acme", key_digest="x", **values)
    gone = row.revoked_at is not None
    return {
        "row": row,
        "rotate": None if gone else "/manage/keys/#rotate",
        "revoke": None if gone else "/manage/keys/#end",
    }


_USED = _key("uX3kq0F8T5q1pQ2Vb7Zc9w", last_used_at=NOW - timedelta(minutes=4))
_FRESH = _key("Zk8wq1T0b7H2nD5xR4uYpA", created_at=NOW - timedelta(days=1))
_ENDED = _key("kQ1vX8mQ2rT6wY9zB4nC7d", revoked_at=NOW - timedelta(days=9), last_used_at=NOW - timedelta(days=10))


def _sort(name: str, *rows: dict[str, Any], live: int) -> dict[str, Any]:
    return {"name": name, "live": live, "rows": rows, "new_href": "/manage/keys/#new"}


_KEYS = {**frame("keys", person=CASEY, staff=True), "most": 2, "now": NOW, "receipt": None}
_OF_KEY = {
    **frame("keys", person=CASEY, staff=True),
    "sort": "api_key",
    "back_href": "/manage/keys/?account=acme",
    "action": "/manage/keys/?account=acme",
    "seen": "uX3kq0F8T5q1pQ2Vb7Zc9w",
    "now": NOW,
}
_NEW_KEY = {**_OF_KEY, "own_problem": None, "problem": None, "is_full": False, "newest": _FRESH["row"]}
_CONFIRM = {
    **_OF_KEY,
    "act": "revoke",
    "row": _USED["row"],
    "ends_at_once": True,
    "is_last": False,
    "is_full": False,
    "problem": None,
}
_MADE = {**_OF_KEY, "made_id": "Zk8wq1T0b7H2nD5xR4uYpA", "clear": MADE, "ends_at_once": True, "is_weak": False}
_FAILED = AuditEvent(at=NOW - timedelta(hours=1), outcome="failed", details={"reason": "invalid_client"})

SAMPLES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "manage_providers": (
        "manage_providers.html",
        {
            **frame("providers"),
            "providers": (_ENTRA, _GENESYS, _OVER, _NEW),
            "now": NOW,
            "receipt": None,
            "new_href": None,
        },
    ),
    "manage_providers_deleted": (
        "manage_providers.html",
        {
            **STAFF,
            "providers": (_ENTRA,),
            "now": NOW,
            "receipt": Done(what="deleted", facts=("Google",)),
            "new_href": "/manage/providers/new/?account=acme",
        },
    ),
    "manage_providers_empty": (
        "manage_providers.html",
        {**frame("providers"), "providers": (), "now": NOW, "receipt": None, "new_href": None},
    ),
    "manage_provider": ("manage_provider.html", provider("entra", {**_GENESYS, "breaks": 1}, _CHECK, failure=_FAILED)),
    "manage_provider_well": (
        "manage_provider.html",
        provider("oidc", _ENTRA, _WELL, **{"hrefs": _HREFS, **STAFF, "receipt": Done(what="checked")}),
    ),
    "manage_provider_new": (
        "manage_provider.html",
        provider("google", _NEW, None, **{"hrefs": _HREFS, **STAFF, "receipt": Done(what="created")}),
    ),
    "manage_provider_over": (
        "manage_provider.html",
        provider("oauth2", _OVER, _CHECK, **{"hrefs": _HREFS, **STAFF, "wait_seconds": 42}),
    ),
    "manage_provider_saved": (
        "manage_provider.html",
        provider("salesforce", _ENTRA, None, **{"hrefs": _HREFS, **STAFF, "receipt": Done(what="renamed_issuer")}),
    ),
    "manage_provider_kind": (
        "manage_provider_kind.html",
        {
            **STAFF,
            "kinds": [(f"{HERE}&kind={kind}", name, meaning) for kind, (name, meaning) in provider_words.KINDS.items()],
            "back_href": HERE,
        },
    ),
    **{f"manage_provider_form_{kind}": ("manage_provider_form.html", form(kind, is_new=True)) for kind in SETTINGS},
    "manage_provider_form_wrong": (
        "manage_provider_form.html",
        form(
            "entra",
            is_new=True,
            problems={
                "code": "Give a code.",
                **_wrong("entra", "client_id", "tenants", "trust_email", "map_agent", "scope"),
            },
        ),
    ),
    "manage_provider_form_edit": ("manage_provider_form.html", form("oidc", is_new=False)),
    "manage_provider_form_stale": ("manage_provider_form.html", form("google", is_new=False, is_stale=True)),
    **{f"manage_provider_sheet_{kind}": ("manage_provider_sheet.html", sheet(kind)) for kind in SETTINGS},
    "manage_provider_delete": (
        "manage_provider_delete.html",
        {
            **STAFF,
            "name": "Microsoft",
            "kind": "Microsoft Entra ID",
            "code": "entra",
            "people": 128,
            "is_only": True,
            "action": HERE,
            "back_href": HERE,
        },
    ),
    "manage_provider_delete_unused": (
        "manage_provider_delete.html",
        {
            **STAFF,
            "name": "Google",
            "kind": "Google Workspace",
            "code": "google",
            "people": 0,
            "is_only": False,
            "action": HERE,
            "back_href": HERE,
        },
    ),
    "manage_services": ("manage_services.html", {**frame("services"), "services": _SERVICES}),
    "manage_services_empty": ("manage_services.html", {**frame("services"), "services": ()}),
    "manage_keys": (
        "manage_keys.html",
        {
            **_KEYS,
            "sorts": (_sort("api_key", _FRESH, _USED, _ENDED, live=2), _sort("platform_secret", _USED, live=1)),
        },
    ),
    "manage_keys_ended": (
        "manage_keys.html",
        {
            **_KEYS,
            "sorts": (_sort("api_key", _ENDED, live=0), _sort("platform_secret", live=0)),
            "receipt": Done(what="revoked_api_key", facts=(str(_ENDED["row"].id),)),
        },
    ),
    "manage_key_new": ("manage_key_new.html", _NEW_KEY),
    "manage_key_new_wrong": ("manage_key_new.html", {**_NEW_KEY, "own_problem": "It has 16 to 256 letters."}),
    "manage_key_new_twice": ("manage_key_new.html", {**_NEW_KEY, "problem": "changed"}),
    "manage_key_new_full": (
        "manage_key_new.html",
        {**_NEW_KEY, "sort": "platform_secret", "is_full": True, "problem": "full"},
    ),
    "manage_key_made": ("manage_key_made.html", {**_MADE, "replaces": None}),
    "manage_key_made_weak": ("manage_key_made.html", {**_MADE, "replaces": None, "is_weak": True}),
    "manage_key_made_again": ("manage_key_made.html", {**_MADE, "replaces": "uX3kq0F8T5q1pQ2Vb7Zc9w"}),
    "manage_key_confirm_end": ("manage_key_confirm.html", {**_CONFIRM, "is_last": True}),
    "manage_key_confirm_replace": ("manage_key_confirm.html", {**_CONFIRM, "act": "rotate"}),
    "manage_key_confirm_replace_secret": (
        "manage_key_confirm.html",
        {**_CONFIRM, "sort": "platform_secret", "act": "rotate", "ends_at_once": False},
    ),
    "manage_key_confirm_twice": ("manage_key_confirm.html", {**_CONFIRM, "act": "rotate", "problem": "changed"}),
    "manage_key_confirm_ended": (
        "manage_key_confirm.html",
        {**_CONFIRM, "row": _ENDED["row"], "problem": "not_possible"},
    ),
}

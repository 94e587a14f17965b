"""Calls as well-meaning callers make them, and the ways to depart from them.

A call names good values by their name alone (:class:`Live`), so it is the same
call in every run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.security.arsenal import AUDIENCE, PLANNER, PLANNER_URI, SIGNER
from tests.security.hostile import CLIENT_ID, PARKED_REQUEST, PLATFORM_SSO, TARGETS, TOKEN_REQUEST, Target
from tests.support import assertions
from tests.support.app import ISSUER
from tests.support.widget import ORIGIN


@dataclass(frozen=True)
class Live:
    """Something good, by its name in the arsenal; perhaps a little damaged.

    :param twist: a key of :data:`TWISTS`.
    """

    name: str
    twist: str = "as it is"


TWISTS: Mapping[str, Callable[[str], str]] = {
    "as it is": lambda value: value,
    "one character short": lambda value: value[:-1],
    "one character long": lambda value: value + "A",
    "another case": str.swapcase,
    "twice": lambda value: value * 2,
    "with spaces": lambda value: f" {value} ",
    "with a NUL": lambda value: f"{value}\0",
    "half of it": lambda value: value[: len(value) // 2],
}
Value = str | Live
"""Raw text, percent-encoded as it stands (well or badly), or something good."""


@dataclass(frozen=True)
class Plan:
    """A call as a well-meaning caller makes it."""

    path: str
    method: str = "GET"
    query: Mapping[str, Value] = field(default_factory=dict)
    form: Mapping[str, Value] = field(default_factory=dict)
    headers: Mapping[str, Value] = field(default_factory=dict)
    in_json: bool = False
    """What ``form`` holds is sent as a JSON object."""


@dataclass(frozen=True)
class Change:
    """One departure from a plan.

    :param act: ``set``, ``add`` (once more) or ``drop``.
    :param place: ``query`` or ``form``.
    """

    act: str
    place: str
    name: str
    value: Value


@dataclass(frozen=True, kw_only=True)
class Call:
    """A plan and what is done to it; none leaves something as planned.

    :param body: sent instead of the form.
    :param part: what stands in the variable part of the path.
    """

    plan: Plan
    changes: tuple[Change, ...] = ()
    headers: tuple[tuple[str, Value], ...] = ()
    cookies: Value | None = None
    method: str | None = None
    body: tuple[bytes, str] | None = None
    part: str | None = None
    slash: str = "/"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """Let hypothesis show a call in few lines: the plan, and how it differs."""
        shown = {name: value for name, value in vars(self).items() if name != "plan" and value}
        printer.text(f"\n<{PLANS.index(self.plan)}: {self.plan.method} {self.plan.path} with {shown}>")


# Plans: the table's rows, and calls at which everything is right


def _encoded(params: Mapping[str, Value]) -> dict[str, Value]:
    return {name: quote(value, safe="") if isinstance(value, str) else value for name, value in params.items()}


def _of_row(row: Target) -> Plan:
    place = "query" if row.sends == "query" else "form"
    return Plan(row.path, row.method, in_json=row.sends == "json", **{place: _encoded(row.params)})


def _asking(**more: Value) -> Plan:
    return Plan("/oauth/authorize/", query=_encoded({**PARKED_REQUEST, **more}))


def _by_client(path: str, **form: Value) -> Plan:
    return Plan(path, "POST", form=_encoded(form), headers={"Authorization": Live("basic")})


def _pressed(path: str, query: Mapping[str, Value] | None = None, **form: Value) -> Plan:
    sent = _encoded({"csrf_token": Live("csrf_token"), **form})
    return Plan(path, "POST", query=_encoded(query or {}), form=sent, headers={"Origin": ISSUER})


def _embedded(path: str, method: str = "POST", *, csrf: str = "", **sent: Value) -> Plan:
    """A call of the widget, from the platform's page."""
    headers: dict[str, Value] = {"Origin": ORIGIN}
    if csrf:
        headers["X-CSRF-TOKEN"] = Live(csrf)
    return Plan(path, method, form=_encoded(sent), headers=headers, in_json=True)


def _bearing(token: str, method: str = "GET") -> Plan:
    return Plan("/oauth/userinfo/", method, headers={"Authorization": Live(f"bearer {token}")})


_ASSERTED = {"client_assertion": Live("assertion"), "client_assertion_type": assertions.TYPE, "client_id": SIGNER}
_CLAIMS = json.dumps(
    {"userinfo": {"email": {"essential": True}}, "id_token": {"auth_time": None, "acr": {"values": ["x"]}}}
)
_CODE_FORM = {
    **{name: TOKEN_REQUEST[name] for name in ("grant_type", "redirect_uri")},
    "code_verifier": Live("verifier"),
}
_SENT, _CARRIED = {"m": Live("mail")}, {"t": Live("mail_link")}
_UNPROVEN: Mapping[str, Value] = {"r": Live("unproven"), "m": Live("proof")}
_OF_ACME = {"account": "acme"}
_BY_MAIL = (
    Plan("/login/magic/", query={"r": Live("parked")}),
    Plan("/login/magic/", query=_encoded({"account": "acme", "after": "/account/"})),
    _pressed("/login/magic/", {"r": Live("parked")}, email="sam@acme.example"),
    _pressed("/login/magic/", {"account": "acme", "after": "/account/"}, email="somebody.new@acme.example"),
    Plan("/login/magic/sent/", query=_SENT),
    _pressed("/login/magic/sent/", _SENT, code=Live("mail_code")),
    _pressed("/login/magic/again/", _SENT),
    Plan("/login/magic/confirm/", query=_CARRIED),
    _pressed("/login/magic/confirm/", _CARRIED, code=Live("mail_code")),
    _pressed("/login/magic/confirm/", _CARRIED),
    _pressed("/login/magic/afresh/", _CARRIED, email="sam@acme.example"),
    _pressed("/login/magic/afresh/", {"t": Live("access_link")}, email="lee@acme.example"),
    Plan("/login/magic/proof/", query={"r": Live("unproven")}),
    Plan("/login/magic/proof/", query=_UNPROVEN),
    _pressed("/login/magic/proof/", {"r": Live("unproven")}),
    _pressed("/login/magic/proof/", _UNPROVEN, code=Live("proof_code")),
    Plan("/access-requests/confirm/", query={"t": Live("access_link")}),
    _pressed("/access-requests/confirm/", {"t": Live("access_link")}, message="I work here.\r\nLee"),
    Plan("/access-requests/status/", query={"t": Live("request_link")}),
    Plan("/manage/", query=_OF_ACME),
    Plan("/manage/access-requests/", query=_OF_ACME),
    Plan("/manage/access-requests/", query={"account": "acme", "done": "approve", "about": Live("access_request")}),
    _pressed(
        "/manage/access-requests/", _OF_ACME, id=Live("access_request"), decision="approve", role="deepdesk.editor"
    ),
    _pressed("/manage/access-requests/", _OF_ACME, id=Live("access_request"), decision="deny", reason="Nobody knows."),
    _pressed("/manage/enter/", _OF_ACME),
)
_KIM = "/manage/people/<user_id>/"
_LOOKED_AFTER = (
    Plan("/manage/people/", query=_encoded({"account": "acme", "q": "kim", "role": "deepdesk.agent"})),
    Plan("/manage/people/", query={"account": "acme", "after": Live("cursor")}),
    Plan("/manage/people/export/", query=_OF_ACME),
    Plan("/manage/people/new/", query=_OF_ACME),
    _pressed("/manage/people/new/", _OF_ACME, email="new@acme.example", name="New", role="deepdesk.editor", invite="1"),
    *(Plan(f"{_KIM}{part}", query=_OF_ACME) for part in ("", "roles/", "state/", "delete/", "sign-out/")),
    _pressed(f"{_KIM}roles/", _OF_ACME, seen=Live("seen"), role="deepdesk.editor"),
    _pressed(f"{_KIM}state/", _OF_ACME, seen=Live("seen"), to="disabled"),
    _pressed(f"{_KIM}delete/", _OF_ACME, seen=Live("seen")),
    _pressed(f"{_KIM}sign-out/", _OF_ACME, seen=Live("seen")),
    Plan("/manage/audit/", query={"account": "acme", "user": Live("user_id")}),
    Plan("/manage/audit/export/", query=_OF_ACME),
)
"""Mia looks after Kim."""
_PLATFORM = "/manage/providers/<code>/"
_OKTA = {
    "kind": "oidc",
    "code": "okta",
    "display_name": "Acme",
    "issuer": "https://acme.okta.example",
    "client_id": "x",
    "client_secret": "x" * 20,
    "scope": "openid",
    "subject_claim": "sub",
    "email_claim": "email",
    "first_name_claim": "given_name",
    "last_name_claim": "family_name",
    "roles_claim": "roles",
    "map_manager": "Boss",
    "role_based_iam": "1",
    "role_ceiling": "deepdesk.editor",
}
_LOOKED_AT = (
    *(Plan(f"/manage/{part}/", query=_OF_ACME) for part in ("providers", "services")),
    *(Plan(f"{_PLATFORM}{part}", query=_OF_ACME) for part in ("", "sheet/")),
)
_KEYS = ("api_key", "/manage/keys/api-keys/"), ("platform_secret", "/manage/keys/platform-secrets/")
GOOD_FOR_WHO_ENTERED = (
    *_LOOKED_AT,
    Plan("/manage/providers/new/", query=_OF_ACME),
    Plan("/manage/providers/new/", query={"account": "acme", "kind": "entra"}),
    Plan(f"{_PLATFORM}sheet/", query={"account": "acme", "kind": "entra"}),
    _pressed("/manage/providers/new/", _OF_ACME, **_OKTA),
    *(Plan(f"{_PLATFORM}{part}", query=_OF_ACME) for part in ("edit/", "delete/")),
    _pressed(f"{_PLATFORM}edit/", _OF_ACME, **{**_OKTA, "seen": Live("provider_seen")}),
    _pressed(f"{_PLATFORM}delete/", _OF_ACME),
    _pressed(f"{_PLATFORM}check/", _OF_ACME),
    Plan("/manage/keys/", query=_OF_ACME),
    *(Plan(f"{path}{part}", query=_OF_ACME) for _, path in _KEYS for part in ("new/", "<key_id>/rotate/")),
    *(Plan(f"{path}<key_id>/revoke/", query=_OF_ACME) for _, path in _KEYS),
    *(_pressed(f"{path}new/", _OF_ACME, seen=Live(f"{name}_id"), own_secret="x" * 40) for name, path in _KEYS),
    *(_pressed(f"{path}<key_id>/rotate/", _OF_ACME, seen=Live(f"{name}_id")) for name, path in _KEYS),
    *(_pressed(f"{path}<key_id>/revoke/", _OF_ACME) for _, path in _KEYS),
)
"""For a staff member who entered acme, with cookies of their own."""
_RETURNED = {"state": Live("state"), "iss": Live("issuer")}
GOOD = (
    _asking(prompt="none"),
    _asking(prompt="login", max_age="0", ui_locales="nl"),
    _asking(prompt="consent", response_mode="form_post", scope="openid offline_access email"),
    _asking(prompt="none", id_token_hint=Live("id_token"), claims=_CLAIMS, max_age="3600"),
    _asking(prompt="none", resource=AUDIENCE, scope="openid profile email roles permissions"),
    _asking(client_id=PLANNER, redirect_uri=PLANNER_URI, prompt="select_account"),
    Plan("/oauth/authorize/", query=_encoded({"client_id": CLIENT_ID, "request_uri": Live("request_uri")})),
    Plan("/oauth/authorize/", "POST", form=_encoded({**PARKED_REQUEST, "prompt": "none"})),
    Plan("/oauth/authorize/resume/", query={"r": Live("parked")}),
    Plan("/oauth/authorize/resume/", query={"r": Live("parked"), "cancel": "1"}),
    Plan("/oauth/authorize/resume/", query={"r": Live("consent")}),
    _by_client("/oauth/token/", code=Live("code"), **_CODE_FORM),
    _by_client("/oauth/token/", grant_type="refresh_token", refresh_token=Live("refresh_token"), scope="openid"),
    _by_client("/oauth/token/", grant_type="refresh_token", refresh_token=Live("spent_refresh_token")),
    _by_client("/oauth/token/", grant_type="client_credentials", resource=AUDIENCE),
    Plan("/oauth/token/", "POST", form=_encoded({**_ASSERTED, "grant_type": "client_credentials", "scope": ""})),
    Plan("/oauth/token/", "POST", form=_encoded({**TOKEN_REQUEST, "grant_type": "client_credentials"})),
    _by_client("/oauth/par/", **{**PARKED_REQUEST, "resource": AUDIENCE, "claims": _CLAIMS}),
    *(
        _by_client(f"/oauth/{path}/", token=Live(token), token_type_hint="refresh_token")
        for path in ("revoke", "introspect")
        for token in ("access_token", "refresh_token", "client_token", "revoked_token")
    ),
    Plan("/oauth/introspect/", "POST", form=_encoded({**_ASSERTED, "token": Live("access_token")})),
    _bearing("access_token"),
    _bearing("access_token", "POST"),
    Plan("/oauth/userinfo/", "POST", form={"access_token": Live("access_token")}),
    Plan("/login/", query={"r": Live("parked"), "account": "acme"}),
    _pressed("/login/", {"r": Live("parked")}, email="mia@acme.example"),
    *_BY_MAIL,
    *_LOOKED_AFTER,
    *_LOOKED_AT,
    Plan("/login/staff/", query={"r": Live("parked")}),
    _pressed("/login/staff/", {"r": Live("parked")}, decision="enter"),
    Plan("/login/with/<code>/", query={"r": Live("parked")}),
    Plan("/login/with/<code>/", query={"account": "acme"}),
    Plan("/oauth/consent/", query={"r": Live("consent")}),
    _pressed("/oauth/consent/", {"r": Live("consent")}, decision="allow"),
    _pressed("/oauth/consent/", {"r": Live("consent")}, decision="deny"),
    Plan("/account/sign-out/", query={"account": "acme"}),
    _pressed("/account/sign-out/", {"account": "acme"}),
    _pressed("/account/sessions/end/", sid=Live("sid")),
    _pressed("/account/language/", language="nl"),
    _pressed("/logout/"),
    _embedded("/auth/session/", "GET"),
    _embedded("/auth/refresh/", csrf="csrf_refresh"),
    _embedded("/auth/exchange-token/", csrf="csrf_access"),
    _embedded("/auth/logout/", csrf="csrf_access"),
    _embedded("/session/api-key/", account="acme", api_key=Live("api_key"), agent_id="7", agent_name="Test"),
    _embedded("/session/jwt/", jwt=Live("platform_jwt")),
    _embedded("/session/handoff/", handoff=Live("handoff"), verifier=Live("handoff_verifier")),
    Plan("/session/jwt/", query=_encoded({"jwt": Live("exchange_token"), "redirect": "/admin/x"})),
    _pressed("/session/jwt/continue/", jwt=Live("exchange_token"), redirect="/admin/x"),
    Plan("/platform/sso/", query=_encoded(PLATFORM_SSO)),
    Plan("/platform/sso/", query={"account": "acme", "redirect": "/studio"}),
    Plan("/platform/sso/done/", query=_encoded(PLATFORM_SSO)),
)
GOOD_FOR_STAFF = (
    Plan("/manage/", query=_OF_ACME),
    Plan("/manage/access-requests/", query=_OF_ACME),
    _pressed("/manage/enter/", _OF_ACME),
    Plan("/account/"),
)
"""For a staff member, with cookies of their own."""
STALE = (
    _by_client("/oauth/token/", code=Live("spent_code"), **_CODE_FORM),
    *(_bearing(token) for token in ("revoked_token", "client_token", "id_token")),
    Plan("/oauth/callback/<own_part>/", query={**_RETURNED, "code": "x"}),
    Plan("/oauth/callback/<own_part>/", query={**_RETURNED, "error": "access_denied"}),
    _pressed("/account/services/withdraw/", account="acme", client=CLIENT_ID),
    _pressed("/manage/access-requests/", _OF_ACME, id=Live("access_request"), decision="undo"),
    _pressed(f"{_KIM}sessions/end/", _OF_ACME, sid=Live("sid")),
    _pressed("/login/magic/again/", {"m": Live("proof")}),
    _pressed("/login/magic/confirm/", {"t": Live("access_link")}),
    _pressed("/access-requests/confirm/", _CARRIED),
)
"""Calls in which everything is genuine, but nothing for this address, or not any more."""
PLANS = tuple(
    sorted(
        (*(_of_row(row) for row in TARGETS), *GOOD, *GOOD_FOR_WHO_ENTERED, *STALE),
        key=lambda plan: len(plan.query) + len(plan.form),
    )
)

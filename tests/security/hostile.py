"""What hostile callers send, and what counts as a decent answer to it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from werkzeug.test import TestResponse

from tests.support.app import ISSUER, Browser, OpenIdProvider
from tests.support.rp import DESCRIPTION, REDIRECT_URI

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

VALUES: dict[str, str] = {
    "empty": "",
    "5 KB": "x" * 5000,
    "100 KB": "x" * 100_000,
    "non-ASCII": "%C3%A9%F0%9F%A6%94",
    "quoted": "%22%27%5C%60",
    "NUL": "a%00b",
    "line ends": "a%0D%0ASet-Cookie:%20a=b",
    "a lone surrogate": "%ED%A0%80",
    "invalid percent encoding": "%zz%",
    "not UTF-8": "%FF%FE%C3",
    "overlong UTF-8": "%C0%AF%E0%80%AF",
    "raw bytes": "\xff\xe9",
    "control characters": "%01%1B%7F",
    "right-to-left and zero width": "%E2%80%AE%E2%80%8B",
    "spaces": "%20%20",
    "JSON": "%7B%22a%22%3A%5B1%5D%7D",
    "deep JSON": "%5B" * 1200,
    "markup": "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "another site": "https%3A%2F%2Fevil.example%2F",
}
"""As they stand in a query or a form: percent-encoded, well or badly."""

OAUTH_ERRORS = frozenset(
    {
        *("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type"),
        *("invalid_scope", "unsupported_response_type", "access_denied", "login_required", "invalid_target"),
        *("request_not_supported", "request_uri_not_supported", "registration_not_supported"),
        *("invalid_request_uri", "unmet_authentication_requirements"),
        "consent_required",
        *("invalid_token", "insufficient_scope"),
    }
)
"""The registered codes that this provider may answer with; ``server_error`` is not one."""
WIDGET_ERRORS = frozenset(
    {
        *("signed_out", "expired", "csrf_failed", "origin_not_allowed", "unsupported_media_type"),
        *("invalid_handoff", "exchange_not_allowed", "too_many_new_people"),
    }
)
"""What widgets are told besides (``idp/widget/answers.py``)."""


class Verdict(StrEnum):
    """What an answer amounts to."""

    ERROR = "error"
    """JSON with a registered error code, or a page that says what is wrong."""
    ERROR_AT_CLIENT = "error at the client"
    CODE = "code"
    PARKED = "parked"
    """Off to the sign-in page."""
    PUSHED = "pushed"
    """An authorization request that its client brings by reference later."""
    TO_SIGN_IN = "to the sign-in page"
    """Off to the sign-in page, by somebody's own wish."""
    TO_MANAGE = "to what there is to look after"
    AGAIN = "again"
    """A posted authorization request goes to itself by GET."""
    DONE = "done"
    """Anything else that is no error."""


WRITES: dict[Verdict, Counter[str]] = {
    Verdict.CODE: Counter(authorization_codes=1, audit_events=1),
    Verdict.PARKED: Counter(parked_requests=1),
    Verdict.PUSHED: Counter(pushed_requests=1),
}
"""Rows that an answer may have added; all other answers leave no row."""


def verdict(answer: TestResponse) -> Verdict:
    """Say what an answer amounts to.

    :raises AssertionError: it is nothing that anybody should ever get.
    """
    assert answer.status_code < 500, f"{answer.status_code}: {answer.get_data(as_text=True)[:300]}"
    for name, value in answer.headers.items():
        assert value.isprintable(), f"{name}: {value!r}"
    if answer.status_code == 303:
        return _of_redirect(answer.headers["Location"])
    assert not 300 <= answer.status_code < 400, answer.status_code
    if answer.status_code == 201:
        assert answer.get_json().keys() == {"request_uri", "expires_in"}, answer.text
        return Verdict.PUSHED
    if answer.status_code < 400:
        return Verdict.DONE
    if answer.mimetype == "application/json":
        return _of_json(answer)
    if answer.mimetype == "text/plain":  # of /sdk: a line for the developer of a page
        assert (answer.status_code, answer.text.count("\n")) == (404, 1), answer.text
        return Verdict.ERROR
    assert answer.mimetype == "text/html", answer.mimetype
    assert 'id="error"' in answer.text or 'id="request-error"' in answer.text, answer.text
    assert "<script" not in answer.text
    return Verdict.ERROR


def _of_json(answer: TestResponse) -> Verdict:
    body = answer.get_json()
    if body == {}:
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        return Verdict.ERROR
    assert body["error"] in OAUTH_ERRORS | WIDGET_ERRORS, body
    assert body.keys() <= {"error", "error_description", "csrf_refresh_token"}, body
    assert DESCRIPTION.fullmatch(body.get("error_description", "-")), body
    return Verdict.ERROR


def _of_redirect(location: str) -> Verdict:
    if location.startswith("/login/?r="):
        return Verdict.PARKED
    if location.startswith(("/manage/access-requests/?account=", "/manage/people/?account=")):
        return Verdict.TO_MANAGE
    if re.match(r"/login/\?(account=[a-z0-9-]+&)?after=/", location) or location == "/login/":
        return Verdict.TO_SIGN_IN
    if location in {"/logout/", "/oauth/logout/"} or location.startswith(("/oauth/authorize/?", "/oauth/logout/?")):
        return Verdict.AGAIN
    assert location.startswith(f"{REDIRECT_URI}?"), location
    params = dict(parse_qsl(urlsplit(location).query))
    if "error" not in params:
        assert "code" in params
        return Verdict.CODE
    assert "code" not in params
    assert params["error"] in OAUTH_ERRORS, params
    assert DESCRIPTION.fullmatch(params["error_description"]), params
    return Verdict.ERROR_AT_CLIENT


@dataclass(frozen=True, kw_only=True)
class Target:
    """One address with everything that it reads.

    :param path: a rule of the application's map.
    :param sends: ``query``, ``form`` or ``json``.
    :param params: what it understands, with values as right as they can be.
    :param takes: what answers to nonsense may amount to.
    :param signed_in: whether the browser has a session.
    """

    path: str
    method: str = "GET"
    sends: str = "query"
    params: dict[str, str] = field(default_factory=dict)
    takes: frozenset[Verdict] = frozenset({Verdict.ERROR})
    signed_in: bool = True

    @property
    def address(self) -> str:
        """A path that the rule matches: whatever has a choice of words takes the first."""
        return re.sub(r"<any\('([^']*)'[^>]*>", r"\1", self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {'signed in' if self.signed_in else 'signed out'}"


ANSWERS = frozenset({Verdict.ERROR, Verdict.ERROR_AT_CLIENT, Verdict.CODE, Verdict.PARKED, Verdict.AGAIN})
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
CLIENT_ID, CLIENT_SECRET = "studio", "the secret of the studio".replace(" ", "-")
AUTHORIZATION_REQUEST = {
    "client_id": CLIENT_ID,
    "redirect_uri": REDIRECT_URI,
    "response_type": "code",
    "scope": "openid",
    "state": "xyz",
    "nonce": "n",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "response_mode": "query",
    "prompt": "none",
    "login_hint": "mia@acme.example",
    "ui_locales": "en",
    "account": "acme",
    "idp_hint": "platform",
    "max_age": "",
    "id_token_hint": "",
    "claims": "",
    "request": "",
    "request_uri": "",
    "registration": "",
    "resource": "",
    "acr_values": "1",
    "display": "page",
    "anything_else": "1",
}
PARKED_REQUEST = {
    name: AUTHORIZATION_REQUEST[name]
    for name in (
        *("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge"),
        *("code_challenge_method", "login_hint", "ui_locales", "account"),
    )
}
"""What of it is kept while somebody signs in."""
TOKEN_REQUEST = {
    "grant_type": "authorization_code",
    "code": "the code that a test puts here",
    "redirect_uri": REDIRECT_URI,
    "code_verifier": "x" * 43,
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "anything_else": "1",
}
REFRESH_REQUEST = {
    "grant_type": "refresh_token",
    "refresh_token": "x" * 22 + ".1." + "x" * 43,
    "scope": "openid",
    "resource": "",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
}
CLIENTS_OWN_REQUEST = {
    "grant_type": "client_credentials",
    "scope": "openid",
    "resource": "https://api.acme.example",
    "client_id": CLIENT_ID,
    "client_assertion": "e30.e30.eA",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}
PUSHED_REQUEST = PARKED_REQUEST | {
    "client_secret": CLIENT_SECRET,
    "client_assertion": "",
    "client_assertion_type": "",
    "request": "",
    "request_uri": "",
    "anything_else": "1",
}
TOKEN_CALL = {
    "token": "x",
    "token_type_hint": "access_token",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "client_assertion": "",
    "client_assertion_type": "",
    "anything_else": "1",
}
ASSERTED_CALL = {
    "token": "x",
    "client_id": CLIENT_ID,
    "client_assertion": "e30.e30.eA",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}
CALLBACK = {"state": "x" * 43, "code": "x", "iss": "https://platform.acme.example", "error": "", "session_state": "x"}
LOGOUT = {
    "id_token_hint": "x.y.z",
    "post_logout_redirect_uri": "https://studio.example.com/goodbye",
    "state": "x",
    "client_id": CLIENT_ID,
    "ui_locales": "nl",
}
API_KEY_CALL = {"account": "acme", "api_key": "x" * 43, "agent_id": "1", "agent_name": "Test"}
HANDOFF_CALL = {"handoff": "x" * 43, "verifier": "x" * 43}
EXCHANGE_LINK = {"jwt": "e30.e30.eA", "redirect": "/admin/personal-collection"}
PLATFORM_SSO = {
    "account": "acme",
    "provider": "platform",
    "redirect": "/studio",
    "handoff": CHALLENGE,
    "origin": "https://platform.acme.example",
}
MAIL_ASKED = {"r": "x" * 22, "account": "acme", "after": "/account/", "lang": "nl"}
MAIL_LINK = {"t": "IngiLg.x", "lang": "nl"}
MANAGING = {"account": "acme", "done": "approve", "about": "x" * 22, "lang": "nl"}
MANAGING_PEOPLE = {
    "account": "acme",
    "q": "mia",
    "role": "deepdesk.manager",
    "state": "disabled",
    "after": "WyJuOm1pYSIsIngiXQ.x",
    "done": "WyJkZWxldGVkIl0.x",
    "lang": "nl",
}
ADDING = {
    "csrf_token": "x",
    "account": "acme",
    "email": "a@b.example",
    "name": "A",
    "role": "deepdesk.agent",
    "invite": "1",
}
ONE_PERSON = {"account": "acme", "done": "WyJyb2xlcyJd.x", "lang": "nl"}
CHANGING = {"csrf_token": "x", "account": "acme", "seen": "x" * 16}
RECORDS = {"account": "acme", "user": "x" * 22, "request": "7KQ-M2X", "before": "WzFd.x", "lang": "nl"}
ONE_PROVIDER = {"account": "acme", "done": "WyJzYXZlZCJd.x", "lang": "nl"}
A_PROVIDER = {
    "account": "acme",
    "kind": "oidc",
    "code": "okta",
    "display_name": "Acme",
    "issuer": "https://acme.okta.example",
    "client_id": "x",
    "client_secret": "x",
    "client_secret_expires": "2027-01-31",
    "trust_email": "1",
    "role_based_iam": "1",
    "role_ceiling": "deepdesk.editor",
    "map_manager": "Boss",
    "map_agent": "All",
    "scope": "openid",
    "subject_claim": "sub",
    "generic_callback": "1",
    "seen": "x" * 64,
}
KEYS = {"account": "acme", "done": "WyJyZXZva2VkX2FwaV9rZXkiXQ.x", "lang": "nl"}
A_KEY = {"csrf_token": "x", "account": "acme", "seen": "x" * 22, "own_secret": "x" * 40}
PROVING = {"account": "acme", "after": "/manage/people/?account=acme", "m": "x" * 22, "lang": "nl"}
NO_ERROR = frozenset({Verdict.ERROR, Verdict.DONE})
LEADS_ON = NO_ERROR | {Verdict.AGAIN}
BEFORE_SIGN_IN = frozenset({Verdict.ERROR, Verdict.TO_SIGN_IN})
WHERE_MAIL_LETS_IN = NO_ERROR | {Verdict.TO_SIGN_IN}
DECISION = {
    "csrf_token": "x",
    "id": "x" * 22,
    "decision": "approve",
    "role": "deepdesk.manager",
    "reason": "No",
    "account": "acme",
}
TARGETS = (
    Target(path="/oauth/authorize/", params=AUTHORIZATION_REQUEST, takes=ANSWERS),
    Target(path="/oauth/authorize/", params=PARKED_REQUEST, takes=ANSWERS, signed_in=False),
    Target(
        path="/oauth/authorize/", method="POST", sends="form", params=PARKED_REQUEST, takes=ANSWERS, signed_in=False
    ),
    Target(path="/oauth/token/", method="POST", sends="form", params=TOKEN_REQUEST),
    Target(path="/oauth/token/", method="POST", sends="form", params=REFRESH_REQUEST),
    Target(path="/oauth/token/", method="POST", sends="form", params=CLIENTS_OWN_REQUEST),
    Target(
        path="/oauth/par/",
        method="POST",
        sends="form",
        params=PUSHED_REQUEST,
        takes=frozenset({Verdict.ERROR, Verdict.PUSHED}),
    ),
    Target(path="/oauth/revoke/", method="POST", sends="form", params=TOKEN_CALL, takes=NO_ERROR),
    Target(path="/oauth/introspect/", method="POST", sends="form", params=TOKEN_CALL, takes=NO_ERROR),
    Target(path="/oauth/introspect/", method="POST", sends="form", params=ASSERTED_CALL),
    Target(path="/oauth/userinfo/", params={"access_token": "x"}),
    Target(path="/oauth/userinfo/", method="POST", sends="form", params={"access_token": "a.b.c", "other": "1"}),
    Target(path="/oauth/jwks", params={"anything": "1"}, takes=NO_ERROR),
    Target(path="/.well-known/openid-configuration", params={"anything": "1"}, takes=NO_ERROR),
    Target(path="/.well-known/oauth-authorization-server", params={"anything": "1"}, takes=NO_ERROR),
    Target(path="/oauth/authorize/resume/", params={"r": "x" * 22, "cancel": "1"}),
    Target(path="/login/", params={"r": "x" * 22, "account": "staff", "lang": "nl"}, takes=NO_ERROR),
    Target(
        path="/login/", method="POST", sends="form", params={"csrf_token": "x", "email": "a@b.example", "account": "x"}
    ),
    Target(path="/login/magic/", params=MAIL_ASKED, takes=WHERE_MAIL_LETS_IN),
    Target(path="/login/magic/", params={"account": "acme", "after": "/account/"}, takes=WHERE_MAIL_LETS_IN),
    Target(path="/login/magic/", method="POST", sends="form", params={"csrf_token": "x", "email": "a@b.example"}),
    Target(path="/login/magic/sent/", params={"m": "x" * 22, "lang": "nl"}),
    Target(path="/login/magic/sent/", method="POST", sends="form", params={"csrf_token": "x", "code": "ABCD-EFGH"}),
    Target(path="/login/magic/again/", method="POST", sends="form", params={"csrf_token": "x", "m": "x" * 22}),
    Target(path="/login/magic/confirm/", params=MAIL_LINK),
    Target(path="/login/magic/confirm/", method="POST", sends="form", params={"csrf_token": "x", "code": "ABCD-EFGH"}),
    Target(path="/login/magic/afresh/", method="POST", sends="form", params={"csrf_token": "x", "t": "IngiLg.x"}),
    Target(path="/login/magic/proof/", params={"r": "x" * 22, "m": "x" * 22, "lang": "nl"}),
    Target(path="/login/magic/proof/", method="POST", sends="form", params={"csrf_token": "x", "code": "ABCD-EFGH"}),
    Target(path="/access-requests/confirm/", params=MAIL_LINK),
    Target(
        path="/access-requests/confirm/", method="POST", sends="form", params={"csrf_token": "x", "message": "Please"}
    ),
    Target(path="/access-requests/status/", params=MAIL_LINK),
    Target(path="/manage/", params={"account": "acme"}, takes=NO_ERROR | {Verdict.TO_MANAGE}),
    Target(path="/manage/", params={"account": "acme"}, takes=BEFORE_SIGN_IN, signed_in=False),
    Target(path="/manage/enter/", method="POST", sends="form", params={"csrf_token": "x", "account": "acme"}),
    Target(path="/manage/proof/", params=PROVING, takes=NO_ERROR | {Verdict.TO_SIGN_IN}),
    Target(path="/manage/proof/", params=PROVING, takes=BEFORE_SIGN_IN, signed_in=False),
    Target(
        path="/manage/proof/", method="POST", sends="form", params=PROVING | {"csrf_token": "x", "code": "ABCD-EFGH"}
    ),
    Target(path="/manage/access-requests/", params=MANAGING, takes=NO_ERROR),
    Target(path="/manage/access-requests/", params=MANAGING, takes=BEFORE_SIGN_IN, signed_in=False),
    Target(path="/manage/access-requests/", method="POST", sends="form", params=DECISION),
    Target(path="/manage/people/", params=MANAGING_PEOPLE, takes=NO_ERROR),
    Target(path="/manage/people/", params=MANAGING_PEOPLE, takes=BEFORE_SIGN_IN, signed_in=False),
    Target(path="/manage/people/export/", params=MANAGING_PEOPLE, takes=NO_ERROR),
    Target(path="/manage/people/new/", params=ADDING, takes=NO_ERROR),
    Target(path="/manage/people/new/", method="POST", sends="form", params=ADDING),
    Target(path="/manage/people/<user_id>/", params=ONE_PERSON, takes=NO_ERROR),
    Target(path="/manage/people/<user_id>/", params=ONE_PERSON, takes=BEFORE_SIGN_IN, signed_in=False),
    Target(path="/manage/people/<user_id>/roles/", params=CHANGING | {"role": "deepdesk.agent"}, takes=NO_ERROR),
    Target(
        path="/manage/people/<user_id>/roles/",
        method="POST",
        sends="form",
        params=CHANGING | {"role": "deepdesk.agent", "own": "1"},
    ),
    Target(path="/manage/people/<user_id>/state/", params=ONE_PERSON, takes=NO_ERROR),
    Target(path="/manage/people/<user_id>/state/", method="POST", sends="form", params=CHANGING | {"to": "disabled"}),
    Target(path="/manage/people/<user_id>/delete/", params=ONE_PERSON, takes=NO_ERROR),
    Target(path="/manage/people/<user_id>/delete/", method="POST", sends="form", params=CHANGING),
    Target(path="/manage/people/<user_id>/sign-out/", params=ONE_PERSON, takes=NO_ERROR),
    Target(path="/manage/people/<user_id>/sign-out/", method="POST", sends="form", params=CHANGING),
    Target(
        path="/manage/people/<user_id>/sessions/end/",
        method="POST",
        sends="form",
        params={"csrf_token": "x", "account": "acme", "sid": "x" * 22},
    ),
    Target(path="/manage/providers/", params=ONE_PROVIDER, takes=NO_ERROR),
    Target(path="/manage/providers/", params=ONE_PROVIDER, takes=BEFORE_SIGN_IN, signed_in=False),
    Target(path="/manage/providers/<code>/", params=ONE_PROVIDER, takes=NO_ERROR),
    Target(path="/manage/providers/<code>/sheet/", params=ONE_PROVIDER | {"kind": "entra"}, takes=NO_ERROR),
    Target(path="/manage/providers/new/", params=A_PROVIDER, takes=BEFORE_SIGN_IN, signed_in=False),
    Target(path="/manage/providers/<code>/edit/", params=A_PROVIDER, takes=BEFORE_SIGN_IN, signed_in=False),
    Target(path="/manage/providers/<code>/delete/", params=ONE_PROVIDER, takes=BEFORE_SIGN_IN, signed_in=False),
    *(
        Target(path=f"/manage/providers/{part}/", method="POST", sends="form", params={"csrf_token": "x", **A_PROVIDER})
        for part in ("new", "<code>/edit", "<code>/delete", "<code>/check")
    ),
    Target(path="/manage/services/", params={"account": "acme", "lang": "nl"}, takes=NO_ERROR),
    Target(path="/manage/keys/", params=KEYS, takes=BEFORE_SIGN_IN, signed_in=False),
    *(
        Target(path=f"/manage/keys/{sort}/{part}/", params=KEYS, takes=BEFORE_SIGN_IN, signed_in=False)
        for sort in ("api-keys", "platform-secrets")
        for part in ("new", "<key_id>/rotate", "<key_id>/revoke")
    ),
    *(
        Target(path=f"/manage/keys/{sort}/{part}/", method="POST", sends="form", params=A_KEY)
        for sort in ("api-keys", "platform-secrets")
        for part in ("new", "<key_id>/rotate", "<key_id>/revoke")
    ),
    Target(path="/manage/audit/", params=RECORDS, takes=NO_ERROR),
    Target(path="/manage/audit/", params=RECORDS, takes=BEFORE_SIGN_IN, signed_in=False),
    Target(path="/manage/audit/export/", params=RECORDS, takes=NO_ERROR),
    Target(path="/oauth/consent/", params={"r": "x" * 22, "lang": "nl"}),
    Target(
        path="/oauth/consent/",
        method="POST",
        sends="form",
        params={"csrf_token": "x", "r": "x" * 22, "decision": "allow"},
    ),
    Target(path="/account/", params={"done": "ended"}, takes=NO_ERROR),
    Target(path="/account/sign-out/", params={"account": "acme", "lang": "nl"}, takes=NO_ERROR),
    Target(path="/account/sign-out/", method="POST", sends="form", params={"csrf_token": "x", "account": "acme"}),
    Target(path="/account/sessions/end/", method="POST", sends="form", params={"csrf_token": "x", "sid": "x" * 22}),
    Target(
        path="/account/services/withdraw/",
        method="POST",
        sends="form",
        params={"csrf_token": "x", "account": "acme", "client": CLIENT_ID},
    ),
    Target(path="/account/language/", method="POST", sends="form", params={"csrf_token": "x", "language": "nl"}),
    Target(path="/login/staff/", params={"r": "x" * 22}, takes=NO_ERROR),
    Target(path="/login/staff/", method="POST", sends="form", params={"csrf_token": "x", "r": "x" * 22}),
    Target(path="/login/with/<code>/", params={"r": "x" * 22, "account": ""}),
    Target(path="/oauth/callback/", params=CALLBACK),
    Target(path="/oauth/callback/<own_part>/", params=CALLBACK),
    Target(path="/logout/", params={"anything": "1"}, takes=NO_ERROR),
    Target(path="/logout/done/", params={"s": "x" * 43}, takes=LEADS_ON),
    Target(path="/oauth/logout/", params=LOGOUT, takes=LEADS_ON),
    Target(path="/oauth/logout/", method="POST", sends="form", params=LOGOUT, takes=LEADS_ON),
    Target(path="/logout/", method="POST", sends="form", params={"csrf_token": "x"}),
    Target(path="/auth/session/", params={"anything": "1"}),
    Target(path="/auth/refresh/", method="POST", sends="form", params={"csrf_token": "x"}),
    Target(path="/auth/exchange-token/", params={"anything": "1"}),
    Target(path="/auth/exchange-token/", method="POST", sends="form", params={"anything": "1"}),
    Target(path="/auth/logout/", method="POST", sends="form", params={"anything": "1"}),
    Target(path="/auth/jwks/", params={"anything": "1"}, takes=NO_ERROR),
    Target(path="/session/api-key/", method="POST", sends="json", params=API_KEY_CALL),
    Target(path="/session/jwt/", method="POST", sends="json", params={"jwt": "e30.e30.eA"}),
    Target(path="/session/handoff/", method="POST", sends="json", params=HANDOFF_CALL),
    Target(path="/session/jwt/", params=EXCHANGE_LINK),
    Target(path="/session/jwt/continue/", method="POST", sends="form", params={**EXCHANGE_LINK, "csrf_token": "x"}),
    Target(path="/platform/sso/", params=PLATFORM_SSO, takes=NO_ERROR),
    Target(path="/platform/sso/done/", params=PLATFORM_SSO, takes=NO_ERROR),
    Target(path="/platform/static/<path:filename>"),
    Target(path="/sdk/<any('session.js', 'session.d.ts'):name>", params={"v": "1"}, takes=NO_ERROR),
    Target(path="/sdk/<version>/<any('session.js', 'session.d.ts'):name>", takes=NO_ERROR),
    Target(path="/static/<path:filename>"),
    Target(path="/healthz", takes=NO_ERROR),
    Target(path="/metrics", params={"anything": "1"}, takes=NO_ERROR),
    Target(path="/readyz", takes=NO_ERROR),
)


@contextmanager
def nothing_else_written(op: OpenIdProvider) -> Iterator[list[Verdict]]:
    """Collect verdicts; afterwards there are the rows that they explain, and no others."""
    before = Counter(op.rows())
    verdicts: list[Verdict] = []
    yield verdicts
    assert Counter(op.rows()) == before + sum((WRITES.get(one, Counter()) for one in verdicts), Counter[str]())


def send(
    browser: Browser, target: Target, raw: str, *, path: str | None = None, headers: Iterable[tuple[str, str]] = ()
) -> TestResponse:
    """Send parameters exactly as they stand, byte by byte."""
    environ: dict[str, Any] = {"PATH_INFO": path or target.address}
    body = None
    if target.sends in {"form", "json"}:
        body, environ["CONTENT_TYPE"] = as_json(raw) if target.sends == "json" else (raw.encode("latin-1"), FORM)
    else:
        environ["QUERY_STRING"] = raw
    for name, value in headers:
        environ[name if name == "CONTENT_TYPE" else f"HTTP_{name.upper().replace('-', '_')}"] = value
    return browser.http.open(
        "/", base_url=ISSUER, method=target.method, data=body, environ_overrides=environ, buffered=True
    )


def as_json(raw: str) -> tuple[bytes, str]:
    """Return what a form would have sent as a JSON object, with its media type."""
    sent = parse_qsl(raw.replace("&amp;", "&"), keep_blank_values=True, encoding="latin-1")
    return json.dumps(dict(sent)).encode(), JSON


def encoded(params: dict[str, str]) -> dict[str, str]:
    """Percent-encode the values."""
    return {name: quote(value, safe="") for name, value in params.items()}


def joined(params: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in params.items())

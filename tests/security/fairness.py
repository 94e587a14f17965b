"""Sending a call, byte by byte as it stands, and what is fair in answer."""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

from werkzeug.test import TestResponse

from tests.security.arsenal import LOGGED_OUT_URI, PLANNER_URI, Arsenal
from tests.security.calls import TWISTS, Call, Value
from tests.security.hostile import FORM, as_json, verdict
from tests.support.app import ISSUER
from tests.support.rp import REDIRECT_URI

FOR_PROGRAMS = (
    *("/.well-known/", "/oauth/jwks", "/oauth/token", "/oauth/userinfo", "/oauth/revoke", "/oauth/introspect"),
    *("/oauth/par", "/healthz", "/readyz", "/metrics", "/auth/", "/session/api-key", "/session/handoff"),
)
"""Paths at which errors are JSON (CONTRACT §4)."""
_OF_SCRIPTS = {"<version>": "1.0.0", "<any('session.js', 'session.d.ts'):name>": "session.js"}
MOST_CPU_SECONDS = 1.0
MOST_SECONDS = 30.0
"""Of waiting included: more than any lock or timeout of ours takes, however busy the machine is."""


def send(call: Call, arsenal: Arsenal) -> TestResponse:
    """Send a call; the answer has to be fair, and in time."""
    environ = _environ(call, arsenal)
    body = environ.pop("body")
    arsenal.log.seek(0)
    arsenal.log.truncate()
    began, cpu_began = time.monotonic(), time.thread_time()
    with _garbage_left_alone():
        answer = _answer(environ, body, arsenal)
        cpu, waited = time.thread_time() - cpu_began, time.monotonic() - began
    assert cpu < MOST_CPU_SECONDS, f"{cpu:.2f} s of CPU time"
    assert waited < MOST_SECONDS, f"{waited:.0f} s"
    _judge(answer, environ, body, arsenal)
    return answer


def _answer(environ: Mapping[str, Any], body: bytes, arsenal: Arsenal) -> TestResponse:
    client = arsenal.op.app.test_client(use_cookies=False)
    method = environ["REQUEST_METHOD"]
    return client.open("/", base_url=ISSUER, method=method, data=body, environ_overrides=environ, buffered=True)


@contextmanager
def _garbage_left_alone() -> Iterator[None]:
    """Keep the collector away: a full round through hypothesis' own memory takes more than a second, too."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _environ(call: Call, arsenal: Arsenal) -> dict[str, Any]:
    sent = {"query": _pairs(call, "query", arsenal), "form": _pairs(call, "form", arsenal)}
    written = as_json(sent["form"]) if call.plan.in_json else (sent["form"].encode("latin-1"), FORM)
    body, content_type = call.body or written
    environ: dict[str, Any] = {
        "REQUEST_METHOD": call.method or call.plan.method,
        "PATH_INFO": _path(call, arsenal),
        "QUERY_STRING": sent["query"],
        "body": body,
    }
    if body:
        environ["CONTENT_TYPE"] = content_type
    cookies = () if call.cookies is None else (("Cookie", call.cookies),)
    for name, value in (*call.plan.headers.items(), *cookies, *call.headers):
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = _text(value, arsenal)
    return environ


def _pairs(call: Call, place: str, arsenal: Arsenal) -> str:
    pairs: list[tuple[str, Value]] = list(getattr(call.plan, place).items())
    for change in call.changes:
        if change.place == place:
            if change.act != "add":
                pairs = [(name, value) for name, value in pairs if name != change.name]
            if change.act != "drop":
                pairs.append((change.name, change.value))
    return "&".join(f"{name}={_raw(value, arsenal)}" for name, value in pairs)


def _text(value: Value, arsenal: Arsenal) -> str:
    """Return what a header says."""
    if isinstance(value, str):
        return value
    kind, _, name = value.name.rpartition(" ")
    return f"{'Bearer ' if kind else ''}{TWISTS[value.twist](arsenal.live[name])}"


def _raw(value: Value, arsenal: Arsenal) -> str:
    return value if isinstance(value, str) else quote(_text(value, arsenal), safe="")


def _path(call: Call, arsenal: Arsenal) -> str:
    """Return the path as a server hands it over: decoded to bytes, each a latin-1 character (PEP 3333)."""
    usual = {"<code>": "platform", "<own_part>": "acme.platform", "<path:filename>": "idp.css"} | _OF_SCRIPTS
    usual["<user_id>"] = arsenal.live["user_id"]
    sort = "platform_secret" if "/platform-secrets/" in call.plan.path else "api_key"
    usual["<key_id>"] = arsenal.live[f"{sort}_id"]

    def part(found: re.Match[str]) -> str:
        return usual.get(found[0], "x") if call.part is None else call.part

    path = re.sub("<[^>]*>", part, call.plan.path)
    raw = path.rstrip("/") + call.slash if path.endswith("/") else path
    return unquote_to_bytes(raw.encode("latin-1")).decode("latin-1")


# Judging


def _judge(answer: TestResponse, environ: Mapping[str, Any], body: bytes, arsenal: Arsenal) -> None:
    logged = arsenal.log.getvalue()
    assert not logged, logged
    path = str(environ["PATH_INFO"])
    assert answer.status_code < 500, f"{answer.status_code}: {answer.text[:300]}"
    _keeps_secrets(answer, environ, body, arsenal)
    if 300 <= answer.status_code < 400 and answer.status_code != 304:
        _leads_somewhere_known(answer, path, arsenal)
    elif environ["REQUEST_METHOD"] != "HEAD":
        _says_what_is_wrong(answer, path, arsenal)


def _keeps_secrets(answer: TestResponse, environ: Mapping[str, Any], body: bytes, arsenal: Arsenal) -> None:
    text = answer.get_data(as_text=True)
    assert "Traceback (most recent" not in text
    told = unquote_to_bytes(str(environ["QUERY_STRING"]).encode("latin-1")) + unquote_to_bytes(body)
    for secret in arsenal.secrets:
        assert secret not in text or secret.encode() in told, f"the answer tells {secret}"


def _leads_somewhere_known(answer: TestResponse, path: str, arsenal: Arsenal) -> None:
    assert answer.status_code == 303, answer.status_code
    location = answer.headers["Location"]
    assert location.isascii(), location
    assert location.isprintable(), location
    _is_known(location, path, arsenal)


def _is_known(address: str, path: str, arsenal: Arsenal) -> None:
    """An address is ours, or a redirect URI that is registered, or begins at the platform whose people sign in."""
    if address.startswith("/"):
        assert not address.startswith(("//", "/\\")), address
        assert list(arsenal.op.app.url_map.bind("").allowed_methods(urlsplit(address).path)), address
    elif path.startswith("/session/jwt") or (path.startswith("/platform/sso") and address.startswith(ISSUER)):
        # They lead to the account's own address, here the issuer, whatever their redirect says.
        assert address.startswith(f"{ISSUER}/"), address
    elif address.partition("?")[0] not in {REDIRECT_URI, PLANNER_URI, LOGGED_OUT_URI}:
        assert address.startswith(f"{arsenal.platform.issuer}/"), address
        assert path.startswith(("/login", "/platform/sso")), path


def _says_what_is_wrong(answer: TestResponse, path: str, arsenal: Arsenal) -> None:
    if answer.status_code >= 400 and path.startswith(FOR_PROGRAMS):
        assert answer.mimetype == "application/json", answer.mimetype
    if answer.mimetype == "text/html" and answer.data:
        assert "<main" in answer.text, answer.text
        assert answer.status_code == 200 or "<script" not in answer.text, answer.text
        for action in re.findall(r'<form[^>]* action="([^"]*)"', answer.text):
            _is_known(unescape(action) or path, path, arsenal)
    elif answer.status_code not in {204, 304}:
        verdict(answer)

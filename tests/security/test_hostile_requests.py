"""Bodies, methods, headers and cookies as bad as they get, and whatever nobody thought of: never a 500."""

from __future__ import annotations

import base64
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from idp.browser.audience import is_machine
from tests.security.hostile import (
    CLIENT_ID,
    CLIENT_SECRET,
    FORM,
    TARGETS,
    VALUES,
    Target,
    Verdict,
    encoded,
    joined,
    nothing_else_written,
    send,
    verdict,
)
from tests.support.app import Browser, OpenIdProvider
from tests.support.rp import REDIRECT_URI, basic

FOR_CLIENTS = {"/oauth/token/", "/oauth/par/", "/oauth/revoke/", "/oauth/introspect/"}
"""Endpoints at which clients prove themselves."""
BODIES: dict[str, tuple[bytes, str]] = {
    "JSON": (b'{"grant_type": "authorization_code", "client_id": ["studio"]}', "application/json"),
    "JSON called a form": (b'{"grant_type": "authorization_code"}', FORM),
    "deep JSON": (b"[" * 60_000, "application/json"),
    "multipart": (
        b'--x\r\nContent-Disposition: form-data; name="code"\r\n\r\n1\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    "multipart without a boundary": (b"--x\r\n", "multipart/form-data"),
    "multipart that never ends": (b"--x\r\nContent-Disposition: form-data", "multipart/form-data; boundary=x"),
    "text": (b"grant_type=authorization_code", "text/plain"),
    "no type": (b"grant_type=authorization_code", ""),
    "a type that is none": (b"grant_type=authorization_code", "\xff;;=;"),
    "a strange charset": (b"grant_type=authorization_code", f"{FORM}; charset=utf-7"),
    "an unknown charset": (b"grant_type=authorization_code", f"{FORM}; charset=no-such"),
    "raw bytes": (bytes(range(256)) * 4, FORM),
    "only separators": (b"&" * 5000 + b"=" * 5000, FORM),
    "too many parameters": (b"&".join(b"a%d=1" % number for number in range(2000)), FORM),
    "a large body": (b"code=" + b"x" * 200_000, FORM),
    "a large body of another type": (b"x" * 200_000, "application/octet-stream"),
    "one name a thousand times": (b"code=1&" * 1000, FORM),
}
AUTHORIZATIONS: dict[str, str] = {
    "empty": "",
    "scheme only": "Basic",
    "scheme and space": "Basic ",
    "an unknown scheme": "Digest username=studio",
    "not base64": "Basic %%%",
    "base64 with line ends": "Basic " + base64.encodebytes(b"studio:" + b"x" * 200).decode().replace("\n", " "),
    "no colon": "Basic " + base64.b64encode(b"studio").decode(),
    "only a colon": "Basic " + base64.b64encode(b":").decode(),
    "not UTF-8": "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
    "NUL": "Basic " + base64.b64encode(b"stu\0dio:sec\0ret").decode(),
    "encoded NUL": "Basic " + base64.b64encode(b"stu%00dio:sec%00ret").decode(),
    "encoded, not UTF-8": "Basic " + base64.b64encode(b"%FF%FE:%ED%A0%80").decode(),
    "invalid percent encoding": "Basic " + base64.b64encode(b"%zz:%").decode(),
    "non-ASCII": "Basic " + base64.b64encode("ünï:çödé".encode()).decode(),
    "very long": "Basic " + base64.b64encode(b"x" * 100_000).decode(),
    "raw bytes": "Basic \xff\xfe",
    "a bearer token": "Bearer a.b.c",
    "a bearer token of raw bytes": "Bearer \xff\xfe",
    "a very long bearer token": "Bearer " + "x" * 100_000,
    "two credentials": "Basic c3R1ZGlvOng=, Bearer x",
}


def _b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


TOKENS: dict[str, str] = {
    "no part": "",
    "dots": "....",
    "empty parts": "..",
    "not base64": "%.%.%",
    "not UTF-8": base64.urlsafe_b64encode(b"\xff\xfe").decode() + ".e30.x",
    "header is no JSON": _b64("{") + ".e30.x",
    "header is a list": _b64("[]") + ".e30.x",
    "header is a number": _b64("1") + ".e30.x",
    "header is null": _b64("null") + ".e30.x",
    "header is deep": _b64("[" * 5000) + ".e30.x",
    "header is a deep object": _b64('{"a":' * 1100) + ".e30.x",
    "header is a huge number": _b64('{"alg":"ES256","kid":' + "9" * 5000 + "}") + ".e30.x",
    "alg is missing": _b64('{"typ":"at+jwt"}') + ".e30.x",
    "alg is a list": _b64('{"alg":["ES256"],"typ":"at+jwt","kid":"x"}') + ".e30.x",
    "alg is none": _b64('{"alg":"none","typ":"at+jwt","kid":"x"}') + ".e30.",
    "kid is an object": _b64('{"alg":"ES256","typ":"at+jwt","kid":{}}') + ".e30.x",
    "crit": _b64('{"alg":"ES256","typ":"at+jwt","kid":"x","crit":["b64"],"b64":false}') + ".e30.x",
    "crit is a number": _b64('{"alg":"ES256","typ":"at+jwt","kid":"x","crit":1}') + ".e30.x",
    "five parts": "a.b.c.d.e",
    "a lone surrogate": _b64('{"alg":"ES256","kid":"\\ud800","typ":"at+jwt"}') + ".e30.x",
}
COOKIES: dict[str, str] = {
    "empty": "",
    "quoted": '"a\\"b',
    "non-ASCII": "\xff\xfe\xe9",
    "NUL": "a\0b",
    "long": "x" * 4000,
    "escaped": "\\303\\251",
    "signed by nobody": "eyJjc3JmX3Rva2VuIjoiYWJjIn0.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "compressed by nobody": ".eJyrVkrOSMzNTVWyUkpUqgUAJp8E5g.aaaaaa.bbbbbbbbbbbbbbbbbbb",
}
LOOKS_AT_COOKIES = [
    target for target in TARGETS if not is_machine(target.path, target.method) or target.path.startswith("/auth/")
]
COOKIE_NAMES = (
    *("__Host-idp_browser", "__Host-idp_sso.acme", "__Host-idp_form", "__Host-idp_signed_out"),
    "__Host-idp_lang",
)
HEADERS: dict[str, dict[str, str]] = {
    "languages that are none": {"Accept-Language": ";q=x,*;q=2,\xff,--,en-" + "x" * 500},
    "types that are none": {"Accept": "\xff/;;q=9,*"},
    "a forwarded client": {"X-Forwarded-For": "\xff, 300.300.300.300, '", "X-Forwarded-Proto": "gopher"},
    "a forwarded host": {"X-Forwarded-Host": 'evil.example"\xff', "X-Forwarded-Port": "-1"},
    "a host whose name is too long": {"Host": "a" * 300},
    "a host with an empty label": {"Host": "a..example"},
    "a host that is none": {"Host": "[\xff"},
    "a purpose": {"Sec-Purpose": "\xff;prerender"},
    "an origin": {"Origin": "null", "Referer": "\xff://"},
    "ranges and conditions": {"Range": "bytes=-1-", "If-Modified-Since": "\xff", "If-None-Match": '"\xff'},
    "a request code of their own": {"X-Request-Id": "a\xffb", "Traceparent": "x" * 500},
}


# Bodies, methods, headers, cookies


@pytest.mark.parametrize(("body", "content_type"), BODIES.values(), ids=BODIES.keys())
def test_a_bad_body_gets_a_decent_answer(
    attacked: OpenIdProvider, somebody: Browser, body: bytes, content_type: str
) -> None:
    with nothing_else_written(attacked):
        for target in TARGETS:
            if target.method == "POST":
                raw = body.decode("latin-1")
                answer = send(somebody, target, raw, headers=[("CONTENT_TYPE", content_type)])
                # Whoever wants to be signed out is asked, whatever else they send, unless it cannot be read.
                decent = {Verdict.ERROR, Verdict.DONE} if target.path == "/oauth/logout/" else {Verdict.ERROR}
                assert verdict(answer) in decent, target


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "FOO"])
def test_a_wrong_method_gets_a_decent_answer(attacked: OpenIdProvider, somebody: Browser, method: str) -> None:
    allowed: dict[str, set[str]] = {}
    for target in TARGETS:
        allowed.setdefault(target.path, set()).add(target.method)
    with nothing_else_written(attacked):
        for target in TARGETS:
            if method not in allowed[target.path]:
                answer = send(somebody, replace(target, method=method), "")
                assert verdict(answer) is Verdict.ERROR, target
                assert answer.status_code == 405, target
                assert answer.is_json or target.path not in FOR_CLIENTS, target
                assert allowed[target.path] <= set(answer.headers["Allow"].split(", ")), target


@pytest.mark.parametrize("header", AUTHORIZATIONS.values(), ids=AUTHORIZATIONS.keys())
def test_a_bad_authorization_header_gets_a_decent_answer(
    attacked: OpenIdProvider, somebody: Browser, header: str
) -> None:
    form = urlencode({"grant_type": "authorization_code", "code": "x", "redirect_uri": REDIRECT_URI})
    with nothing_else_written(attacked):
        for target in TARGETS:
            if target.path in FOR_CLIENTS | {"/oauth/userinfo/"}:
                raw = "" if target.path == "/oauth/userinfo/" else form
                answer = send(somebody, target, raw, headers=[("Authorization", header)])
                assert verdict(answer) is Verdict.ERROR, target
                assert answer.status_code in {400, 401}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS.keys())
def test_a_malformed_token_gets_a_decent_answer(attacked: OpenIdProvider, somebody: Browser, token: str) -> None:
    target = Target(path="/oauth/userinfo/")
    with nothing_else_written(attacked):
        answer = send(somebody, target, "", headers=[("Authorization", f"Bearer {token}")])
        assert verdict(answer) is Verdict.ERROR
        assert answer.status_code == 401


@pytest.mark.parametrize("value", COOKIES.values(), ids=COOKIES.keys())
@pytest.mark.parametrize("name", COOKIE_NAMES)
def test_bad_cookies_get_a_decent_answer(attacked: OpenIdProvider, name: str, value: str) -> None:
    with nothing_else_written(attacked) as verdicts:
        for target in LOOKS_AT_COOKIES:
            one = verdict(_with_cookies(attacked, target, f"{name}={value}; {name}={value}; =; ;{name}"))
            assert one is not Verdict.CODE
            verdicts.append(one)


def test_a_browser_full_of_sessions_gets_a_decent_answer(attacked: OpenIdProvider) -> None:
    cookies = "; ".join(f"__Host-idp_sso.a{number}={'x' * 43}" for number in range(500))
    with nothing_else_written(attacked) as verdicts:
        for target in LOOKS_AT_COOKIES:
            verdicts.append(verdict(_with_cookies(attacked, target, cookies)))


def _with_cookies(op: OpenIdProvider, target: Target, cookies: str) -> TestResponse:
    path = target.path.replace("<", "x")
    return send(op.browser(), target, joined(encoded(target.params)), path=path, headers=[("Cookie", cookies)])


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
def test_bad_headers_get_a_decent_answer(attacked: OpenIdProvider, headers: dict[str, str]) -> None:
    with nothing_else_written(attacked) as verdicts:
        for target in TARGETS:
            raw = joined(encoded(target.params))
            verdicts.append(verdict(send(attacked.browser(), target, raw, headers=headers.items())))


# And whatever nobody thought of

_WORDS = st.sampled_from(sorted({name for target in TARGETS for name in target.params} | {"", "code[]", "__proto__"}))
_RAW = st.one_of(
    st.sampled_from(sorted(VALUES.values(), key=len)[:-1]),
    st.sampled_from(sorted(quote(value, safe="") for target in TARGETS for value in target.params.values())),
    st.text(st.characters(max_codepoint=255), max_size=40),
    st.binary(max_size=40).map(quote),
)
_HEADERS = st.dictionaries(
    st.sampled_from(["Authorization", "Cookie", "Origin", "Accept", "Accept-Language", "Sec-Purpose", "CONTENT_TYPE"]),
    st.one_of(
        st.sampled_from([FORM, "application/json", "Bearer a.b.c", basic(CLIENT_ID, CLIENT_SECRET), "prefetch"]),
        st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60),
    ),
    max_size=3,
)


@given(
    target=st.sampled_from(TARGETS),
    params=st.lists(st.tuples(_WORDS, _RAW), max_size=8),
    headers=_HEADERS,
    based_on_a_good_one=st.booleans(),
)
@settings(max_examples=300, deadline=None, database=None)
def test_whatever_is_sent_gets_a_decent_answer(
    attacked: OpenIdProvider,
    target: Target,
    params: list[tuple[str, str]],
    headers: dict[str, str],
    based_on_a_good_one: bool,
) -> None:
    good = encoded(target.params) if based_on_a_good_one else {}
    raw = joined({**good, **dict(params)})
    verdict(send(attacked.browser(), target, raw, headers=headers.items()))

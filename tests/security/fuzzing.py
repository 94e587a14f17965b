"""Strategies that know what each address reads, and mix what is right with what is not."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from tests.security.arsenal import AUDIENCE, LOGGED_OUT_URI, PLANNER, SIGNER
from tests.security.calls import PLANS, TWISTS, Call, Change, Live, Plan
from tests.security.hostile import CLIENT_ID, CLIENT_SECRET, VALUES
from tests.security.test_hostile_requests import AUTHORIZATIONS, BODIES, COOKIES, HEADERS, TOKENS
from tests.support import assertions
from tests.support.app import ISSUER
from tests.support.rp import REDIRECT_URI
from tests.support.widget import ORIGIN


def _b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).rstrip(b"=").decode()


NUMBERS = ("0", "-1", "1e309", "9" * 30, "9" * 5000, "٣", "0x10", "NaN", "1_000", "+5", " 5")
DOCUMENTS = (
    "null",
    "[]",
    '"x"',
    "[[[[]]]]" * 50,
    '{"a":' * 900,
    "[" * 4000,
    "[" * 400 + "]" * 400,
    '{"id_token":{"sub":{"value":{"a":1}}}}',
    '{"id_token":{"acr":{"essential":true,"values":[1,null,{}]}}}',
    '{"userinfo":{"\\ud800":null,"email":[]}}',
    '{"id_token":{"auth_time":{"essential":"yes"},"sub":{"value":"\\u0000"}}}',
    '{"userinfo":null,"id_token":1e400}',
    '{"id_token":{"sub":{"value":' + "9" * 4000 + "}}}",
    '{"id_token":NaN,"userinfo":Infinity}',
    '{"id_token":{},"id_token":[]}',
)
URIS = (
    *("javascript:alert(1)", "//evil.example", "/\\evil.example", "https://[", "https://a:b@c:99999/", "urn:x"),
    *(
        f"{REDIRECT_URI}/",
        f"{REDIRECT_URI}?a=b",
        f"{REDIRECT_URI}#x",
        "http://127.0.0.1:65536/",
        "https://\ud800.example",
    ),
    *(
        "urn:ietf:params:oauth:request_uri:",
        "urn:ietf:params:oauth:request_uri:x",
        AUDIENCE,
        f"{AUDIENCE}/",
        LOGGED_OUT_URI,
    ),
)
WORDS = (
    *("none login", "none", "login consent select_account", "create", "openid openid", "manage", "offline_access"),
    *("form_post", "fragment", "query.jwt", "code id_token", "token", "plain", "S256", "refresh_token", "password"),
    *("authorization_code", "client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer", assertions.TYPE),
    *("acme", "staff", "other", "platform", "staff:google", "allow", "deny", CLIENT_ID, PLANNER, SIGNER, CLIENT_SECRET),
    *("approve", "undo", "deepdesk.manager", "deepdesk.agent", "/account/", "/manage/access-requests/?account=acme"),
)
JWTS = (
    *TOKENS.values(),
    f"{_b64(chr(123) + chr(34) + 'alg' + chr(34) + ':' + chr(34) + 'HS256' + chr(34) + chr(125))}.e30.eA",
    *(f"{_b64(json.dumps({'alg': 'ES256', 'typ': 'at+jwt'}))}.{_b64(body)}.eA" for body in DOCUMENTS[:8]),
)
ADDRESSES = (
    *("mia@acme.example", "sam@acme.example", "robin@acme.example", "lee@acme.example", "casey@deepdesk.example"),
    *("new@acme.example", "new@elsewhere.example", "a@b", "@", "a@@b.example", '"a b"@acme.example', "a@[::1]"),
    *("a@acme.example\r\nBcc: b@evil.example", f"{'a' * 308}@acme.example", "k\u0131m@acme.example", " a@b.example "),
)
CODES = ("2222-2222", "22222222", "abcd efgh", "ABCD\u2014EFGH", "0000-0000", "ABCD-EFG", "\uff21BCDEFGH", "-" * 5000)
_NAMES = sorted({name for plan in PLANS for name in (*plan.query, *plan.form)} | {"", "code[]", "__proto__", "a" * 300})
_LIVE = (
    *("code", "spent_code", "verifier", "access_token", "id_token", "refresh_token", "spent_refresh_token"),
    *("revoked_token", "client_token", "request_uri", "consent", "parked", "state", "csrf_token", "sid", "assertion"),
    *("sso", "browser", "form"),
    *("mail", "mail_link", "mail_code", "access_link", "request_link", "access_request"),
    *("unproven", "proof", "proof_code"),
)
_TEXT = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=20).map(lambda text: quote(text, safe="")),
    st.text(st.characters(max_codepoint=255), max_size=20),
    st.binary(max_size=20).map(quote),
)
_LIVES = st.builds(Live, st.sampled_from(_LIVE), st.sampled_from(("as it is", *TWISTS)))
_NONSENSE = st.one_of(
    st.sampled_from(sorted(VALUES.values(), key=len)),
    st.sampled_from(
        [
            quote(text.encode("utf-8", "surrogatepass"), safe="")
            for text in (*NUMBERS, *DOCUMENTS, *URIS, *WORDS, *ADDRESSES, *CODES)
        ]
    ),
    st.sampled_from([quote(text, safe=".") for text in JWTS]),
    _TEXT,
)
_VALUES = st.one_of(_LIVES, _NONSENSE, _NONSENSE)
_HEADER_TEXT = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)
_OTHER_HEADERS = sorted({(name, value) for headers in HEADERS.values() for name, value in headers.items()})
_AUTHORIZATION = st.one_of(
    st.just(Live("basic")),
    st.builds(Live, st.sampled_from([f"bearer {name}" for name in _LIVE[:9]]), st.sampled_from(tuple(TWISTS)[:5])),
    st.sampled_from([*AUTHORIZATIONS.values(), *(f"Bearer {token}" for token in JWTS), f"DPoP {'x' * 20}"]),
    _HEADER_TEXT,
)
_HEADERS = st.one_of(
    st.tuples(st.just("Authorization"), _AUTHORIZATION),
    st.sampled_from(_OTHER_HEADERS),
    st.sampled_from(
        [
            *(
                ("Host", host)
                for host in ("", "evil.example", "evil.example:99999", "\xff", "[", "a" * 300, "a b", "::1")
            ),
            *(("Sec-Fetch-Site", site) for site in ("cross-site", "none", "\xff")),
            *(("Sec-Fetch-Dest", "iframe"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Purpose", "prefetch")),
            *(("Origin", origin) for origin in ("null", "https://evil.example", ISSUER, "\xff", ORIGIN)),
            ("X-CSRF-TOKEN", "x"),
            *(("Content-Length", length) for length in ("-1", "abc", "0", "1", "99999999999999999999")),
            *(("Transfer-Encoding", "chunked"), ("Expect", "100-continue"), ("X-HTTP-Method-Override", "DELETE")),
            *(("X-Forwarded-For", "a, b, \xff"), ("Forwarded", "for=_x;host=evil.example")),
            *(("X-CSRFToken", "x"), ("Access-Control-Request-Method", "POST"), ("If-None-Match", "*")),
        ]
    ),
    st.tuples(st.sampled_from(["Accept", "Accept-Language", "Referer", "User-Agent", "Content-Type"]), _HEADER_TEXT),
)
_COOKIE_NAMES = (
    "__Host-idp_browser",
    "__Host-idp_sso.acme",
    "__Host-idp_sso.staff",
    "__Host-idp_form",
    "__Host-idp_lang",
    *("access_token_cookie", "refresh_token_cookie", "csrf_access_token"),
)
_COOKIES = st.one_of(
    st.just(Live("cookies")),
    st.just(Live("cookies")),
    st.just(Live("staff_cookies")),
    st.just(Live("entered_cookies")),
    st.none(),
    st.builds(
        lambda name, value: f"{name}={value}; {name}",
        st.sampled_from(_COOKIE_NAMES),
        st.sampled_from([*COOKIES.values()]),
    ),
    _HEADER_TEXT,
)


def _rarely(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(*[st.none()] * 7, strategy)


@st.composite
def _changes(draw: st.DrawFn, plan: Plan) -> tuple[Change, ...]:
    """Change what the plan sends, rather than something that nobody reads."""
    place = "form" if plan.form else "query"
    known = sorted(getattr(plan, place))
    name = st.one_of(*[st.sampled_from(known)] * 4, st.sampled_from(_NAMES)) if known else st.sampled_from(_NAMES)
    act = st.sampled_from(["set", "set", "set", "add", "drop"])
    where = st.sampled_from([place, place, place, "query"])
    return tuple(draw(st.lists(st.builds(Change, act, where, name, _VALUES), max_size=3)))


@st.composite
def _calls(draw: st.DrawFn) -> Call:
    plan = draw(st.sampled_from(PLANS))
    return Call(
        plan=plan,
        changes=draw(_changes(plan)),
        headers=tuple(draw(st.lists(_HEADERS, max_size=2))),
        cookies=draw(_COOKIES),
        method=draw(
            _rarely(st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "FOO", "\xff"]))
        ),
        body=draw(_rarely(st.sampled_from(list(BODIES.values())))) if plan.form else None,
        part=draw(_rarely(_TEXT)) if "<" in plan.path else None,
        slash=draw(st.sampled_from(["/", "/", "/", "", "//"])),
    )


CALLS: st.SearchStrategy[Call] = _calls()

"""What passes for no cookie token of ours: forged, cut off, spelled otherwise, confused, planted (RFC 8725)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import string
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from werkzeug.test import TestResponse

from idp.domain.jars import Jar
from idp.tokens.key_ring import KeyRing
from idp.tokens.signing import sign
from tests.support.widget import ACCESS, ORIGIN, REFRESH, Widget
from tests.widget.test_cookie_tokens import published, signer_of, unread

PARTITIONED = Jar.PARTITIONED
CALLS = (
    ("GET", "/auth/session/", ACCESS),
    ("POST", "/auth/refresh", REFRESH),
    ("POST", "/auth/logout", ACCESS),
    ("GET", "/auth/exchange-token", ACCESS),
)
"""What looks at cookies, and at which of them."""

Forge = Callable[["Genuine"], str]


@pytest.fixture
def by_key(widget: Widget) -> Widget:
    """A widget whose agent came by the account's API key."""
    assert widget.signs_in_by_key("4711", "Kim Agent").status_code == 200
    return widget


class Genuine:
    """What a forger holds: good tokens, and everything that is public."""

    def __init__(self, widget: Widget, name: str) -> None:
        self.op = widget.op
        self.token = widget.jars.value(name, PARTITIONED) or ""
        self.other = widget.jars.value(REFRESH if name == ACCESS else ACCESS, PARTITIONED) or ""
        self.header = jwt.get_unverified_header(self.token)
        self.claims = unread(self.token)
        self.head, self.payload, self.signature = self.token.split(".")

    def says(self, **claims: Any) -> dict[str, Any]:
        return {**self.claims, **claims}

    def with_key_of_their_own(self, claims: Mapping[str, Any], **header: Any) -> str:
        key = ec.generate_private_key(ec.SECP256R1())
        return jwt.encode(dict(claims), key, "ES256", headers={**self.header, **header})


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hs256(genuine: Genuine, secret: bytes, **claims: Any) -> str:
    signed = f"{encoded({**genuine.header, 'alg': 'HS256'})}.{encoded(genuine.says(**claims))}"
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def public_key(genuine: Genuine) -> dict[str, Any]:
    (key,) = (key for key in published(genuine.op)["keys"] if key["kid"] == genuine.header["kid"])
    found: dict[str, Any] = key
    return found


def by_our_own(genuine: Genuine, ring: KeyRing, typ: str = "session+jwt", **claims: Any) -> str:
    return sign(genuine.says(**claims), signer_of(genuine.op, ring), typ=typ)


def with_the_kid_of_another(genuine: Genuine) -> str:
    """Sign with the key of OAuth tokens, under the name of the key of cookie tokens."""
    signer = signer_of(genuine.op, genuine.op.parts.keys)
    signed = f"{encoded(genuine.header)}.{encoded(genuine.claims)}"
    pem = signer.key.as_pem(private=True)
    return f"{signed}.{jwt.encode(genuine.claims, pem, 'ES256', headers=genuine.header).rsplit('.')[-1]}"


def respelled(signature: str) -> str:
    """Return the same bytes in other characters: the last one has bits that mean nothing."""
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    return signature[:-1] + alphabet[alphabet.index(signature[-1]) ^ 1]


FORGERIES: Mapping[str, Forge] = {
    "nothing": lambda genuine: "",
    "a word": lambda genuine: "hello",
    "two dots": lambda genuine: "..",
    "without its signature": lambda genuine: f"{genuine.head}.{genuine.payload}.",
    "cut off by one character": lambda genuine: genuine.token[:-1],
    "cut off in the signature": lambda genuine: genuine.token[:-2],
    "cut off in the payload": lambda genuine: genuine.token[:200],
    "its signature spelled otherwise": lambda genuine: (
        f"{genuine.head}.{genuine.payload}.{respelled(genuine.signature)}"
    ),
    "padded": lambda genuine: f"{genuine.token}==",
    "its payload encoded once more": lambda genuine: (
        f"{genuine.head}.{encoded(json.dumps(genuine.claims, indent=1).encode())}.{genuine.signature}"
    ),
    "alg none": lambda genuine: f"{encoded({**genuine.header, 'alg': 'none'})}.{genuine.payload}.",
    "alg None, signed": lambda genuine: (
        f"{encoded({**genuine.header, 'alg': 'NONE'})}.{genuine.payload}.{genuine.signature}"
    ),
    "no alg": lambda genuine: f"{encoded({'kid': genuine.header['kid']})}.{genuine.payload}.{genuine.signature}",
    "a header that is no object": lambda genuine: f"{encoded([])}.{genuine.payload}.{genuine.signature}",
    "a header that is no UTF-8": lambda genuine: f"{encoded(bytes([255, 254]))}.{genuine.payload}.{genuine.signature}",
    "a header of brackets": lambda genuine: f"{encoded(b'[' * 5000)}.{genuine.payload}.{genuine.signature}",
    "a payload that is no object": lambda genuine: f"{genuine.head}.{encoded(None)}.{genuine.signature}",
    "HS256 with our key as JSON": lambda genuine: by_hs256(genuine, json.dumps(public_key(genuine)).encode()),
    "HS256 with our key as PEM": lambda genuine: by_hs256(genuine, pem_of(genuine)),
    "HS256 with nothing": lambda genuine: by_hs256(genuine, b""),
    "RS256 with a key of their own": lambda genuine: jwt.encode(
        genuine.claims, rsa.generate_private_key(65537, 2048), "RS256", headers={**genuine.header, "alg": "RS256"}
    ),
    "another role": lambda genuine: (
        f"{genuine.head}.{encoded(genuine.says(roles=['deepdesk.manager']))}.{genuine.signature}"
    ),
    "another account": lambda genuine: (
        f"{genuine.head}.{encoded(genuine.says(aud='urn:deepdesk:account:globex'))}.{genuine.signature}"
    ),
    "a key of their own, until 2100": lambda genuine: genuine.with_key_of_their_own(genuine.says(exp=4102444800)),
    "a key of their own, in the header": lambda genuine: genuine.with_key_of_their_own(
        genuine.claims, jwk=public_key(genuine)
    ),
    "an unknown kid": lambda genuine: genuine.with_key_of_their_own(genuine.claims, kid="unknown"),
    "a kid that is no text": lambda genuine: (
        f"{encoded({**genuine.header, 'kid': {'a': 1}})}.{genuine.payload}.{genuine.signature}"
    ),
    "the key of OAuth tokens": lambda genuine: by_our_own(genuine, genuine.op.parts.keys),
    "the key of OAuth tokens under our name": with_the_kid_of_another,
    "another issuer's": lambda genuine: by_our_own(genuine, genuine.op.parts.session_keys, iss="https://else.example"),
    "another kind, by its header": lambda genuine: by_our_own(genuine, genuine.op.parts.session_keys, typ="at+jwt"),
    "the other of the two": lambda genuine: genuine.other,
    "eight thousand characters": lambda genuine: genuine.token + "A" * 8192,
    "beyond ASCII": lambda genuine: genuine.token + "é",
    "the JSON serialisation": lambda genuine: json.dumps(
        {"protected": genuine.head, "payload": genuine.payload, "signature": genuine.signature}
    ).replace('"', "'"),
}


def pem_of(genuine: Genuine) -> bytes:
    signer = signer_of(genuine.op, genuine.op.parts.session_keys)
    pem: bytes = signer.key.as_pem(private=False)
    return pem


class TestWhatIsNone:
    @pytest.mark.parametrize("forged", FORGERIES)
    def test_is_refused_everywhere_and_nothing_is_written(self, by_key: Widget, forged: str) -> None:
        before = by_key.op.rows()
        for method, path, name in CALLS:
            token = FORGERIES[forged](Genuine(by_key, name))
            assert refuses(presents(by_key, method, path, [(name, token)])), path
        assert by_key.op.rows() == before
        assert by_key.asks().status_code == 200

    @pytest.mark.parametrize(("method", "path", "name"), CALLS)
    def test_is_refused_in_any_number(self, by_key: Widget, method: str, path: str, name: str) -> None:
        genuine, before = Genuine(by_key, name), by_key.op.rows()
        forged = [(name, genuine.with_key_of_their_own(genuine.says(iat=number))) for number in range(20)]
        assert refuses(presents(by_key, method, path, forged))
        assert by_key.op.rows() == before

    def test_many_genuine_ones_are_one(self, by_key: Widget) -> None:
        twenty = [(ACCESS, Genuine(by_key, ACCESS).token)] * 20
        assert presents(by_key, "GET", "/auth/session/", twenty).status_code == 200

    def test_beside_a_genuine_one_changes_nothing(self, by_key: Widget) -> None:
        genuine = Genuine(by_key, ACCESS)
        forged = genuine.with_key_of_their_own(genuine.says(sub="somebody", iat=genuine.claims["iat"] + 1))
        answer = presents(by_key, "GET", "/auth/session/", [(ACCESS, forged), (ACCESS, genuine.token)])
        assert answer.get_json()["identity"]["user_id"] == "4711"

    def test_is_no_server_error_as_a_header_without_end(self, by_key: Widget) -> None:
        answer = presents(by_key, "GET", "/auth/session/", [("x" * 3000, "y" * 60000), (ACCESS, "z" * 60000)])
        assert answer.status_code == 401


def presents(widget: Widget, method: str, path: str, cookies: list[tuple[str, str]]) -> TestResponse:
    """Call as a page with these cookies, whatever the browser holds, and with the right CSRF value."""
    header = "; ".join(f"{name}={value}" for name, value in cookies)
    return widget.op.app.test_client(use_cookies=False).open(
        f"{widget.op.issuer}{path}",
        method=method,
        headers={
            "Cookie": header.encode().decode("latin-1"),
            "Origin": ORIGIN,
            "X-CSRF-TOKEN": widget.csrf_refresh if path == "/auth/refresh" else widget.csrf_access,
        },
    )


def refuses(answer: TestResponse) -> bool:
    """Say whether nobody is there, and the browser keeps what it has."""
    error = answer.get_json()["error"]
    return (answer.status_code, error) == (401, "signed_out") and "Set-Cookie" not in answer.headers

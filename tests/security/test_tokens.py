"""Access and ID tokens at each other's verifiers, and every way to forge one. Every kind: ``test_token_kinds.py``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.security.kinds import ours, parts_of
from tests.support.app import ISSUER, Browser, OpenIdProvider
from tests.support.rp import RelyingParty, Tokens


@pytest.fixture
def tokens(rp: RelyingParty, browser: Browser) -> Tokens:
    return rp.obtains_tokens_for(browser, nonce=None)


def snippet(rp: RelyingParty, token: str) -> dict[str, Any]:
    """Verify as the README tells services to: by key set, algorithm, issuer and audience."""
    keys = {key["kid"]: key for key in rp.jwks()["keys"]}
    key = jwt.PyJWK(keys[jwt.get_unverified_header(token)["kid"]])
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=["RS256", "ES256"],
        issuer=ISSUER,
        audience=rp.client_id,
        options={"verify_exp": False, "verify_iat": False},
    )
    return claims


# The diagonal


def test_each_passes_at_its_own_verifier(rp: RelyingParty, tokens: Tokens) -> None:
    assert snippet(rp, tokens.id_token)["aud"] == rp.client_id
    assert rp.asks_userinfo(tokens.access_token).succeeds()


def test_an_access_token_is_no_id_token(rp: RelyingParty, tokens: Tokens) -> None:
    with pytest.raises(jwt.InvalidAudienceError):
        snippet(rp, tokens.access_token)


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_an_id_token_is_no_access_token(op: OpenIdProvider, browser: Browser, alg: str) -> None:
    rp = RelyingParty.registered_at(op, id_token_alg=alg)
    assert rp.asks_userinfo(rp.obtains_tokens_for(browser).id_token).is_refused_as("invalid_token")


def test_an_id_token_is_for_one_client(op: OpenIdProvider, rp: RelyingParty, tokens: Tokens) -> None:
    with pytest.raises(jwt.InvalidAudienceError):
        snippet(RelyingParty.registered_at(op, "Other"), tokens.id_token)


def test_neither_redeems_as_a_code(rp: RelyingParty, browser: Browser, tokens: Tokens) -> None:
    code = rp.obtains_a_code_for(browser)
    for token in (tokens.access_token, tokens.id_token):
        assert rp.redeems(code, code=token).is_refused_as("invalid_grant")


def test_a_code_a_session_and_a_secret_are_no_access_tokens(rp: RelyingParty, browser: Browser) -> None:
    cookie = browser.cookie("__Host-idp_sso.acme") or ""
    for other in (rp.obtains_a_code_for(browser).value, cookie, rp.client_secret or ""):
        assert rp.asks_userinfo(other).is_refused_as("invalid_token")


def test_neither_is_a_session(rp: RelyingParty, stranger: Browser, tokens: Tokens) -> None:
    sid = jwt.decode(tokens.id_token, options={"verify_signature": False})["sid"]
    for value in (tokens.access_token, tokens.id_token, sid):
        stranger.is_given("__Host-idp_sso.acme", value)
        assert rp.asks(stranger, prompt="none").is_refused_as("login_required")


# Forgeries of an access token


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"


def signed(header: dict[str, Any], claims: dict[str, Any], key: Any) -> str:
    return jwt.encode(claims, key, algorithm=header["alg"], headers=header)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", ""])
@pytest.mark.parametrize("signature", ["", "x", "of the original"])
def test_alg_none_is_refused(rp: RelyingParty, tokens: Tokens, alg: str, signature: str) -> None:
    header, claims = parts_of(tokens.access_token)
    last = tokens.access_token.rpartition(".")[2] if signature == "of the original" else signature
    forged = f"{unsigned(header | {'alg': alg}, claims)}.{last}"
    assert rp.asks_userinfo(forged).is_refused_as("invalid_token")


@pytest.mark.parametrize("kty", ["RSA", "EC"])
@pytest.mark.parametrize("form", ["PEM", "JWK", "empty"])
def test_hs256_with_a_published_key_as_secret_is_refused(rp: RelyingParty, tokens: Tokens, kty: str, form: str) -> None:
    header, claims = parts_of(tokens.access_token)
    jwk = next(key for key in rp.jwks()["keys"] if key["kty"] == kty)
    pem = jwt.PyJWK(jwk).key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    secret = {"PEM": pem, "JWK": json.dumps(jwk).encode(), "empty": b""}[form]
    body = unsigned(header | {"alg": "HS256", "kid": jwk["kid"]}, claims)
    forged = f"{body}.{b64(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"
    assert rp.asks_userinfo(forged).is_refused_as("invalid_token")


def test_a_key_of_the_attackers_own_is_refused(rp: RelyingParty, tokens: Tokens) -> None:
    header, claims = parts_of(tokens.access_token)
    key = ec.generate_private_key(ec.SECP256R1())
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    headers = (
        header,
        header | {"kid": "unheard-of"},
        header | {"jwk": public},
        header | {"kid": "unheard-of", "jwk": public},
        header | {"kid": "unheard-of", "jku": "https://evil.example/jwks"},
        header | {"x5u": "https://evil.example/certificate"},
        {name: value for name, value in header.items() if name != "kid"} | {"jwk": public},
    )
    for one in headers:
        assert rp.asks_userinfo(signed(one, claims, key)).is_refused_as("invalid_token")


def test_an_rs256_signature_under_an_es256_name_is_refused(rp: RelyingParty, tokens: Tokens) -> None:
    header, claims = parts_of(tokens.access_token)
    key = rsa.generate_private_key(65537, 2048)
    assert rp.asks_userinfo(signed(header | {"alg": "RS256"}, claims, key)).is_refused_as("invalid_token")


def test_the_key_of_the_other_algorithm_is_refused(rp: RelyingParty, tokens: Tokens) -> None:
    header, claims = parts_of(tokens.access_token)
    rsa_kid = jwt.get_unverified_header(tokens.id_token)["kid"]
    last = tokens.access_token.rpartition(".")[2]
    for one in (header | {"kid": rsa_kid}, header | {"kid": rsa_kid, "alg": "RS256"}):
        assert rp.asks_userinfo(f"{unsigned(one, claims)}.{last}").is_refused_as("invalid_token")


def test_the_next_key_signs_nothing_yet(rp: RelyingParty, tokens: Tokens) -> None:
    kids = {jwt.get_unverified_header(token)["kid"] for token in (tokens.access_token, tokens.id_token)}
    published = {key["kid"] for key in rp.jwks()["keys"]}
    assert kids < published


@pytest.mark.parametrize(
    "change",
    [
        {"sub": "somebody-else"},
        {"exp": 9999999999},
        {"roles": ["deepdesk.manager", "deepdesk.editor"]},
        {"aud": "https://elsewhere.example"},
        {"iss": "https://elsewhere.example"},
        {"scope": "openid manage"},
        {"jti": "x.y"},
    ],
)
def test_an_altered_claim_is_refused(rp: RelyingParty, tokens: Tokens, change: dict[str, Any]) -> None:
    header, claims = parts_of(tokens.access_token)
    last = tokens.access_token.rpartition(".")[2]
    assert rp.asks_userinfo(f"{unsigned(header, claims | change)}.{last}").is_refused_as("invalid_token")


def test_the_json_serialisation_is_refused(rp: RelyingParty, tokens: Tokens) -> None:
    header, payload, signature = tokens.access_token.split(".")
    flattened = json.dumps({"protected": header, "payload": payload, "signature": signature})
    assert rp.asks_userinfo(flattened).is_refused_as("invalid_token")


def test_another_spelling_of_the_signature_is_refused(rp: RelyingParty, tokens: Tokens) -> None:
    for spelled in (f"{tokens.access_token}=", f"{tokens.access_token}.", f" .{tokens.access_token}"):
        assert rp.asks_userinfo(spelled).is_refused_as("invalid_token")


# Signed by our own keys, and still not an access token for userinfo


@pytest.mark.parametrize(
    ("typ", "alg", "change"),
    [
        ("JWT", "ES256", {}),
        ("session+jwt", "ES256", {}),
        ("logout+jwt", "ES256", {}),
        ("at+jwt", "RS256", {}),
        ("at+jwt", "ES256", {"iss": "https://elsewhere.example"}),
        ("at+jwt", "ES256", {"aud": "https://api.example.com/"}),
        ("at+jwt", "ES256", {"aud": ["https://api.example.com/", f"{ISSUER}/"]}),
        ("at+jwt", "ES256", {"exp": 0}),
        ("at+jwt", "ES256", {"exp": "9999999999"}),
        ("at+jwt", "ES256", {"sub": "somebody-else"}),
        ("at+jwt", "ES256", {"jti": "another-family.x"}),
    ],
)
def test_a_token_of_ours_that_is_meant_for_something_else_is_refused(
    op: OpenIdProvider, rp: RelyingParty, tokens: Tokens, typ: str, alg: str, change: dict[str, Any]
) -> None:
    _, claims = parts_of(tokens.access_token)
    assert rp.asks_userinfo(ours(op, claims, typ="at+jwt", alg="ES256")).succeeds()
    assert rp.asks_userinfo(ours(op, claims | change, typ=typ, alg=alg)).is_refused_as("invalid_token")


def test_an_audience_beside_the_issuer_is_fine(op: OpenIdProvider, rp: RelyingParty, tokens: Tokens) -> None:
    _, claims = parts_of(tokens.access_token)
    both = claims | {"aud": ["https://api.example.com/", ISSUER]}
    assert rp.asks_userinfo(ours(op, both, typ="at+jwt", alg="ES256")).succeeds()

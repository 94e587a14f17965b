"""ID tokens as no provider should send them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from idp.domain.errors import ClaimMissing, UpstreamUntrusted
from idp.upstream.id_token import Expectation, verify
from idp.upstream.issuers import ExactIssuer
from idp.upstream.jwks import KeySet, parse_jwks

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ISSUER = "https://op.example"


def expecting(**changes) -> Expectation:
    admits = ExactIssuer(ISSUER).admits_token
    standard = {
        "admits_issuer": lambda claims: admits(claims, document=ISSUER),
        "client_id": "us",
        "nonce": "n-1",
        "algorithms": None,
    }
    return Expectation(**{**standard, **changes})


EXPECTED = expecting()
RSA = RSAKey.generate_key(2048, parameters={"kid": "rsa"})
ABSENT = object()


def jwks(*keys) -> KeySet:
    return parse_jwks({"keys": [key.as_dict(private=False) for key in keys]})


def claims(**changes):
    genuine = {
        "iss": "https://op.example",
        "aud": "us",
        "sub": "person-1",
        "nonce": "n-1",
        "iat": SECONDS,
        "exp": SECONDS + 300,
    }
    return {name: value for name, value in {**genuine, **changes}.items() if value is not ABSENT}


def signed(payload, *, key=RSA, header=None, alg="RS256"):
    return jws.serialize_compact(
        {"alg": alg, "kid": key.kid, **(header or {})}, json.dumps(payload), key, algorithms=[alg]
    )


def verified(token, *, keys=None, expected=EXPECTED, renew=None):
    known = keys or jwks(RSA)
    return verify(token, expected, keys=known, renew=renew or (lambda: known), now=NOW)


def refused(token, **given) -> str:
    with pytest.raises(UpstreamUntrusted) as caught:
        verified(token, **given)
    return caught.value.evidence.get("check")


def test_a_genuine_token_is_believed():
    assert verified(signed(claims()))["sub"] == "person-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["us"]},
        {"aud": ["other", "us"], "azp": "us"},
        {"azp": "us"},
        {"exp": SECONDS - 59},
        {"iat": SECONDS + 60},
        {"nbf": SECONDS + 60},
        {"iat": SECONDS + 0.5},
        {"sub": "x" * 255},
        {"roles": ["deepdesk.agent"] * 5000},
    ],
)
def test_what_the_specifications_allow_is_believed(changes):
    assert verified(signed(claims(**changes)))


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("iss", {"iss": ABSENT}),
        ("iss", {"iss": "https://op.example/"}),
        ("iss", {"iss": "https://OP.example"}),
        ("iss", {"iss": ["https://op.example"]}),
        ("aud", {"aud": ABSENT}),
        ("aud", {"aud": "other"}),
        ("aud", {"aud": "us other"}),
        ("aud", {"aud": []}),
        ("aud", {"aud": {"us": 1}}),
        ("aud", {"aud": "other", "azp": "us"}),
        ("azp", {"aud": ["us", "other"]}),
        ("azp", {"azp": "other"}),
        ("azp", {"azp": ["us"]}),
        ("nonce", {"nonce": ABSENT}),
        ("nonce", {"nonce": ""}),
        ("nonce", {"nonce": "n-2"}),
        ("nonce", {"nonce": ["n-1"]}),
        ("nonce", {"nonce": "\ud800"}),
        ("exp", {"exp": ABSENT}),
        ("exp", {"exp": SECONDS - 60}),
        ("iat", {"iat": ABSENT}),
        ("iat", {"iat": SECONDS + 61}),
        ("nbf", {"nbf": SECONDS + 61}),
        ("claim", {"exp": str(SECONDS + 300)}),
        ("claim", {"exp": True}),
        ("claim", {"exp": float("nan")}),
        ("claim", {"exp": float("inf")}),
        ("claim", {"exp": 10**400}),
        ("claim", {"exp": [SECONDS + 300]}),
        ("claim", {"iat": -1}),
        ("claim", {"nbf": "now"}),
        ("claim", {"sub": ""}),
        ("claim", {"sub": 7}),
        ("claim", {"sub": "x" * 256}),
        ("claim", {"sub": "a\0b"}),
        ("claim", {"sub": "\ud800"}),
    ],
)
def test_a_claim_that_does_not_hold_is_named(check, changes):
    assert refused(signed(claims(**changes))) == check


@pytest.mark.parametrize("sub", [ABSENT, None])
def test_a_missing_sub_is_named(sub):
    with pytest.raises(ClaimMissing):
        verified(signed(claims(sub=sub)))


@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("RS512", RSA),
        ("PS256", RSA),
        ("ES256", ECKey.generate_key("P-256", parameters={"kid": "p256"})),
        ("ES384", ECKey.generate_key("P-384", parameters={"kid": "p384"})),
        ("ES512", ECKey.generate_key("P-521", parameters={"kid": "p521"})),
        ("Ed25519", OKPKey.generate_key("Ed25519", parameters={"kid": "ed"})),
    ],
)
def test_every_algorithm_with_a_public_key_is_understood(alg, key):
    assert verified(signed(claims(), key=key, alg=alg), keys=jwks(key))


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # for the signing here, not for the verification
def test_the_old_name_of_ed25519_is_understood_without_a_warning(recwarn):
    key = OKPKey.generate_key("Ed25519", parameters={"kid": "ed"})
    token = signed(claims(), key=key, alg="EdDSA")
    recwarn.clear()
    assert verified(token, keys=jwks(key))
    assert not recwarn.list


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("offered", [None, ("HS256", "HS384", "HS512", "RS256")])
def test_a_shared_secret_is_no_signature(alg, offered):
    key = OctKey.import_key({"kty": "oct", "k": RSA.as_dict(private=False)["n"], "kid": "rsa"})
    expected = expecting(algorithms=offered)
    assert refused(signed(claims(), key=key, alg=alg), expected=expected) == "alg"


def test_an_algorithm_that_is_not_offered_is_refused():
    expected = expecting(algorithms=("ES256",))
    assert refused(signed(claims()), expected=expected) == "alg"


def test_a_key_of_another_algorithm_does_not_verify():
    entry = {**RSA.as_dict(private=False), "alg": "PS256"}
    assert refused(signed(claims()), keys=parse_jwks({"keys": [entry]})) == "signature"


def test_a_critical_header_that_nobody_understands_is_refused():
    token = jwt.encode({"alg": "RS256", "kid": "rsa"}, claims(), RSA)
    payload, signature = token.split(".")[1:]
    header = "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSIsImNyaXQiOlsieCJdLCJ4IjoxfQ"
    assert refused(f"{header}.{payload}.{signature}") == "form"


def test_a_header_that_nobody_knows_is_left_alone():
    token = jws.serialize_compact(
        {"alg": "RS256", "kid": "rsa", "rh": "0.A", "x5t": "abc"},
        json.dumps(claims()),
        RSA,
        registry=jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False),
    )
    assert verified(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b",
        "a.b.c",
        "..",
        "a.b.c.d.e",
        "é.é.é",
        "{}",
        "x" * 600_000,
        "eyJhbGciOiJSUzI1NiJ9.",
        "bnVsbA.e30.e30",
    ],
)
def test_what_is_no_token_is_refused(token):
    assert refused(token) in {"form", "alg"}


@pytest.mark.parametrize("payload", [[], "text", 1, None])
def test_a_payload_that_is_no_object_is_refused(payload):
    assert refused(signed(payload)) == "form"


def test_a_deeply_nested_payload_is_refused():
    token = jws.serialize_compact({"alg": "RS256", "kid": "rsa"}, "[" * 100_000, RSA)
    assert refused(token) == "form"


def test_a_token_without_key_id_is_verified_by_the_keys_there_are():
    token = jws.serialize_compact({"alg": "RS256"}, json.dumps(claims()), RSA)
    stranger = RSAKey.generate_key(2048, auto_kid=True)
    assert verified(token, keys=jwks(stranger, RSA))


def test_keys_are_renewed_for_an_unknown_key_id():
    old = RSAKey.generate_key(2048, auto_kid=True)
    assert verified(signed(claims()), keys=jwks(old), renew=lambda: jwks(old, RSA))


def test_keys_are_renewed_when_nothing_names_the_key():
    token = jws.serialize_compact({"alg": "RS256"}, json.dumps(claims()), RSA)
    old = RSAKey.generate_key(2048, auto_kid=True)
    assert verified(token, keys=jwks(old), renew=lambda: jwks(RSA))


def test_keys_that_cannot_verify_are_left_out():
    rsa = RSA.as_dict(private=False)
    entries = [
        rsa,
        {**rsa, "use": "enc"},
        {**rsa, "n": rsa["n"][:256]},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "unheard-of"},
        {"kty": ["RSA"]},
        {**rsa, "n": 7},
        {**rsa, "kid": 7},
        {**rsa, "e": "not base64!"},
        "text",
        None,
    ]
    assert len(parse_jwks({"keys": entries}).keys) == 1


def test_a_broken_certificate_does_not_cost_its_key():
    assert parse_jwks({"keys": [{**RSA.as_dict(private=False), "x5c": 7, "key_ops": "sign"}]}).keys


@pytest.mark.parametrize("document", [{}, {"keys": {}}, {"keys": None}, {"keys": "x"}])
def test_a_key_document_without_a_list_is_untrusted(document):
    with pytest.raises(UpstreamUntrusted):
        parse_jwks(document)

"""Access tokens: only a genuine, unexpired one of this very kind passes."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.domain.authentication import ACR_INTERACTIVE, Authentication
from idp.domain.client_words import SigningAlg
from idp.domain.errors import AccessTokenRefused
from idp.domain.identifiers import ClientId, FamilyId, SessionId, UserId
from idp.domain.scope import Scope
from idp.store.signing_keys import KeyState
from idp.tokens import access_token, id_token, keys
from idp.tokens.key_ring import RELOAD_AFTER
from idp.tokens.signing import sign
from idp.tokens.verifying import MAX_LENGTH
from tests.tokens.conftest import NOW, new_ec_row, new_ring

ISSUER = "https://login.example.com"
LIFETIME = timedelta(minutes=15)


@pytest.fixture
def mint(ring, now):
    def minted(**changes) -> str:
        asked = {
            "issuer": ISSUER,
            "client_id": ClientId("studio"),
            "person": access_token.Person(
                user_id=UserId("user-1"), sid=SessionId("session-1"), family_id=FamilyId("family-1")
            ),
            "audience": (ISSUER,),
            "scope": (Scope.OPENID, Scope.ROLES),
            "claims": {"account": "acme"},
            "signer": ring.signer(SigningAlg.ES256, now=now),
            "lifetime": LIFETIME,
            "now": now,
        }
        return access_token.mint(**{**asked, **changes})

    return minted


@pytest.fixture
def verify(ring, now):
    def verified(token: str, **changes) -> access_token.AccessToken:
        return access_token.verify(token, **{"issuer": ISSUER, "keys": ring, "now": now, **changes})

    return verified


@pytest.fixture
def is_refused(verify):
    def refused(token: str, **changes) -> bool:
        with pytest.raises(AccessTokenRefused):
            verify(token, **changes)
        return True

    return refused


def encoded(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(token: str, number: int) -> dict:
    text = token.split(".")[number]
    return json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_a_token_says_what_rfc_9068_asks_for(mint):
    token, issued = mint(), int(NOW.timestamp())
    claims = part(token, 1)
    family, _, number = claims.pop("jti").partition(".")
    assert family == "family-1"
    assert len(number) == 22
    assert claims == {
        "iss": ISSUER,
        "sub": "user-1",
        "aud": ISSUER,
        "exp": issued + 900,
        "iat": issued,
        "client_id": "studio",
        "scope": "openid roles",
        "sid": "session-1",
        "account": "acme",
    }
    assert part(token, 0)["typ"] == "at+jwt"
    assert part(token, 0)["alg"] == "ES256"


def test_no_two_tokens_of_a_family_have_the_same_jti(mint):
    assert part(mint(), 1)["jti"] != part(mint(), 1)["jti"]


def test_a_service_can_verify_it_with_the_published_keys(mint, ring, now):
    token = mint()
    published = jwt.PyJWKSet.from_json(ring.jwks(now=now).decode())
    key = next(key for key in published.keys if key.key_id == jwt.get_unverified_header(token)["kid"])
    checks = {"verify_exp": False, "verify_iat": False}
    assert jwt.decode(token, key.key, algorithms=["ES256"], audience=ISSUER, options=checks)["sub"] == "user-1"


def test_a_genuine_token_is_read(mint, verify):
    token = mint()
    claims = part(token, 1)
    assert verify(token) == access_token.AccessToken(
        jti=claims["jti"],
        family_id=FamilyId("family-1"),
        subject=UserId("user-1"),
        client_id=ClientId("studio"),
        audience=(ISSUER,),
        scope=(Scope.OPENID, Scope.ROLES),
        expires_at=NOW + LIFETIME,
        claims=claims,
    )


def test_a_clients_own_token_speaks_of_nobody(mint, verify):
    found = verify(mint(person=None, scope=()))
    assert (found.family_id, found.subject, found.scope) == (None, "studio", ())
    assert not {"sid", "scope"} & found.claims.keys()


def test_several_audiences_stand_as_a_list(mint, verify):
    token = mint(audience=("https://api.example/", ISSUER))
    assert part(token, 1)["aud"] == ["https://api.example/", ISSUER]
    assert verify(token).audience == ("https://api.example/", ISSUER)


def test_claims_about_a_person_cannot_replace_registered_ones(mint, verify):
    forged = {"iss": "x", "sub": "user-2", "aud": "x", "exp": 1, "jti": "x", "client_id": "x", "scope": "manage"}
    said, plain = verify(mint(claims=forged)), verify(mint())
    assert {name: said.claims[name] for name in forged if name != "jti"} == {
        name: plain.claims[name] for name in forged if name != "jti"
    }
    assert said.family_id == "family-1"


@pytest.mark.parametrize("late", [0, 1, 3600])
def test_a_token_is_dead_at_its_end(mint, verify, is_refused, late):
    token = mint()
    assert verify(token, now=NOW + LIFETIME - timedelta(seconds=1))
    assert is_refused(token, now=NOW + LIFETIME + timedelta(seconds=late))


def test_another_issuers_token_is_refused_although_the_key_is_ours(mint, is_refused):
    assert is_refused(mint(issuer="https://login.example.org"))
    assert is_refused(mint(), issuer=f"{ISSUER}/")


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "https://evil.example"),
        ("sub", "user-2"),
        ("aud", "https://evil.example"),
        ("exp", 9999999999),
        ("iat", 0),
        ("jti", "family-2.x"),
        ("client_id", "other"),
        ("scope", "openid manage"),
        ("sid", "session-2"),
        ("account", "globex"),
        ("added", True),
    ],
)
def test_every_altered_claim_is_noticed(mint, is_refused, claim, value):
    header, payload, signature = mint().split(".")
    changed = {**part(f"{header}.{payload}.", 1), claim: value}
    assert is_refused(f"{header}.{encoded(changed)}.{signature}")


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS256"},
        {"alg": "es256"},
        {"alg": None},
        {"alg": ["ES256"]},
        {"typ": "JWT"},
        {"typ": "AT+JWT"},
        {"typ": "application/at+jwt"},
        {"typ": None},
        {"kid": "unknown"},
        {"kid": ""},
        {"kid": None},
        {"kid": ["a"]},
        {"kid": {"a": 1}},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"jwk": {"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}},
        {"added": 1},
    ],
)
def test_every_altered_header_is_noticed(mint, is_refused, change):
    header, payload, signature = mint().split(".")
    changed = {**part(f"{header}.{payload}.", 0), **change}
    assert is_refused(f"{encoded(changed)}.{payload}.{signature}")
    assert is_refused(f"{encoded(changed)}.{payload}.")


def test_an_altered_signature_is_noticed(mint, is_refused):
    header, payload, signature = mint().split(".")
    other = mint().split(".")[2]
    for forged in ("", signature[:-2], other, "A" * len(signature), signature + "AAAA"):
        assert is_refused(f"{header}.{payload}.{forged}")


def test_a_public_key_is_no_shared_secret(mint, ec_row, is_refused):
    """The confusion of algorithms: HS256 under the bytes of our published key."""
    header = {"alg": "HS256", "typ": "at+jwt", "kid": ec_row.kid}
    signed = f"{encoded(header)}.{mint().split('.')[1]}"
    public = keys.public_key(ec_row)
    for secret in (public.as_pem(private=False), public.as_der(private=False), json.dumps(ec_row.public_jwk).encode()):
        assert is_refused(f"{signed}.{encoded(hmac.digest(secret, signed.encode(), 'sha256'))}")


def test_a_key_that_is_not_ours_signs_nothing(mint, sealer, is_refused):
    stranger = new_ring(lambda: [new_ec_row(sealer)], sealer)
    assert is_refused(mint(signer=stranger.signer(SigningAlg.ES256, now=NOW)))


def test_a_token_that_was_accepted_is_refused_once_its_key_is_revoked(mint, verify, is_refused, ec_row, sealer):
    """That a signature held is remembered; whether its key is trusted is not."""
    rows = [ec_row]
    ring = new_ring(lambda: rows, sealer)
    token = mint(signer=ring.signer(SigningAlg.ES256, now=NOW))
    assert verify(token, keys=ring)
    rows.clear()
    assert is_refused(token, keys=ring, now=NOW + RELOAD_AFTER)


def test_a_token_that_was_accepted_is_refused_where_its_kid_is_another_key(mint, verify, is_refused, ec_row, sealer):
    token = mint()
    assert verify(token)
    other = new_ec_row(sealer, KeyState.RETIRED)
    other.kid = ec_row.kid
    assert is_refused(token, keys=new_ring(lambda: [other], sealer))


def test_an_alteration_of_a_token_that_was_accepted_is_noticed(mint, verify, is_refused):
    token = mint()
    assert verify(token) == verify(token)
    header, payload, signature = token.split(".")
    for forged in (f"{header}.{payload}.{'A' * len(signature)}", f"{header}.{encoded({})}.{signature}", f"{token}A"):
        assert is_refused(forged)


def test_a_key_of_our_own_for_another_algorithm_signs_no_access_token(mint, ring, is_refused):
    assert is_refused(mint(signer=ring.signer(SigningAlg.RS256, now=NOW)))


@pytest.mark.parametrize("alg", list(SigningAlg))
def test_an_id_token_is_no_access_token(ring, is_refused, alg):
    token = id_token.mint(
        issuer=ISSUER,
        client_id=ClientId(ISSUER),
        subject=UserId("user-1"),
        sid=SessionId("session-1"),
        authentication=Authentication(at=NOW, acr=ACR_INTERACTIVE, amr=()),
        nonce=None,
        access_token="x",
        claims={"client_id": "studio", "scope": "openid", "jti": "family-1.x"},
        signer=ring.signer(alg, now=NOW),
        lifetime=LIFETIME,
        now=NOW,
    )
    assert is_refused(token)


@pytest.mark.parametrize("typ", ["JWT", "session+jwt", "logout+jwt", "dpop+jwt", ""])
def test_no_other_kind_of_token_passes_with_the_same_claims_and_key(mint, ring, is_refused, verify, typ):
    claims, signer = part(mint(), 1), ring.signer(SigningAlg.ES256, now=NOW)
    assert verify(sign(claims, signer, typ="at+jwt"))
    assert is_refused(sign(claims, signer, typ=typ))


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "a.b.c.d",
        "a.b.c.d.e",
        "Bearer",
        "\u00e9.\u00e9.\u00e9",
        "\ud800",
        "eyJhbGciOiJFUzI1NiJ9..",
        "bnVsbA.bnVsbA.bnVsbA",
        "W10.W10.W10",
        "MQ.MQ.MQ",
        "ImEi.ImEi.ImEi",
        "e30.e30.e30",
        "eyJ.e30.e30",
        "gICA.gICA.gICA",
        " " * 10,
        "\x00",
        "a" * 100_000,
        "." * 9000,
    ],
)
def test_what_is_no_token_is_refused(is_refused, token):
    assert is_refused(token)


def test_a_huge_token_is_refused_without_reading_it(mint, is_refused):
    assert is_refused(mint(claims={"padding": "x" * MAX_LENGTH}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
headers = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5c"), json_values)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=headers | json_values, payload=json_values | st.binary(max_size=20), signature=st.binary(max_size=70))
def test_no_header_whatever_it_holds_is_an_error_of_ours(is_refused, header, payload, signature):
    assert is_refused(f"{encoded(header)}.{encoded(payload)}.{encoded(signature)}")

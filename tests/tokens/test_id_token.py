"""ID tokens: what they say, and who can read them."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest

from idp.domain.authentication import ACR_INTERACTIVE, Authentication
from idp.domain.client_words import SigningAlg
from idp.domain.identifiers import ClientId, SessionId, UserId
from idp.tokens import id_token

ISSUER = "https://login.example.com"


@pytest.fixture
def mint(ring, now):
    def minted(alg: SigningAlg = SigningAlg.RS256, **changes) -> str:
        asked = {
            "issuer": ISSUER,
            "client_id": ClientId("studio"),
            "subject": UserId("user-1"),
            "sid": SessionId("session-1"),
            "authentication": Authentication(at=now - timedelta(minutes=5), acr=ACR_INTERACTIVE, amr=("fed", "mfa")),
            "nonce": "n-0S6_WzA2Mj",
            "access_token": "an.access.token",
            "claims": {"account": "acme", "roles": ["deepdesk.agent"]},
            "signer": ring.signer(alg, now=now),
            "lifetime": timedelta(hours=1),
            "now": now,
        }
        return id_token.mint(**{**asked, **changes})

    return minted


def read(token: str) -> dict:
    return jwt.decode(
        token, options={"verify_signature": False, "verify_exp": False, "verify_aud": False, "verify_iat": False}
    )


def test_an_id_token_says_what_openid_connect_asks_for(mint, now):
    issued = int(now.timestamp())
    assert read(mint()) == {
        "iss": ISSUER,
        "sub": "user-1",
        "aud": "studio",
        "iat": issued,
        "exp": issued + 3600,
        "auth_time": issued - 300,
        "acr": "urn:deepdesk:acr:interactive",
        "amr": ["fed", "mfa"],
        "sid": "session-1",
        "nonce": "n-0S6_WzA2Mj",
        "at_hash": id_token.left_half_hash("an.access.token"),
        "account": "acme",
        "roles": ["deepdesk.agent"],
    }


@pytest.mark.parametrize("alg", list(SigningAlg))
def test_anybody_with_the_published_key_can_verify_it(mint, ring, now, alg):
    token = mint(alg)
    published = jwt.PyJWKSet.from_json(ring.jwks(now=now).decode())
    header = jwt.get_unverified_header(token)
    assert header == {"alg": alg.value, "kid": ring.signer(alg, now=now).kid, "typ": "JWT"}
    key = next(key for key in published.keys if key.key_id == header["kid"])
    claims = jwt.decode(
        token, key.key, algorithms=[alg.value], audience="studio", options={"verify_exp": False, "verify_iat": False}
    )
    assert claims["sub"] == "user-1"


def test_a_request_without_nonce_gives_a_token_without(mint):
    assert "nonce" not in read(mint(nonce=None))


def test_an_empty_nonce_comes_back(mint):
    assert read(mint(nonce=""))["nonce"] == ""


def test_claims_about_a_person_cannot_replace_registered_ones(mint):
    forged = {"iss": "https://evil.example", "sub": "user-2", "aud": "other", "exp": 9999999999, "sid": "x", "acr": "x"}
    assert read(mint(claims=forged)) == read(mint(claims={}))


def test_at_hash_is_the_left_half_of_sha_256():
    """The example of OpenID Connect Core §A.3."""
    assert id_token.left_half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"

"""What a service is told when a session has ended (Back-Channel Logout 1.0 §2.4)."""

from __future__ import annotations

import jwt
import pytest

from idp.domain.client_words import SigningAlg
from idp.domain.errors import AccessTokenRefused, HintRefused
from idp.domain.identifiers import ClientId, SessionId, UserId
from idp.tokens import access_token, logout_token
from idp.tokens.id_token_hint import verify_hint
from tests.tokens.conftest import NOW

ISSUER = "https://login.example.com"


@pytest.fixture
def mint(ring, now):
    def minted(alg: SigningAlg = SigningAlg.RS256) -> str:
        return logout_token.mint(
            issuer=ISSUER,
            client_id=ClientId("studio"),
            subject=UserId("user-1"),
            sid=SessionId("session-1"),
            signer=ring.signer(alg, now=now),
            now=now,
        )

    return minted


@pytest.mark.parametrize("alg", list(SigningAlg))
def test_it_names_session_and_person_and_nothing_else(mint, ring, now, alg):
    token, issued = mint(alg), int(NOW.timestamp())
    header = jwt.get_unverified_header(token)
    key = next(one for one in jwt.PyJWKSet.from_json(ring.jwks(now=now).decode()).keys if one.key_id == header["kid"])
    checks = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(token, key.key, algorithms=[alg.value], audience="studio", issuer=ISSUER, options=checks)
    assert (header["typ"], header["alg"]) == ("logout+jwt", alg.value)
    assert len(claims.pop("jti")) == 22
    assert claims == {
        "iss": ISSUER,
        "aud": "studio",
        "iat": issued,
        "exp": issued + 120,
        "sub": "user-1",
        "sid": "session-1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }


def test_no_two_have_the_same_jti(mint):
    jtis = {jwt.decode(mint(), options={"verify_signature": False})["jti"] for _ in range(3)}
    assert len(jtis) == 3


def test_it_is_neither_an_access_token_nor_a_hint(mint, ring, now):
    for alg in SigningAlg:
        with pytest.raises(AccessTokenRefused):
            access_token.verify(mint(alg), issuer=ISSUER, keys=ring, now=now)
        with pytest.raises(HintRefused):
            verify_hint(mint(alg), issuer=ISSUER, keys=ring, now=now)

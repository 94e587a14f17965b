"""Access tokens as services verify them by themselves (RFC 9068; CONTRACT §5)."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from tests.support.app import ISSUER, SAM, Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.rp import RelyingParty


def verified(rp: RelyingParty, token: str, *, audience: str = ISSUER) -> dict[str, Any]:
    """Do what a resource server does (RFC 9068 §4)."""
    header = jwt.get_unverified_header(token)
    key = next(one for one in rp.jwks()["keys"] if one["kid"] == header["kid"])
    claims: dict[str, Any] = jwt.decode(
        token,
        jwt.PyJWK(key),
        algorithms=["ES256"],
        issuer=ISSUER,
        audience=audience,
        options={"verify_exp": False, "verify_iat": False},
    )
    return claims


def test_the_header_says_what_it_is(rp: RelyingParty, browser: Browser) -> None:
    header = jwt.get_unverified_header(rp.obtains_tokens_for(browser).access_token)
    assert header.keys() == {"alg", "kid", "typ"}
    assert (header["alg"], header["typ"]) == ("ES256", "at+jwt")


def test_the_claims_are_these_and_no_others(rp: RelyingParty, browser: Browser, clock: FrozenClock) -> None:
    claims = verified(rp, rp.obtains_tokens_for(browser).access_token)
    assert {name: claims[name] for name in claims.keys() - {"sub", "jti", "sid"}} == {
        "iss": ISSUER,
        "aud": ISSUER,
        "exp": clock.unix + 900,
        "iat": clock.unix,
        "client_id": rp.client_id,
        "scope": "openid profile email",
        "account": "acme",
        "roles": ["deepdesk.manager"],
        "groups": ["Manager"],
    }


def test_sub_and_sid_are_those_of_the_id_token(rp: RelyingParty, browser: Browser) -> None:
    tokens = rp.obtains_tokens_for(browser, nonce=None)
    identity, access = rp.verifies(tokens.id_token), verified(rp, tokens.access_token)
    assert (identity["sub"], identity["sid"]) == (access["sub"], access["sid"])


def test_every_token_has_a_jti_of_its_own(rp: RelyingParty, browser: Browser) -> None:
    jtis = {verified(rp, rp.obtains_tokens_for(browser).access_token)["jti"] for _ in range(5)}
    assert len(jtis) == 5


def test_the_scope_is_what_was_granted(rp: RelyingParty, browser: Browser) -> None:
    token = rp.obtains_tokens_for(browser, scope="roles openid address").access_token
    assert verified(rp, token)["scope"] == "roles openid"


def test_an_access_token_is_es256_whatever_id_tokens_are(op: OpenIdProvider, browser: Browser) -> None:
    for alg in ("RS256", "ES256"):
        rp = RelyingParty.registered_at(op, id_token_alg=alg)
        assert jwt.get_unverified_header(rp.obtains_tokens_for(browser).access_token)["alg"] == "ES256"


def test_no_name_and_no_address_stand_in_it(op: OpenIdProvider, rp: RelyingParty) -> None:
    browser = op.browser()
    op.signs_in(browser, SAM)
    claims = verified(rp, rp.obtains_tokens_for(browser).access_token)
    assert "sam" not in str(claims).lower()


def test_a_service_that_expects_its_own_audience_refuses_it(rp: RelyingParty, browser: Browser) -> None:
    token = rp.obtains_tokens_for(browser).access_token
    for audience in (rp.client_id, "https://api.example.com/"):
        with pytest.raises(jwt.InvalidAudienceError):
            verified(rp, token, audience=audience)


def test_it_expires_after_fifteen_minutes(rp: RelyingParty, browser: Browser, clock: FrozenClock) -> None:
    token = rp.obtains_tokens_for(browser).access_token
    clock.advance(seconds=899)
    assert rp.asks_userinfo(token).succeeds()
    clock.advance(seconds=1)
    assert rp.asks_userinfo(token).is_refused_as("invalid_token")

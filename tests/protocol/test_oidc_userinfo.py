"""The userinfo endpoint (OpenID Connect Core §5.3; RFC 6750)."""

from __future__ import annotations

from dataclasses import replace

import jwt
import pytest

from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import MIA, SAM, Browser, OpenIdProvider
from tests.support.rp import RelyingParty, UserinfoAnswer

ABOUT_THE_TOKEN = {"iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"}


@pytest.fixture
def token(rp: RelyingParty, browser: Browser) -> str:
    """An access token for Mia."""
    return rp.obtains_tokens_for(browser).access_token


# Ways to ask


def test_get_with_the_header_is_answered(rp: RelyingParty, token: str) -> None:
    answer = rp.asks_userinfo(token)
    assert answer.succeeds()
    assert answer.response.mimetype == "application/json"


def test_post_with_the_header_is_answered(rp: RelyingParty, stranger: Browser, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    for form in (None, {}, {"unknown": "parameter"}):
        assert UserinfoAnswer(stranger.posts(rp.metadata["userinfo_endpoint"], form, headers=headers)).succeeds()
    typed = headers | {"Content-Type": "application/x-www-form-urlencoded"}
    assert UserinfoAnswer(stranger.posts(rp.metadata["userinfo_endpoint"], headers=typed)).succeeds()


def test_post_with_the_token_in_the_body_is_answered(rp: RelyingParty, stranger: Browser, token: str) -> None:
    answer = stranger.posts(rp.metadata["userinfo_endpoint"], {"access_token": token})
    assert UserinfoAnswer(answer).succeeds()


def test_the_scheme_may_be_written_in_any_case(rp: RelyingParty, stranger: Browser, token: str) -> None:
    answer = stranger.opens(rp.metadata["userinfo_endpoint"], headers={"Authorization": f"bEARER {token}"})
    assert UserinfoAnswer(answer).succeeds()


def test_a_token_in_the_address_does_not_count(rp: RelyingParty, stranger: Browser, token: str) -> None:
    for act in (stranger.opens, stranger.posts):
        answer = act(f"{rp.metadata['userinfo_endpoint']}?access_token={token}")
        assert UserinfoAnswer(answer).asks_for_a_token()


def test_a_token_in_header_and_body_is_refused(rp: RelyingParty, stranger: Browser, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    answer = stranger.posts(rp.metadata["userinfo_endpoint"], {"access_token": token}, headers=headers)
    assert UserinfoAnswer(answer).is_refused_as("invalid_request")


def test_two_tokens_in_the_body_are_refused(rp: RelyingParty, stranger: Browser, token: str) -> None:
    answer = stranger.posts(rp.metadata["userinfo_endpoint"], {"access_token": [token, token]})
    assert UserinfoAnswer(answer).is_refused_as("invalid_request")


def test_a_session_is_no_token(rp: RelyingParty, browser: Browser) -> None:
    assert UserinfoAnswer(browser.opens(rp.metadata["userinfo_endpoint"])).asks_for_a_token()


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic bWlhOm1pYQ==", "Token abc", "Bearerabc"])
def test_a_request_without_a_token_gets_the_bare_challenge(
    rp: RelyingParty, stranger: Browser, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = UserinfoAnswer(stranger.opens(rp.metadata["userinfo_endpoint"], headers=headers))
    assert answer.asks_for_a_token()
    assert answer.body == {}


# Answers


def test_it_says_what_the_id_token_says_of_the_person(rp: RelyingParty, browser: Browser) -> None:
    tokens = rp.obtains_tokens_for(browser, nonce=None)
    identity = rp.verifies(tokens.id_token)
    claims = rp.asks_userinfo(tokens.access_token).claims
    assert claims == {name: value for name, value in identity.items() if name not in ABOUT_THE_TOKEN}
    assert claims["sub"] == identity["sub"]


def test_it_says_what_holds_now(op: OpenIdProvider, rp: RelyingParty, token: str) -> None:
    op.signs_in(op.browser(), replace(MIA, name="Mia Married", roles=("deepdesk.agent",)))
    claims = rp.asks_userinfo(token).claims
    assert (claims["name"], claims["roles"]) == ("Mia Married", ["deepdesk.agent"])


# Refusals


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "e30.e30.", "..", "é", "x" * 9000, 'quo"ted'])
def test_what_is_no_token_is_invalid(rp: RelyingParty, token: str) -> None:
    assert rp.asks_userinfo(token).is_refused_as("invalid_token")


def test_an_id_token_is_no_access_token(op: OpenIdProvider, browser: Browser) -> None:
    for alg in ("RS256", "ES256"):
        rp = RelyingParty.registered_at(op, id_token_alg=alg)
        assert rp.asks_userinfo(rp.obtains_tokens_for(browser).id_token).is_refused_as("invalid_token")


@pytest.mark.parametrize("part", [0, 1, 2])
def test_an_altered_token_is_refused(rp: RelyingParty, token: str, part: int) -> None:
    parts = token.split(".")
    middle = len(parts[part]) // 2
    other = "A" if parts[part][middle] != "A" else "B"
    parts[part] = parts[part][:middle] + other + parts[part][middle + 1 :]
    assert rp.asks_userinfo(".".join(parts)).is_refused_as("invalid_token")


def test_a_token_without_the_scope_openid_is_insufficient(rp: RelyingParty, browser: Browser) -> None:
    token = rp.obtains_tokens_for(browser, scope="profile email").access_token
    assert rp.asks_userinfo(token).is_refused_as("insufficient_scope")


@BOTH_DATABASES
def test_a_token_whose_code_was_used_again_is_refused(rp: RelyingParty, browser: Browser) -> None:
    code = rp.obtains_a_code_for(browser)
    token = rp.redeems(code).tokens.access_token
    assert rp.asks_userinfo(token).succeeds()
    rp.redeems(code)
    assert rp.asks_userinfo(token).is_refused_as("invalid_token")


@BOTH_DATABASES
def test_the_tokens_of_a_session_end_with_it(rp: RelyingParty, browser: Browser, token: str) -> None:
    browser.signs_out()
    assert rp.asks_userinfo(token).is_refused_as("invalid_token")


def test_signing_out_in_one_browser_leaves_another_alone(op: OpenIdProvider, rp: RelyingParty, token: str) -> None:
    elsewhere = op.browser()
    op.signs_in(elsewhere)
    elsewhere.signs_out()
    assert rp.asks_userinfo(token).succeeds()


def test_somebody_else_signing_out_leaves_mia_alone(op: OpenIdProvider, rp: RelyingParty, token: str) -> None:
    elsewhere = op.browser()
    op.signs_in(elsewhere, SAM)
    elsewhere.signs_out()
    assert rp.asks_userinfo(token).succeeds()


def test_a_token_of_somebody_disabled_is_refused(op: OpenIdProvider, rp: RelyingParty, token: str) -> None:
    op.disables(rp.asks_userinfo(token).claims["sub"])
    assert rp.asks_userinfo(token).is_refused_as("invalid_token")


def test_a_token_of_a_disabled_account_is_refused(op: OpenIdProvider, rp: RelyingParty, token: str) -> None:
    op.disables_account("acme")
    assert rp.asks_userinfo(token).is_refused_as("invalid_token")


def test_every_refusal_of_a_token_looks_the_same(op: OpenIdProvider, rp: RelyingParty, token: str) -> None:
    garbage = rp.asks_userinfo("garbage")
    op.disables(jwt.decode(token, options={"verify_signature": False})["sub"])
    disabled = rp.asks_userinfo(token)
    assert garbage.response.get_data() == disabled.response.get_data()
    assert garbage.response.headers["WWW-Authenticate"] == disabled.response.headers["WWW-Authenticate"]

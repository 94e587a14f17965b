"""ID tokens (OpenID Connect Core §2, §3.1.3.6, §3.1.3.7; CONTRACT §5)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest

from tests.support.app import ISSUER, MIA, Browser, OpenIdProvider, Person
from tests.support.clock import FrozenClock
from tests.support.rp import RelyingParty

REGISTERED = {"iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "at_hash"}


def test_the_claims_are_these_and_no_others(rp: RelyingParty, browser: Browser, clock: FrozenClock) -> None:
    claims = rp.verifies(rp.obtains_tokens_for(browser, nonce="n-0S6_WzA2Mj").id_token, nonce="n-0S6_WzA2Mj")
    assert {name: claims[name] for name in claims.keys() - {"sub", "sid", "at_hash"}} == {
        "iss": ISSUER,
        "aud": rp.client_id,
        "exp": clock.unix + 3600,
        "iat": clock.unix,
        "auth_time": clock.unix,
        "nonce": "n-0S6_WzA2Mj",
        "acr": "urn:deepdesk:acr:interactive",
        "amr": ["fed", "pwd"],
        "account": "acme",
        "roles": ["deepdesk.manager"],
        "role_name": "deepdesk.manager",
        "groups": ["Manager"],
        "email": "mia@acme.example",
        "email_verified": True,
        "name": "Mia Manager",
        "given_name": "Mia",
        "family_name": "Manager",
        "preferred_username": "mia@acme.example",
        "locale": "en-GB",
    }


def test_the_scope_openid_alone_gives_the_same_claims(rp: RelyingParty, browser: Browser) -> None:
    little = rp.verifies(rp.obtains_tokens_for(browser, nonce=None, scope="openid").id_token)
    much = rp.verifies(rp.obtains_tokens_for(browser, nonce=None, scope="openid profile email roles").id_token)
    assert little.keys() == much.keys()


def test_what_is_not_known_of_a_person_is_left_out(op: OpenIdProvider, rp: RelyingParty) -> None:
    browser = op.browser()
    op.signs_in(browser, Person(email=None, name=None, given_name=None, family_name=None, locale=None, roles=()))
    claims = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)
    assert claims.keys() == REGISTERED | {"account", "roles", "role_name", "groups"}
    assert claims["roles"] == ["deepdesk.agent"]


def test_no_claim_is_null_or_empty(op: OpenIdProvider, rp: RelyingParty) -> None:
    browser = op.browser()
    op.signs_in(browser, replace(MIA, name="", given_name="", locale="", email="", amr=()))
    claims = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)
    assert all(value not in (None, "", [], {}) for value in claims.values())


@pytest.mark.parametrize(
    ("person", "verified"),
    [
        (MIA, True),
        (replace(MIA, email_vouched=False), False),
        (replace(MIA, email="mia@elsewhere.example"), False),
        (replace(MIA, email="mia@not-acme.example"), False),
        (replace(MIA, email="mia@acme.example.evil.example"), False),
    ],
)
def test_an_address_is_verified_if_it_was_vouched_for_in_a_domain_of_the_account(
    op: OpenIdProvider, rp: RelyingParty, person: Person, verified: bool
) -> None:
    browser = op.browser()
    op.signs_in(browser, person)
    claims = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)
    assert claims["email"] == person.email
    assert claims["email_verified"] is verified


@pytest.mark.parametrize("nonce", ["n", "x" * 1024, 'quo"ted \\ and ünïcode 🦔', "0123456789"])
def test_the_nonce_comes_back_to_the_letter(rp: RelyingParty, browser: Browser, nonce: str) -> None:
    token = rp.obtains_tokens_for(browser, nonce=nonce).id_token
    assert rp.verifies(token, nonce=nonce)["nonce"] == nonce


def test_without_a_nonce_in_the_request_there_is_none_in_the_token(rp: RelyingParty, browser: Browser) -> None:
    assert "nonce" not in rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)


def test_at_hash_is_that_of_the_access_token(rp: RelyingParty, browser: Browser) -> None:
    tokens = rp.obtains_tokens_for(browser, nonce=None)
    half = hashlib.sha256(tokens.access_token.encode("ascii")).digest()[:16]
    assert rp.verifies(tokens.id_token)["at_hash"] == base64.urlsafe_b64encode(half).decode().rstrip("=")


def test_aud_is_one_string(rp: RelyingParty, browser: Browser) -> None:
    assert rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)["aud"] == rp.client_id


@pytest.mark.parametrize(("registered", "alg"), [({}, "RS256"), ({"id_token_alg": "ES256"}, "ES256")])
def test_the_algorithm_is_rs256_unless_the_client_registered_another(
    op: OpenIdProvider, browser: Browser, registered: dict[str, str], alg: str
) -> None:
    rp = RelyingParty.registered_at(op, **registered)
    tokens = rp.obtains_tokens_for(browser, nonce=None)
    header = jwt.get_unverified_header(tokens.id_token)
    assert header == {"alg": alg, "kid": header["kid"], "typ": "JWT"}
    assert rp.verifies(tokens.id_token)["iss"] == ISSUER


def test_sub_is_opaque_and_the_same_at_every_client_of_the_account(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    other = RelyingParty.registered_at(op, "Other")
    one = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)["sub"]
    assert one == other.verifies(other.obtains_tokens_for(browser, nonce=None).id_token)["sub"]
    assert one.isascii()
    assert len(one) <= 255
    assert MIA.subject not in one


def test_sub_stays_when_name_and_address_change(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
    before = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)
    op.signs_in(browser, replace(MIA, email="married@acme.example", name="Mia Married"))
    after = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)
    assert after["sub"] == before["sub"]
    assert after["email"] == "married@acme.example"


def test_auth_time_is_when_the_person_proved_who_they_are(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, clock: FrozenClock
) -> None:
    began = clock.unix
    clock.advance(minutes=50)
    claims = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)
    assert (claims["auth_time"], claims["iat"]) == (began, began + 3000)
    op.signs_in(browser)
    again = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)
    assert again["auth_time"] == began + 3000


@pytest.mark.parametrize(
    ("upstream", "ours"), [((), ["fed"]), (("pwd", "otp"), ["fed", "pwd", "otp"]), (("fed",), ["fed"])]
)
def test_amr_begins_with_fed_and_adds_what_the_upstream_said(
    op: OpenIdProvider, rp: RelyingParty, upstream: tuple[str, ...], ours: list[str]
) -> None:
    browser = op.browser()
    op.signs_in(browser, replace(MIA, amr=upstream))
    assert rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)["amr"] == ours


def test_roles_are_listed_highest_first(op: OpenIdProvider, rp: RelyingParty) -> None:
    browser = op.browser()
    op.signs_in(browser, replace(MIA, roles=("deepdesk.agent", "unheard.of", "deepdesk.manager", "deepdesk.editor")))
    claims = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)
    assert claims["roles"] == ["deepdesk.manager", "deepdesk.editor", "deepdesk.agent"]
    assert claims["role_name"] == "deepdesk.manager"
    assert claims["groups"] == ["Manager", "Studio Editor", "Agent"]


def test_roles_are_those_at_the_moment_of_redeeming(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
    code = rp.obtains_a_code_for(browser, nonce=None)
    op.signs_in(op.browser(), replace(MIA, roles=("deepdesk.agent",)))
    assert rp.verifies(rp.redeems(code).tokens.id_token)["roles"] == ["deepdesk.agent"]


def test_there_is_no_nbf_for_a_slow_clock_to_trip_over(rp: RelyingParty, browser: Browser) -> None:
    assert "nbf" not in rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)


def test_it_lives_for_an_hour(rp: RelyingParty, browser: Browser) -> None:
    claims = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)
    assert timedelta(seconds=claims["exp"] - claims["iat"]) == timedelta(hours=1)

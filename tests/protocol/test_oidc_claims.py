"""Which claims go where (OpenID Connect Core §5.4, §5.5; CONTRACT §5, claims profiles)."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest

from tests.support.app import Browser, OpenIdProvider
from tests.support.rp import RelyingParty, Tokens

REGISTERED = {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"}
ROLE_CLAIMS = {"account", "roles", "role_name", "groups"}
PROFILE = {"name", "given_name", "family_name", "locale"}
EMAIL = {"email", "email_verified", "preferred_username"}


@pytest.fixture
def standard(op: OpenIdProvider) -> RelyingParty:
    return RelyingParty.registered_at(op, "Standard", claims_profile="standard")


def said_by(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def asked(where: str, *names: str) -> str:
    return json.dumps({where: {name: {"essential": True} for name in names}})


def userinfo(rp: RelyingParty, tokens: Tokens) -> set[str]:
    return set(rp.asks_userinfo(tokens.access_token).claims) - {"sub"}


class TestDeepdesk:
    def test_everything_stands_everywhere_with_openid_alone(self, rp: RelyingParty, browser: Browser) -> None:
        tokens = rp.obtains_tokens_for(browser, scope="openid")
        everything = ROLE_CLAIMS | PROFILE | EMAIL
        assert said_by(tokens.id_token).keys() == REGISTERED | everything
        assert userinfo(rp, tokens) == everything


class TestStandard:
    def test_openid_alone_says_who_and_nothing_else(self, standard: RelyingParty, browser: Browser) -> None:
        tokens = standard.obtains_tokens_for(browser, scope="openid")
        assert said_by(tokens.id_token).keys() == REGISTERED
        assert userinfo(standard, tokens) == set()

    @pytest.mark.parametrize(("scope", "released"), [("profile", PROFILE), ("email", EMAIL), ("roles", ROLE_CLAIMS)])
    def test_a_scope_releases_its_claims_in_userinfo(
        self, standard: RelyingParty, browser: Browser, scope: str, released: set[str]
    ) -> None:
        tokens = standard.obtains_tokens_for(browser, scope=f"openid {scope}")
        assert said_by(tokens.id_token).keys() == REGISTERED
        assert userinfo(standard, tokens) == released

    def test_an_access_token_names_roles_with_that_scope_only(self, standard: RelyingParty, browser: Browser) -> None:
        without = standard.obtains_tokens_for(browser, scope="openid email").access_token
        with_roles = standard.obtains_tokens_for(browser, scope="openid roles").access_token
        assert not said_by(without).keys() & ROLE_CLAIMS
        assert said_by(with_roles)["roles"] == ["deepdesk.manager"]

    def test_single_claims_stand_where_they_were_asked_for(self, standard: RelyingParty, browser: Browser) -> None:
        in_userinfo = standard.obtains_tokens_for(browser, scope="openid", claims=asked("userinfo", "name"))
        assert said_by(in_userinfo.id_token).keys() == REGISTERED
        assert userinfo(standard, in_userinfo) == {"name"}
        in_token = standard.obtains_tokens_for(browser, scope="openid", claims=asked("id_token", "email", "roles"))
        assert said_by(in_token.id_token).keys() == REGISTERED | {"email", "roles"}
        assert userinfo(standard, in_token) == set()

    def test_renewed_tokens_say_the_same(self, standard: RelyingParty, browser: Browser) -> None:
        tokens = standard.obtains_tokens_for(browser, scope="openid", claims=asked("id_token", "name"))
        renewed = standard.refreshes(tokens).tokens
        assert said_by(renewed.id_token).keys() == (REGISTERED | {"name"}) - {"nonce"}

    def test_claims_nobody_knows_are_ignored(self, standard: RelyingParty, browser: Browser) -> None:
        tokens = standard.obtains_tokens_for(browser, scope="openid", claims=asked("userinfo", "shoe_size", "sub"))
        assert userinfo(standard, tokens) == set()

    def test_what_the_client_is_not_registered_for_cannot_be_asked_for_singly(
        self, op: OpenIdProvider, browser: Browser
    ) -> None:
        narrow = RelyingParty.registered_at(op, "Narrow", claims_profile="standard", scope="openid profile")
        tokens = narrow.obtains_tokens_for(browser, scope="openid", claims=asked("userinfo", "email", "roles", "name"))
        assert userinfo(narrow, tokens) == {"name"}


HOSTILE = {
    "not JSON": "{",
    "a list": "[]",
    "a word": '"userinfo"',
    "a number": "1",
    "null": "null",
    "members that are no objects": '{"userinfo": ["name"]}',
    "claims that are no objects": '{"userinfo": {"name": "yes"}}',
    "far too many": json.dumps({"userinfo": {f"claim{number}": None for number in range(51)}}),
    "nested without end": "[" * 2000,
    "a huge number": '{"userinfo": {"name": {"value": ' + "9" * 3000 + "}}}",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_claims_request_is_refused_or_ignored(rp: RelyingParty, browser: Browser, text: str) -> None:
    answer = rp.asks(browser, claims=text)
    assert answer.has_a_code() or answer.is_refused_as("invalid_request")

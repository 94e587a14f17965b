"""Metadata: true of what is implemented, no more and no less (RFC 8414, OpenID Connect Discovery §3)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from authlib.oidc.discovery import OpenIDProviderMetadata

from idp.domain.client_words import AuthMethod, GrantType
from idp.domain.scope import Scope
from tests.support.app import ISSUER, Browser, OpenIdProvider
from tests.support.assertions import key
from tests.support.mail import Correspondent, lets_in_by_mail
from tests.support.rp import RelyingParty

ENDPOINTS = {
    "authorization_endpoint": 400,
    "token_endpoint": 405,
    "userinfo_endpoint": 401,
    "revocation_endpoint": 405,
    "introspection_endpoint": 405,
    "pushed_authorization_request_endpoint": 405,
    "end_session_endpoint": 303,
    "jwks_uri": 200,
}
"""What a browser that just opens them is told."""
LISTS = frozenset(
    {
        "scopes_supported",
        "response_types_supported",
        "response_modes_supported",
        "grant_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "token_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "revocation_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_signing_alg_values_supported",
        "introspection_endpoint_auth_methods_supported",
        "introspection_endpoint_auth_signing_alg_values_supported",
        "code_challenge_methods_supported",
        "claim_types_supported",
        "claims_supported",
        "acr_values_supported",
        "prompt_values_supported",
        "ui_locales_supported",
    }
)
SWITCHES = {
    "authorization_response_iss_parameter_supported": True,
    "backchannel_logout_supported": True,
    "backchannel_logout_session_supported": True,
    "claims_parameter_supported": True,
    "require_pushed_authorization_requests": False,
    "request_parameter_supported": False,
    "request_uri_parameter_supported": False,
}
"""Each is written out, since some count as true, others as false, when left out (Discovery §3)."""
UNBUILT = (
    *("registration_endpoint", "device_authorization", "check_session", "frontchannel", "dpop", "mtls"),
    *("tls_client", "signed_metadata", "request_object"),
)


def test_the_address_is_the_issuer_and_a_suffix(stranger: Browser) -> None:
    answer = stranger.opens("/.well-known/openid-configuration")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.get_json()["issuer"] == ISSUER


def test_both_documents_are_the_same(stranger: Browser) -> None:
    one = stranger.opens("/.well-known/openid-configuration")
    other = stranger.opens("/.well-known/oauth-authorization-server")
    assert one.get_data() == other.get_data()


def test_it_may_be_kept_for_a_while(stranger: Browser) -> None:
    answer = stranger.opens("/.well-known/openid-configuration")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "Set-Cookie" not in answer.headers


def test_an_independent_validator_accepts_it(rp: RelyingParty) -> None:
    OpenIDProviderMetadata(rp.metadata).validate()


def test_these_members_stand_in_it_and_no_others(rp: RelyingParty) -> None:
    """Others would be unknown to certification, or promise what is not built."""
    assert rp.metadata.keys() == {"issuer"} | ENDPOINTS.keys() | LISTS | SWITCHES.keys()


def test_members_have_the_types_that_they_should(rp: RelyingParty) -> None:
    for name in LISTS:
        assert rp.metadata[name], name
        assert all(isinstance(value, str) for value in rp.metadata[name])
        assert len(set(rp.metadata[name])) == len(rp.metadata[name])
    for name, value in SWITCHES.items():
        assert rp.metadata[name] is value


def test_every_address_is_https_at_the_issuer(rp: RelyingParty) -> None:
    for name in ENDPOINTS:
        parts = urlsplit(rp.metadata[name])
        assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", urlsplit(ISSUER).netloc, "", "")


@pytest.mark.parametrize("part", UNBUILT)
def test_nothing_is_named_that_is_not_built(rp: RelyingParty, part: str) -> None:
    assert not [name for name in rp.metadata if part in name]


def test_every_endpoint_answers(rp: RelyingParty, stranger: Browser) -> None:
    assert {name: stranger.opens(rp.metadata[name]).status_code for name in ENDPOINTS} == ENDPOINTS


def test_every_scope_can_be_granted(op: OpenIdProvider, browser: Browser) -> None:
    """To a client that is registered for all, and wants a token for this provider alone."""
    rp = RelyingParty.registered_at(op, scope=" ".join(Scope))
    assert "openid" in rp.metadata["scopes_supported"]
    everything = " ".join(rp.metadata["scopes_supported"])
    answer = rp.redeems(rp.obtains_a_code_for(browser, scope=everything, resource=ISSUER))
    assert answer.body["scope"] == everything


def test_every_response_type_and_mode_works(rp: RelyingParty, browser: Browser) -> None:
    for response_type in rp.metadata["response_types_supported"]:
        for mode in rp.metadata["response_modes_supported"]:
            answer = rp.asks(browser, response_type=response_type, response_mode=mode)
            assert 'name="code"' in answer.response.text if mode == "form_post" else answer.has_a_code()


def test_every_grant_works(op: OpenIdProvider, browser: Browser) -> None:
    rp = RelyingParty.registered_at(op, "All", grant_types=tuple(GrantType))
    code = rp.obtains_a_code_for(browser)
    tokens = rp.redeems(code).tokens
    answers = {
        "authorization_code": rp.redeems(rp.obtains_a_code_for(browser)),
        "refresh_token": rp.refreshes(tokens),
        "client_credentials": rp.calls_token(grant_type="client_credentials"),
    }
    assert answers.keys() == set(rp.metadata["grant_types_supported"])
    assert all(answer.succeeds() for answer in answers.values())


def test_every_id_token_algorithm_signs(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
    assert "RS256" in rp.metadata["id_token_signing_alg_values_supported"]
    for alg in rp.metadata["id_token_signing_alg_values_supported"]:
        client = RelyingParty.registered_at(op, f"With {alg}", id_token_alg=alg)
        token = client.obtains_tokens_for(browser, nonce=None).id_token
        assert jwt.get_unverified_header(token)["alg"] == alg
        assert client.verifies(token)


def test_every_client_authentication_method_works(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
    for method in rp.metadata["token_endpoint_auth_methods_supported"]:
        own = key("ES256") if method == AuthMethod.PRIVATE_KEY_JWT else None
        client = RelyingParty.registered_at(op, f"By {method}", auth_method=AuthMethod(method), key=own)
        assert client.redeems(client.obtains_a_code_for(browser)).succeeds()


def test_every_challenge_method_works(rp: RelyingParty, browser: Browser) -> None:
    for method in rp.metadata["code_challenge_methods_supported"]:
        assert rp.asks(browser, code_challenge_method=method).has_a_code()


def test_every_prompt_value_has_its_effect(rp: RelyingParty, browser: Browser) -> None:
    pages = {"login": "/login/", "select_account": "/login/", "consent": "/oauth/consent/"}
    assert {"none", *pages} == set(rp.metadata["prompt_values_supported"])
    assert rp.asks(browser, prompt="none").has_a_code()
    assert all(rp.asks(browser, prompt=prompt).waits_at(page) for prompt, page in pages.items())


def test_every_claim_can_be_given_and_no_other_is(rp: RelyingParty, browser: Browser) -> None:
    tokens = rp.obtains_tokens_for(browser, nonce="n", scope="openid profile email roles permissions")
    given: dict[str, Any] = rp.verifies(tokens.id_token, nonce="n") | rp.asks_userinfo(tokens.access_token).claims
    # Of staff alone it is said that they are staff, and never that somebody is not.
    assert given.keys() | {"staff"} == set(rp.metadata["claims_supported"])
    assert "staff" not in given


def test_every_acr_value_is_given(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
    lets_in_by_mail(op)
    op.makes("kim@acme.example")
    kim = Correspondent.of(op, "kim@acme.example")
    kim.signs_in()
    tokens = [rp.obtains_tokens_for(somebody, nonce=None) for somebody in (browser, kim.browser)]
    assert [rp.verifies(one.id_token)["acr"] for one in tokens] == rp.metadata["acr_values_supported"]


def test_subjects_are_public_as_it_says(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
    other = RelyingParty.registered_at(op, "Other")
    subjects = {one.verifies(one.obtains_tokens_for(browser, nonce=None).id_token)["sub"] for one in (rp, other)}
    assert rp.metadata["subject_types_supported"] == ["public"]
    assert len(subjects) == 1


def test_pages_are_in_every_language_that_it_lists(rp: RelyingParty, stranger: Browser) -> None:
    for locale in rp.metadata["ui_locales_supported"]:
        page = stranger.opens("/login/", headers={"Accept-Language": locale}).text
        assert f'<html lang="{locale}">' in page

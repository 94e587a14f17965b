"""Audiences of access tokens (RFC 8707; CONTRACT §5)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from tests.support.app import Browser, OpenIdProvider
from tests.support.rp import AuthorizationAnswer, RelyingParty

STUDIO, BACKEND, ASSIST = "https://studio.example.com/api", "https://backend.example.com/", "urn:deepdesk:assist"


def audience_of(token: str) -> Any:
    return jwt.decode(token, options={"verify_signature": False})["aud"]


@pytest.fixture
def one(op: OpenIdProvider) -> RelyingParty:
    return RelyingParty.registered_at(op, "One", audiences=(STUDIO,))


@pytest.fixture
def several(op: OpenIdProvider) -> RelyingParty:
    return RelyingParty.registered_at(op, "Several", audiences=(STUDIO, BACKEND, ASSIST))


def asks_for(rp: RelyingParty, browser: Browser, *resources: str, **changes: str | None) -> AuthorizationAnswer:
    """Ask for several audiences, which one parameter each names."""
    asked = rp.prepares(**changes)
    query = urlencode([*asked.params.items(), *(("resource", one) for one in resources)])
    return AuthorizationAnswer(browser.opens(f"{rp.metadata['authorization_endpoint']}?{query}"), asked)


def test_without_audiences_it_is_the_issuer(rp: RelyingParty, browser: Browser) -> None:
    assert audience_of(rp.obtains_tokens_for(browser).access_token) == rp.op.issuer


def test_the_only_audience_needs_no_asking_and_userinfo_stays_reachable(one: RelyingParty, browser: Browser) -> None:
    token = one.obtains_tokens_for(browser).access_token
    assert audience_of(token) == [STUDIO, one.op.issuer]
    assert one.asks_userinfo(token).succeeds()


def test_without_openid_the_issuer_is_left_out(one: RelyingParty, browser: Browser) -> None:
    token = one.obtains_tokens_for(browser, scope="roles").access_token
    assert audience_of(token) == STUDIO
    assert one.asks_userinfo(token).is_refused_as("invalid_token")


def test_of_several_the_request_picks(several: RelyingParty, browser: Browser) -> None:
    tokens = several.obtains_tokens_for(browser, scope="roles", resource=BACKEND)
    assert audience_of(tokens.access_token) == BACKEND
    assert audience_of(several.refreshes(tokens).tokens.access_token) == BACKEND


def test_of_several_none_is_picked_by_silence(several: RelyingParty, browser: Browser) -> None:
    assert audience_of(several.obtains_tokens_for(browser, scope="roles").access_token) == several.op.issuer


def test_a_request_may_pick_two_and_each_token_one_of_them(several: RelyingParty, browser: Browser) -> None:
    code = asks_for(several, browser, STUDIO, ASSIST, scope="roles").code
    tokens = several.redeems(code, resource=ASSIST).tokens
    assert audience_of(tokens.access_token) == ASSIST
    renewed = several.refreshes(tokens).tokens
    assert audience_of(renewed.access_token) == [STUDIO, ASSIST]
    assert several.refreshes(renewed, resource=BACKEND).is_refused_as("invalid_target")


def test_what_was_not_authorized_spends_no_code(several: RelyingParty, browser: Browser) -> None:
    code = asks_for(several, browser, STUDIO).code
    assert several.redeems(code, resource=BACKEND).is_refused_as("invalid_target")
    assert several.redeems(code).succeeds()


@pytest.mark.parametrize("resource", ["https://elsewhere.example/", STUDIO + "#x", STUDIO.upper(), "x", "/api"])
def test_an_audience_that_is_not_registered_is_refused(several: RelyingParty, browser: Browser, resource: str) -> None:
    assert several.asks(browser, resource=resource).is_refused_as("invalid_target")


def test_an_audience_that_was_taken_away_while_the_person_signed_in(
    op: OpenIdProvider, several: RelyingParty, stranger: Browser
) -> None:
    waiting = several.asks(stranger, resource=BACKEND)
    op.signs_in(stranger)
    op.runs("clients", "update", several.client_id, "--audience", STUDIO)
    assert waiting.resumed_in(stranger).response.status_code == 400


def test_an_audience_that_was_taken_away_is_not_renewed(
    op: OpenIdProvider, several: RelyingParty, browser: Browser
) -> None:
    tokens = several.obtains_tokens_for(browser, resource=BACKEND)
    op.runs("clients", "update", several.client_id, "--audience", STUDIO)
    assert several.refreshes(tokens).is_refused_as("invalid_target")


def test_a_posted_request_keeps_all_it_picked(several: RelyingParty, browser: Browser, stranger: Browser) -> None:
    asked = several.prepares()
    form = urlencode([*asked.params.items(), ("resource", STUDIO), ("resource", ASSIST)])
    kind = "application/x-www-form-urlencoded"
    again = stranger.http.post(several.metadata["authorization_endpoint"], data=form, content_type=kind)
    code = AuthorizationAnswer(browser.opens(again.headers["Location"]), asked).code
    assert audience_of(several.redeems(code).tokens.access_token) == [STUDIO, ASSIST, several.op.issuer]

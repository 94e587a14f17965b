"""Silent requests: an answer at once, and never a page (OpenID Connect Core §3.1.2.1, §3.1.2.6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.app import MIA, Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.rp import REDIRECT_URI, RelyingParty

STATE = "0123456789" * 12 + "abcd-._~"


def test_somebody_signed_out_is_login_required(rp: RelyingParty, stranger: Browser) -> None:
    answer = rp.asks(stranger, prompt="none", state=STATE)
    assert answer.goes_to(REDIRECT_URI)
    assert answer.is_refused_as("login_required")


def test_somebody_signed_out_leaves_no_trace(op: OpenIdProvider, rp: RelyingParty, stranger: Browser) -> None:
    before = op.rows()
    answer = rp.asks(stranger, prompt="none")
    assert "Set-Cookie" not in answer.response.headers
    assert op.rows() == before


def test_somebody_signed_in_is_answered_as_the_same_person_with_the_same_auth_time(
    rp: RelyingParty, browser: Browser, clock: FrozenClock
) -> None:
    first = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)
    clock.advance(minutes=30)
    second = rp.verifies(rp.obtains_tokens_for(browser, nonce=None, prompt="none").id_token)
    assert {key: first[key] for key in ("sub", "auth_time", "sid", "acr", "amr")} == {
        key: second[key] for key in ("sub", "auth_time", "sid", "acr", "amr")
    }
    assert second["iat"] == first["iat"] + 30 * 60


def test_a_posted_silent_request_is_answered_too(rp: RelyingParty, browser: Browser) -> None:
    assert rp.posts(browser, prompt="none").has_a_code()


def test_an_ended_session_is_login_required(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, clock: FrozenClock
) -> None:
    clock.advance(hours=1)
    assert rp.asks(browser, prompt="none").is_refused_as("login_required")


@pytest.mark.parametrize("cookie", ["", "garbage", "x" * 43, "é", "a" * 4000])
def test_a_made_up_session_is_login_required(rp: RelyingParty, stranger: Browser, cookie: str) -> None:
    stranger.is_given("__Host-idp_sso.acme", cookie)
    assert rp.asks(stranger, prompt="none").is_refused_as("login_required")


def test_a_session_of_another_account_is_login_required(op: OpenIdProvider, rp: RelyingParty) -> None:
    op.account("umbrella")
    elsewhere = op.browser()
    op.signs_in(elsewhere, replace(MIA, account="umbrella"))
    assert rp.asks(elsewhere, prompt="none").is_refused_as("login_required")

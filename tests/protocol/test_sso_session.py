"""The SSO session: whose person answers a client, for how long, and what a new sign-in changes (CONTRACT rule 1)."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import MIA, SAM, Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.rp import RelyingParty

# Whose person


@pytest.fixture
def umbrella(op: OpenIdProvider) -> RelyingParty:
    """A service of another account."""
    op.account("umbrella")
    return RelyingParty.registered_at(op, "Umbrella", account="umbrella")


def test_a_client_never_receives_a_person_of_another_account(
    op: OpenIdProvider, umbrella: RelyingParty, browser: Browser
) -> None:
    assert umbrella.asks(browser).asks_to_sign_in()
    assert umbrella.asks(browser, prompt="none").is_refused_as("login_required")
    assert umbrella.posts(browser).asks_to_sign_in()


def test_another_accounts_session_does_not_answer_a_waiting_request(
    op: OpenIdProvider, umbrella: RelyingParty, stranger: Browser
) -> None:
    waiting = umbrella.asks(stranger)
    op.signs_in(stranger)
    assert (
        stranger.opens(f"/oauth/authorize/resume/?{urlsplit(waiting.location).query}").headers["Location"]
        == waiting.location
    )


def test_one_browser_can_hold_a_person_of_each_account(
    op: OpenIdProvider, rp: RelyingParty, umbrella: RelyingParty, browser: Browser
) -> None:
    op.signs_in(browser, replace(MIA, account="umbrella"))
    tokens = [one.obtains_tokens_for(browser, nonce=None) for one in (rp, umbrella)]
    claims = [one.verifies(given.id_token) for one, given in zip((rp, umbrella), tokens, strict=True)]
    assert [one["account"] for one in claims] == ["acme", "umbrella"]
    assert claims[0]["sub"] != claims[1]["sub"]


def test_the_same_cookie_under_another_accounts_name_serves_its_own_account_only(
    op: OpenIdProvider, umbrella: RelyingParty, browser: Browser
) -> None:
    browser.is_given("__Host-idp_sso.umbrella", browser.cookie("__Host-idp_sso.acme") or "")
    assert umbrella.asks(browser).asks_to_sign_in()


# Sessions


def test_an_idle_session_ends_after_an_hour(rp: RelyingParty, browser: Browser, clock: FrozenClock) -> None:
    for _ in range(3):
        clock.advance(minutes=59)
        assert rp.asks(browser).has_a_code()
    clock.advance(minutes=60)
    assert rp.asks(browser).asks_to_sign_in()


def test_a_busy_session_ends_after_twelve_hours(rp: RelyingParty, browser: Browser, clock: FrozenClock) -> None:
    for _ in range(23):
        clock.advance(minutes=30)
        assert rp.asks(browser).has_a_code()
    clock.advance(minutes=30)
    assert rp.asks(browser).asks_to_sign_in()


def test_the_same_person_signing_in_again_keeps_the_sid_under_a_new_cookie(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, clock: FrozenClock
) -> None:
    before = browser.cookie("__Host-idp_sso.acme")
    earlier = rp.obtains_tokens_for(browser, nonce=None)
    clock.advance(minutes=5)
    op.signs_in(browser)
    later = rp.obtains_tokens_for(browser, nonce=None)
    one, other = rp.verifies(earlier.id_token), rp.verifies(later.id_token)
    assert one["sid"] == other["sid"]
    assert one["auth_time"] < other["auth_time"]
    assert browser.cookie("__Host-idp_sso.acme") != before
    assert rp.asks_userinfo(earlier.access_token).succeeds()


def test_the_cookie_from_before_a_new_sign_in_opens_nothing(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, stranger: Browser
) -> None:
    stranger.is_given("__Host-idp_sso.acme", browser.cookie("__Host-idp_sso.acme") or "")
    assert rp.asks(stranger).has_a_code()
    op.signs_in(browser)
    assert rp.asks(stranger).asks_to_sign_in()


def test_another_person_signing_in_ends_the_first_ones_session(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    of_mia = rp.obtains_tokens_for(browser, nonce=None)
    unused = rp.obtains_a_code_for(browser)
    op.signs_in(browser, SAM)
    of_sam = rp.obtains_tokens_for(browser, nonce=None)
    one, other = rp.verifies(of_mia.id_token), rp.verifies(of_sam.id_token)
    assert one["sid"] != other["sid"]
    assert one["sub"] != other["sub"]
    assert rp.asks_userinfo(of_mia.access_token).is_refused_as("invalid_token")
    assert rp.asks_userinfo(of_sam.access_token).succeeds()
    assert rp.redeems(unused).is_refused_as("invalid_grant")


def test_a_disabled_person_is_not_signed_in_any_more(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
    op.disables(rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)["sub"])
    assert rp.asks(browser).asks_to_sign_in()


@BOTH_DATABASES
def test_signing_out_in_this_browser_means_signing_in_again(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    browser.signs_out()
    assert rp.asks(browser).asks_to_sign_in()
    assert rp.asks(browser, prompt="none").is_refused_as("login_required")

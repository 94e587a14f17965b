"""Whole sign-ins over HTTP, through the simulated platform and back to the service (ARCHITECTURE, walk 1)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.sandbox.platform import Fault
from tests.support.app import Browser, OpenIdProvider
from tests.support.platform import RunningPlatform
from tests.support.rp import AuthorizationAnswer, RelyingParty


@pytest.fixture
def rp(connected: OpenIdProvider) -> RelyingParty:
    return RelyingParty.registered_at(connected)


@pytest.fixture
def somebody(connected: OpenIdProvider) -> Browser:
    """A browser that has been nowhere yet."""
    return connected.browser()


def walks(
    rp: RelyingParty, somebody: Browser, platform: RunningPlatform, person: str = "manager"
) -> AuthorizationAnswer:
    """Walk from the service through the platform and back."""
    waiting = rp.asks(somebody)
    return replace(waiting, response=somebody.follows(somebody.returns_from(platform, waiting.response, person)))


def test_a_manager_signs_in_and_the_service_gets_their_claims(
    rp: RelyingParty, somebody: Browser, platform: RunningPlatform
) -> None:
    arrived = walks(rp, somebody, platform)
    assert arrived.goes_to(rp.redirect_uri)
    claims = rp.verifies(rp.redeems(arrived.code).tokens.id_token, nonce=arrived.asked.nonce)
    assert claims["account"] == "acme"
    assert claims["roles"] == ["deepdesk.manager"]
    assert claims["role_name"] == "deepdesk.manager"
    assert claims["email"] == "manager@acme.example"
    assert claims["email_verified"] is True


@pytest.mark.parametrize(
    ("person", "role"),
    [("agent", "deepdesk.agent"), ("editor", "deepdesk.editor"), ("no-role", "deepdesk.agent")],
)
def test_everybody_comes_with_their_role(
    rp: RelyingParty, somebody: Browser, platform: RunningPlatform, person: str, role: str
) -> None:
    arrived = walks(rp, somebody, platform, person)
    assert rp.asks_userinfo(rp.redeems(arrived.code).tokens.access_token).claims["role_name"] == role


def test_an_unverified_address_stays_so(rp: RelyingParty, somebody: Browser, platform: RunningPlatform) -> None:
    arrived = walks(rp, somebody, platform, "unverified")
    claims = rp.asks_userinfo(rp.redeems(arrived.code).tokens.access_token).claims
    assert (claims["email"], claims["email_verified"]) == ("unverified@acme.example", False)


def test_the_next_sign_in_finds_the_same_person(
    connected: OpenIdProvider, rp: RelyingParty, platform: RunningPlatform
) -> None:
    subjects = []
    for _ in range(2):
        arrived = walks(rp, connected.browser(), platform)
        subjects.append(rp.verifies(rp.redeems(arrived.code).tokens.id_token, nonce=arrived.asked.nonce)["sub"])
    assert subjects[0] == subjects[1]


def test_once_signed_in_the_next_service_needs_no_platform(
    connected: OpenIdProvider, rp: RelyingParty, somebody: Browser, platform: RunningPlatform
) -> None:
    walks(rp, somebody, platform)
    platform.requests.clear()
    other = RelyingParty.registered_at(connected, "Other")
    assert other.asks(somebody).has_a_code()
    assert platform.requests == []


def test_a_posted_request_survives_the_sign_in(rp: RelyingParty, somebody: Browser, platform: RunningPlatform) -> None:
    posted = rp.posts(somebody)
    back = somebody.returns_from(platform, posted.response)
    arrived = replace(posted, response=somebody.follows(back))
    assert rp.redeems(arrived.code).succeeds()


def test_the_hints_of_the_request_reach_the_platform(rp: RelyingParty, somebody: Browser) -> None:
    departure = somebody.follows(rp.asks(somebody, login_hint="mia@acme.example", ui_locales="nl").response)
    assert "login_hint=mia%40acme.example" in departure.headers["Location"]
    assert "ui_locales=nl" in departure.headers["Location"]


@pytest.mark.parametrize("fault", [Fault.REFUSAL, Fault.WRONG_NONCE, Fault.SERVER_ERROR])
def test_after_a_failure_there_is_a_way_back_to_the_service(
    rp: RelyingParty, somebody: Browser, platform: RunningPlatform, fault: Fault
) -> None:
    platform.fault = fault
    waiting = rp.asks(somebody)
    page = somebody.returns_from(platform, waiting.response)
    assert page.status_code >= 400
    assert 'id="error"' in page.text
    way_back = page.text.partition('href="/oauth/authorize/resume/')[2].partition('"')[0].replace("&amp;", "&")
    denied = replace(waiting, response=somebody.opens(f"/oauth/authorize/resume/{way_back}"))
    assert denied.is_refused_as("access_denied")


def test_after_a_failure_another_try_works(rp: RelyingParty, somebody: Browser, platform: RunningPlatform) -> None:
    platform.fault = Fault.WRONG_NONCE
    waiting = rp.asks(somebody)
    assert somebody.returns_from(platform, waiting.response).status_code == 403
    platform.fault = Fault.NONE
    arrived = somebody.follows(somebody.returns_from(platform, waiting.response))
    assert replace(waiting, response=arrived).has_a_code()


def test_after_signing_out_the_only_platform_is_offered_not_taken(
    rp: RelyingParty, somebody: Browser, platform: RunningPlatform
) -> None:
    walks(rp, somebody, platform)
    somebody.signs_out()
    page = somebody.follows(rp.asks(somebody).response)
    assert page.status_code == 200
    assert 'data-provider="platform"' in page.text


def test_with_an_http_issuer_cookies_have_no_prefix_and_are_not_secure(
    rp: RelyingParty, somebody: Browser, platform: RunningPlatform
) -> None:
    waiting = rp.asks(somebody)
    back = somebody.returns_from(platform, waiting.response)
    (set_cookie,) = [line for line in back.headers.getlist("Set-Cookie") if line.startswith("idp_sso.acme=")]
    attributes = {part.strip() for part in set_cookie.split(";")[1:]}
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= attributes
    assert "Secure" not in attributes

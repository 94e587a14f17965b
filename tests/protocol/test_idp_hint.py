"""``idp_hint`` goes straight to an upstream provider (CONTRACT §4); one way in needs no hint (rule 9)."""

from __future__ import annotations

import pytest

from tests.support.app import Browser, OpenIdProvider
from tests.support.platform import RunningPlatform
from tests.support.rp import RelyingParty


@pytest.fixture
def rp(connected: OpenIdProvider) -> RelyingParty:
    """A service of an account with two upstream providers."""
    connected.upstream("other")
    return RelyingParty.registered_at(connected)


@pytest.fixture
def somebody(connected: OpenIdProvider) -> Browser:
    """A browser that has been nowhere yet."""
    return connected.browser()


def test_with_two_providers_the_person_chooses(rp: RelyingParty, somebody: Browser) -> None:
    page = somebody.follows(rp.asks(somebody).response).text
    assert 'data-provider="platform"' in page
    assert 'data-provider="other"' in page


def test_a_hint_goes_straight(rp: RelyingParty, somebody: Browser, platform: RunningPlatform) -> None:
    departure = somebody.follows(rp.asks(somebody, idp_hint="platform").response).headers["Location"]
    assert departure.startswith(f"{platform.issuer}/")


@pytest.mark.parametrize("hint", ["nobody", "PLATFORM", "platform ", "staff:google"])
def test_a_hint_that_names_no_provider_is_a_wish_not_granted(rp: RelyingParty, somebody: Browser, hint: str) -> None:
    page = somebody.follows(rp.asks(somebody, idp_hint=hint).response)
    assert page.status_code == 200
    assert 'data-provider="platform"' in page.text


def test_a_hint_goes_straight_even_after_a_sign_out(
    rp: RelyingParty, somebody: Browser, connected: OpenIdProvider, platform: RunningPlatform
) -> None:
    connected.signs_in(somebody)
    somebody.signs_out()
    departure = somebody.follows(rp.asks(somebody, idp_hint="platform").response).headers["Location"]
    assert departure.startswith(f"{platform.issuer}/")

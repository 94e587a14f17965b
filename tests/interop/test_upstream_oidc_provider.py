"""npm ``oidc-provider`` as upstream: people get in, whatever is wrong with its answer keeps them out."""

from __future__ import annotations

import pytest

from tests.interop.foreign import Upstream
from tests.interop.service import Service, claims_by_pyjwt
from tests.interop.walking import Browser, Page
from tests.support.serve import Served

FAULTS = ("issuer", "audience", "nonce", "signature", "none", "hmac", "expired")


def _is_refused(page: Page, provider: Served) -> bool:
    """Whether the person sees our own error page."""
    return page.url.startswith(provider.issuer) and page.status >= 400 and page.has("error")


def _closed_users(provider: Served) -> object:
    return provider.command("users", "list", "--account", "closed")


@pytest.mark.parametrize("person", ["manager", "agent"])
def test_a_person_signs_in_with_the_roles_of_the_upstream(person: str, browser: Browser, service: Service) -> None:
    sign_in = browser.open(service.authorize_url())
    callback = browser.submit(sign_in, person=person)
    assert callback.query["state"] == "service-state"
    assert callback.query["iss"] == service.issuer

    tokens = service.redeem(callback.query["code"])
    claims = claims_by_pyjwt(service.issuer, service.client_id, tokens["id_token"])
    assert claims["roles"] == [f"deepdesk.{person}"]
    assert claims["role_name"] == f"deepdesk.{person}"
    assert claims["account"] == "acme"
    assert claims["nonce"] == "service-nonce"
    assert claims["email"] == f"{person}@example.com"


def test_a_second_sign_in_needs_no_upstream(browser: Browser, service: Service) -> None:
    browser.submit(browser.open(service.authorize_url()), person="manager")
    assert "code" in browser.open(service.authorize_url(state="second")).query


def test_an_honest_token_signed_again_is_accepted(browser: Browser, service: Service, upstream: Upstream) -> None:
    """So the refusals below are for the fault, not for the way in which it is made."""
    with upstream.faulty("resigned"):
        assert "code" in browser.submit(browser.open(service.authorize_url()), person="agent").query


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_id_token_lets_nobody_in(
    fault: str, browser: Browser, closed_service: Service, upstream: Upstream, provider: Served
) -> None:
    with upstream.faulty(fault):
        page = browser.submit(browser.open(closed_service.authorize_url()), person="manager")
    assert _is_refused(page, provider), page
    assert _closed_users(provider) == []


def test_a_cancelled_sign_in_is_an_error_page(browser: Browser, closed_service: Service, provider: Served) -> None:
    page = browser.submit(browser.open(closed_service.authorize_url()), person="nobody")
    assert _is_refused(page, provider), page
    assert _closed_users(provider) == []


def test_a_state_that_we_never_made_is_refused(browser: Browser, closed_service: Service, provider: Served) -> None:
    browser.open(closed_service.authorize_url())
    callback = provider.command("providers", "show", "closed", "npm")["redirect_uri"]
    page = browser.open(f"{callback}?code=made-up&state=made-up")
    assert _is_refused(page, provider), page
    assert _closed_users(provider) == []


def test_a_callback_in_another_browser_is_refused_and_spends_nothing(
    browser: Browser, other_browser: Browser, service: Service, provider: Served
) -> None:
    ours = provider.command("providers", "show", "acme", "npm")["redirect_uri"]
    sign_in = browser.open(service.authorize_url())
    browser.stop, before = ours, browser.stop
    callback = browser.submit(sign_in, person="manager")
    assert callback.url.startswith(ours)

    assert _is_refused(other_browser.open(callback.url), provider)
    browser.stop = before
    assert "code" in browser.open(callback.url).query


def test_a_callback_in_another_browser_makes_no_user(
    browser: Browser, other_browser: Browser, closed_service: Service, provider: Served
) -> None:
    browser.stop = provider.command("providers", "show", "closed", "npm")["redirect_uri"]
    callback = browser.submit(browser.open(closed_service.authorize_url()), person="manager")
    assert _is_refused(other_browser.open(callback.url), provider)
    assert _closed_users(provider) == []


def test_the_state_of_one_provider_is_refused_at_the_callback_of_another(
    browser: Browser, closed_service: Service, provider: Served
) -> None:
    """RFC 9700 §4.4, mix-up."""
    addresses = [
        provider.command("providers", "show", account, "npm")["redirect_uri"] for account in ("closed", "acme")
    ]
    browser.stop = addresses[0]
    callback = browser.submit(browser.open(closed_service.authorize_url()), person="manager")
    page = browser.open(callback.url.replace(addresses[0], addresses[1]))
    assert _is_refused(page, provider), page
    assert _closed_users(provider) == []

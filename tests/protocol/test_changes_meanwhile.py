"""What changes between a request and its answer counts: registrations, accounts, sessions (CONTRACT §6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from idp.services.registry import accounts, clients, providers
from idp.store.sso_sessions import SsoSession
from idp.store.unit_of_work import reading
from tests.support.app import Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.platform import Seen, running_platform
from tests.support.rp import RelyingParty


def changes_the_client(op: OpenIdProvider, rp: RelyingParty, **changes: Any) -> None:
    with op.app.app_context():
        clients.update(rp.client_id, changes, context=op.context)


def sets_the_account(op: OpenIdProvider, *, enabled: bool) -> None:
    with op.app.app_context():
        accounts.set_enabled("acme", enabled=enabled, context=op.context)


@pytest.mark.parametrize("end", ["", "&cancel=1"])
def test_a_redirect_uri_that_was_taken_away_gets_no_answer(
    op: OpenIdProvider, rp: RelyingParty, stranger: Browser, end: str
) -> None:
    waiting = rp.asks(stranger).response.headers["Location"]
    resume = waiting.replace("/login/", "/oauth/authorize/resume/")
    op.signs_in(stranger)
    changes_the_client(op, rp, redirect_uris=("https://elsewhere.example/",))
    answer = stranger.opens(resume + end)
    assert answer.status_code == 400
    assert 'id="error"' in answer.text


def test_a_scope_that_was_taken_away_is_not_granted(op: OpenIdProvider, rp: RelyingParty, stranger: Browser) -> None:
    asked = rp.asks(stranger, scope="openid email roles")
    op.signs_in(stranger)
    changes_the_client(op, rp, scope="openid roles")
    arrived = stranger.follows(asked.response)
    answer = replace(asked, response=arrived)
    assert rp.redeems(answer.code).body["scope"] == "openid roles"


def test_disabling_an_account_ends_what_was_open_for_good(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    tokens = rp.obtains_tokens_for(browser)
    sets_the_account(op, enabled=False)
    sets_the_account(op, enabled=True)
    assert rp.asks(browser, prompt="none").is_refused_as("login_required")
    assert rp.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")


def test_signing_out_ends_a_session_that_no_longer_signs_anybody_in(
    op: OpenIdProvider, browser: Browser, clock: FrozenClock
) -> None:
    clock.advance(minutes=61)
    assert 'id="logout-confirm"' in browser.opens("/logout/").text
    browser.signs_out()
    assert browser.cookie("__Host-idp_sso.acme") is None
    with op.app.app_context(), reading() as session:
        assert session.scalars(select(SsoSession.ended_at)).all() == [clock.now()]


def test_who_signed_in_in_another_tab_is_not_asked_again(
    op: OpenIdProvider, rp: RelyingParty, stranger: Browser
) -> None:
    waiting = [rp.asks(stranger) for _tab in range(2)]
    op.signs_in(stranger)
    for one in waiting:
        assert replace(one, response=stranger.follows(one.response)).has_a_code()


@pytest.fixture
def somebody(connected: OpenIdProvider) -> Browser:
    """A browser at a provider whose upstream can be reached."""
    return connected.browser()


class Interrupting(list[Seen]):
    """What a platform records its requests in; the first one makes something happen elsewhere."""

    def __init__(self, happens: Callable[[], None]) -> None:
        super().__init__()
        self._happens = happens

    def append(self, seen: Seen) -> None:
        if not self:
            self._happens()
        super().append(seen)


def test_a_provider_that_is_removed_while_somebody_departs_is_a_page(
    connected: OpenIdProvider, somebody: Browser
) -> None:
    def removes() -> None:
        with connected.app.app_context():
            providers.delete("acme", "platform", context=connected.context)

    with running_platform() as asked:
        connected.connects("platform", asked)
        asked.requests = Interrupting(removes)
        page = somebody.follows(RelyingParty.registered_at(connected).asks(somebody).response)
    assert page.status_code == 404
    assert 'id="error"' in page.text

"""What a server keeps of clients in memory, while they change elsewhere (CONTRACT §6 rule 16)."""

from __future__ import annotations

import pytest

from idp.domain.identifiers import ClientId
from idp.store import clients
from idp.store.clients import Client
from idp.store.unit_of_work import unit_of_work
from tests.support.app import Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.rp import REDIRECT_URI, RelyingParty

OTHER_URI = "https://studio.example.com/other"


@pytest.fixture
def known(rp: RelyingParty, browser: Browser) -> RelyingParty:
    """A service that this server has just dealt with."""
    assert rp.asks(browser).has_a_code()
    return rp


def registers(rp: RelyingParty, *redirect_uris: str) -> None:
    """Change the redirect URIs as another process does, of whose doings this one hears nothing."""
    with rp.op.app.app_context(), unit_of_work() as session:
        session.get_one(Client, rp.client_id).redirect_uris = list(redirect_uris)


def removes(rp: RelyingParty) -> None:
    with rp.op.app.app_context(), unit_of_work() as session:
        clients.remove(session, ClientId(rp.client_id))


def test_a_new_redirect_uri_counts_at_once(known: RelyingParty, browser: Browser) -> None:
    registers(known, REDIRECT_URI, OTHER_URI)
    assert known.asks(browser, redirect_uri=OTHER_URI).goes_to(OTHER_URI)


def test_one_that_was_taken_away_is_gone_within_seconds(
    known: RelyingParty, browser: Browser, clock: FrozenClock
) -> None:
    registers(known, OTHER_URI)
    clock.advance(seconds=10)
    assert known.asks(browser).is_a_page_about("invalid_request")


def test_a_change_by_this_very_process_is_seen_at_once(known: RelyingParty, browser: Browser) -> None:
    known.op.runs("clients", "update", known.client_id, "--redirect-uri", OTHER_URI)
    assert known.asks(browser).is_a_page_about("invalid_request")


class TestAClientThatWasRemovedElsewhere:
    def test_is_unknown_within_seconds(self, known: RelyingParty, browser: Browser, clock: FrozenClock) -> None:
        removes(known)
        clock.advance(seconds=10)
        assert known.asks(browser).is_a_page_about("invalid_client")

    def test_gets_no_code_and_no_server_error_until_then(
        self, op: OpenIdProvider, known: RelyingParty, browser: Browser
    ) -> None:
        removes(known)
        assert known.asks(browser).response.status_code == 400
        assert known.asks(op.browser()).response.status_code == 400

    def test_gets_no_token(self, op: OpenIdProvider, browser: Browser) -> None:
        rp = RelyingParty.registered_at(op, "Both", grant_types=("authorization_code", "client_credentials"))
        code = rp.obtains_a_code_for(browser)
        removes(rp)
        assert rp.redeems(code).is_refused_as("invalid_grant")
        assert rp.calls_token(grant_type="client_credentials").is_refused_as("invalid_client")

    def test_pushes_nothing(self, op: OpenIdProvider, known: RelyingParty) -> None:
        removes(known)
        form = {"client_id": known.client_id, "client_secret": known.client_secret, **known.prepares().params}
        assert op.browser().posts("/oauth/par/", form).status_code == 401

"""Signing out: what ends, what may end it, and how soon (CONTRACT §6 rules 14 and 16)."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp.domain.jars import Jar
from idp.store.outbox import OutboxItem
from idp.store.unit_of_work import reading
from tests.support.app import MIA, Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.rp import RelyingParty
from tests.support.widget import ACCESS, Jars, Widget

TOP, PARTITIONED = Jar.TOP, Jar.PARTITIONED
EAR = "https://studio.example.com/backchannel"
SOON = 10


@pytest.fixture
def mia(widget: Widget) -> Widget:
    """A page of acme's platform where Mia is signed in by her platform's own provider, in both jars."""
    widget.signs_in_in_a_window(MIA)
    assert widget.takes_over().status_code == 200
    return widget


@pytest.fixture
def studio(op: OpenIdProvider) -> RelyingParty:
    return RelyingParty.registered_at(op, backchannel_logout_uri=EAR)


def browser_of(widget: Widget) -> Browser:
    """Return the windows of the same browser: what single sign-on knows of it."""
    browser = widget.op.browser()
    for (jar, name, _), value in widget.jars.kept.items():
        if jar is TOP:
            browser.is_given(name, value)
    return browser


def left_open(widget: Widget) -> Widget:
    """Return what the browser would send if clearing had not reached it."""
    page = Widget(widget.op, origin=widget.origin, jars=widget.jars.copy())
    page.csrf_access, page.csrf_refresh = widget.csrf_access, widget.csrf_refresh
    return page


def told(op: OpenIdProvider) -> list[str]:
    """Return the clients that are to hear of an end."""
    with op.app.app_context(), reading() as session:
        return [str(one["client_id"]) for one in session.scalars(select(OutboxItem.payload))]


def is_over(answer: TestResponse) -> bool:
    return (answer.status_code, answer.get_json()["error"]) == (401, "signed_out")


class TestWhatEnds:
    def test_the_cookies_in_both_jars(self, mia: Widget) -> None:
        copies = (left_open(mia), left_open(mia.window()))
        assert mia.signs_out().get_json() == {"signed_out": True}
        for copy in copies:
            assert is_over(copy.asks())
            assert is_over(copy.renews())
        assert not [key for key in mia.jars.kept if key[1] == ACCESS]

    def test_single_sign_on(self, mia: Widget, studio: RelyingParty) -> None:
        browser = browser_of(mia)
        assert studio.asks(browser, prompt="none").has_a_code()
        mia.signs_out()
        assert studio.asks(browser, prompt="none").is_refused_as("login_required")

    def test_refresh_tokens_of_the_session(self, mia: Widget, studio: RelyingParty) -> None:
        tokens = studio.obtains_tokens_for(browser_of(mia))
        mia.signs_out()
        assert studio.refreshes(tokens).is_refused_as("invalid_grant")

    def test_but_not_those_that_outlive_it(self, op: OpenIdProvider, mia: Widget) -> None:
        backend = RelyingParty.registered_at(op, "Backend", scope="openid offline_access")
        tokens = backend.obtains_tokens_for(browser_of(mia), scope="openid offline_access")
        mia.signs_out()
        assert backend.refreshes(tokens).succeeds()

    def test_services_are_told(self, mia: Widget, studio: RelyingParty) -> None:
        studio.obtains_tokens_for(browser_of(mia))
        assert told(mia.op) == []
        mia.signs_out()
        assert told(mia.op) == [studio.client_id]

    def test_services_are_told_once(self, mia: Widget, studio: RelyingParty) -> None:
        studio.obtains_tokens_for(browser_of(mia))
        copy = left_open(mia)
        mia.signs_out()
        assert copy.signs_out().status_code == 200
        assert told(mia.op) == [studio.client_id]

    def test_not_the_session_of_another_browser(self, op: OpenIdProvider, mia: Widget) -> None:
        elsewhere = Widget(op)
        elsewhere.signs_in_in_a_window(MIA)
        mia.signs_out()
        assert elsewhere.window().renews().status_code == 200

    def test_also_after_a_copied_cookie_ended_the_cookies(
        self, mia: Widget, studio: RelyingParty, clock: FrozenClock
    ) -> None:
        """A replay ends the tokens of one jar; whoever then signs out means the whole session."""
        tokens = studio.obtains_tokens_for(browser_of(mia))
        thief = left_open(mia)
        mia.renews()
        clock.advance(seconds=10)
        assert is_over(thief.renews())
        mia.third_party = False
        assert mia.signs_out().status_code == 200
        assert studio.refreshes(tokens).is_refused_as("invalid_grant")
        assert is_over(left_open(mia.window()).asks())

    def test_both_sessions_of_one_person_in_the_two_jars(self, widget: Widget) -> None:
        """Where an agent's jars hold two sessions of theirs, clearing takes both, so both end."""
        server = widget.beside(origin=None)
        server.signs_in_by_key()
        widget.signs_in_by_key()
        copy = left_open(server)
        copy.origin = None
        assert copy.asks().status_code == 200
        widget.signs_out()
        assert is_over(copy.asks())


class TestWhatMayEndIt:
    def test_an_expired_access_cookie(self, mia: Widget, studio: RelyingParty, clock: FrozenClock) -> None:
        tokens = studio.obtains_tokens_for(browser_of(mia))
        clock.advance(hours=3)
        assert mia.signs_out().status_code == 200
        assert studio.refreshes(tokens).is_refused_as("invalid_grant")

    def test_which_is_good_for_nothing_else(self, mia: Widget, clock: FrozenClock) -> None:
        clock.advance(hours=3)
        for answer in (mia.asks(), mia.exchanges()):
            assert (answer.status_code, answer.get_json()["error"]) == (401, "expired")

    def test_not_a_refresh_cookie(self, mia: Widget) -> None:
        page = left_open(mia)
        page.jars = Jars({key: value for key, value in mia.jars.kept.items() if key[1] != ACCESS})
        assert is_over(page.signs_out())
        assert mia.asks().status_code == 200

    def test_not_twice(self, mia: Widget) -> None:
        copy = left_open(mia)
        mia.signs_out()
        before = mia.op.rows()
        assert copy.signs_out().status_code == 200
        assert copy.op.rows() == before

    def test_not_without_any(self, widget: Widget) -> None:
        assert is_over(widget.signs_out())


class TestElsewhere:
    """Endings that begin somewhere else reach the cookies within ten seconds."""

    def test_on_the_sign_out_page(self, mia: Widget, clock: FrozenClock) -> None:
        browser_of(mia).signs_out()
        clock.advance(seconds=SOON)
        assert is_over(mia.asks())
        assert is_over(mia.renews())

    def test_by_an_operator(self, op: OpenIdProvider, mia: Widget, clock: FrozenClock) -> None:
        op.runs("users", "sign-out", "mia@acme.example", "--account", "acme")
        clock.advance(seconds=SOON)
        assert is_over(mia.asks())
        assert is_over(mia.renews())

    @pytest.mark.parametrize("gone", ["person", "account"])
    def test_by_disabling(self, op: OpenIdProvider, mia: Widget, clock: FrozenClock, gone: str) -> None:
        # An origin of an enabled account, so that the page may read what it is told.
        mia.origin = None
        if gone == "person":
            op.runs("users", "disable", "mia@acme.example", "--account", "acme")
        else:
            op.runs("accounts", "disable", "acme")
        clock.advance(seconds=SOON)
        assert is_over(mia.asks())
        assert is_over(mia.renews())
        assert is_over(mia.exchanges())

    def test_at_the_wish_of_a_service(self, mia: Widget, studio: RelyingParty, clock: FrozenClock) -> None:
        browser = browser_of(mia)
        tokens = studio.obtains_tokens_for(browser)
        browser.opens("/oauth/logout/", query_string={"id_token_hint": tokens.id_token})
        clock.advance(seconds=SOON)
        assert is_over(mia.asks())

    def test_of_one_browser_not_of_another(self, op: OpenIdProvider, mia: Widget) -> None:
        elsewhere = Widget(op)
        elsewhere.signs_in_in_a_window(MIA)
        browser_of(elsewhere).signs_out()
        assert mia.renews().status_code == 200

"""A session is renewed in time, once for all tabs, and ends only when the provider says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext

from tests.widget_sdk.conftest import NewTab, SignIn
from tests.widget_sdk.provider import ACCESS_SECONDS, Provider
from tests.widget_sdk.tab import Tab
from tests.widget_sdk.words import tell

EARLIEST, LATEST = ACCESS_SECONDS - 90, ACCESS_SECONDS - 60
TABS = 8
PAUSES = ((0, 2), (1, 3), (4, 4), (8, 8), (16, 16), (30, 30), (30, 30))
"""Seconds that are too few for the next attempt, and those after which it is made: a quarter is left to chance."""


@pytest.fixture
def pass_time(context: BrowserContext, provider: Provider) -> Callable[[float], None]:
    """Return a function that moves the clocks of all tabs and of the provider; what is due then, is done."""
    context.clock.install()

    def move(seconds: float) -> None:
        provider.ahead += seconds
        context.clock.fast_forward(int(seconds * 1000))

    return move


@pytest.fixture
def started(pass_time: Callable[[float], None], new_tab: NewTab, signed_in: SignIn) -> Tab:
    """A tab whose clock can be moved, with a session."""
    signed_in("8001")
    tab = new_tab()
    assert tab.does("start")
    return tab


def test_nothing_is_renewed_before_its_time(
    started: Tab, provider: Provider, pass_time: Callable[[float], None]
) -> None:
    pass_time(EARLIEST - 5)
    started.page.wait_for_timeout(300)
    assert provider.renewals() == 0


def test_a_session_is_renewed_before_it_expires(
    started: Tab, provider: Provider, pass_time: Callable[[float], None]
) -> None:
    pass_time(LATEST + 1)
    assert started.waits_for("renewed") == {"expiresIn": ACCESS_SECONDS}
    assert provider.renewals() == 1
    assert started.names == ["signed-in", "renewed"]


def test_it_is_renewed_again_and_again(started: Tab, provider: Provider, pass_time: Callable[[float], None]) -> None:
    for times in (1, 2, 3):
        pass_time(LATEST + 1)
        started.waits_for("renewed", times=times)
    assert provider.renewals() == 3


def test_a_short_life_is_renewed_halfway(signed_in: SignIn, tab: Tab, provider: Provider) -> None:
    provider.access_seconds = 4
    signed_in("8001")
    tab.does("start")
    tab.waits_for("renewed")
    assert provider.renewals() == 1
    assert provider.calls["GET /auth/session/"] == 2


def test_a_page_that_slept_renews_when_it_is_seen_again(
    started: Tab, provider: Provider, pass_time: Callable[[float], None]
) -> None:
    started.page.evaluate("setTimeout = () => {}")  # from now on the page's timers are as in a frozen tab
    pass_time(60)
    pass_time(LATEST)
    started.page.wait_for_timeout(300)
    assert provider.renewals() == 0
    started.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    started.waits_for("renewed")
    assert provider.renewals() == 1


def test_of_eight_tabs_that_find_an_expired_session_one_renews(
    new_tab: NewTab, signed_in: SignIn, provider: Provider
) -> None:
    signed_in("8001")
    provider.ahead = ACCESS_SECONDS + 1
    provider.delays["/auth/refresh"] = 0.3
    tabs = [new_tab() for _ in range(TABS)]
    for tab in tabs:
        tab.begins("start")
    assert [tab.outcome() for tab in tabs] == [True] * TABS
    assert provider.renewals() == 1
    assert [tab.names for tab in tabs] == [["signed-in"]] * TABS


def test_of_eight_tabs_whose_time_has_come_one_renews(
    pass_time: Callable[[float], None], new_tab: NewTab, signed_in: SignIn, provider: Provider
) -> None:
    signed_in("8001")
    provider.delays["/auth/refresh"] = 0.3
    tabs = [new_tab() for _ in range(TABS)]
    assert [tab.does("start") for tab in tabs] == [True] * TABS
    pass_time(LATEST + 1)
    for tab in tabs:
        tab.waits_for("renewed")
    assert provider.renewals() == 1
    assert {tab.state for tab in tabs} == {"signed-in"}
    pass_time(LATEST + 1)
    for tab in tabs:
        tab.waits_for("renewed", times=2)
    assert provider.renewals() == 2


def test_a_tab_that_hears_of_a_renewal_while_it_looks_does_not_renew(
    tab: Tab, signed_in: SignIn, provider: Provider
) -> None:
    signed_in("8001")
    tab.does("start")
    [session] = provider.sessions.values()
    session.expires_at += 300  # as another tab has renewed it
    provider.delays["/auth/session/"] = 0.5
    tab.begins("renew")
    tell(tab, provider, {"type": "renewed", "user": "8001", "until": session.expires_at * 1000})
    assert tab.outcome() is True
    assert provider.renewals() == 0


def test_a_tab_that_has_heard_of_a_renewal_waits_for_the_next_one(
    started: Tab, provider: Provider, pass_time: Callable[[float], None]
) -> None:
    until = started.page.evaluate("Date.now()") + 2 * ACCESS_SECONDS * 1000
    tell(started, provider, {"type": "renewed", "user": "8001", "until": until})
    started.waits_for("renewed")
    pass_time(LATEST + 1)
    started.page.wait_for_timeout(300)
    assert provider.renewals() == 0


def test_tabs_that_renew_at_once_do_not_sign_each_other_out(
    new_tab: NewTab, signed_in: SignIn, provider: Provider
) -> None:
    signed_in("8001")
    tabs = [new_tab() for _ in range(TABS)]
    for tab in tabs:
        tab.does("start")
    for tab in tabs:
        tab.begins("renew")
    assert [tab.outcome() for tab in tabs] == [True] * TABS
    assert {tab.state for tab in tabs} == {"signed-in"}
    assert provider.live() == ["8001"]


def test_a_browser_without_web_locks_renews_by_itself(tab: Tab, signed_in: SignIn, provider: Provider) -> None:
    signed_in("8001")
    tab.page.evaluate("Object.defineProperty(navigator, 'locks', { value: undefined })")
    assert [tab.does("start"), tab.does("renew")] == [True, True]
    assert provider.renewals() == 1


def test_a_tab_that_never_lets_go_holds_the_others_up_for_a_while_only(
    new_tab: NewTab, signed_in: SignIn, provider: Provider
) -> None:
    signed_in("8001")
    stuck, tab = new_tab(), new_tab()
    stuck.page.evaluate(
        "name => { navigator.locks.request(name, () => new Promise(() => {})); }",
        f"deepdesk-session:{provider.issuer}:acme",
    )
    tab.page.evaluate(
        "() => { const timeout = AbortSignal.timeout; AbortSignal.timeout = () => timeout.call(AbortSignal, 400); }"
    )
    tab.begins("start")
    tab.waits_for("signed-in")


@pytest.mark.parametrize("fault", ["500", "lost", "half"])
@pytest.mark.parametrize("path", ["/auth/session/", "/auth/refresh"])
def test_a_lost_answer_keeps_the_state_and_is_asked_for_again(
    path: str, fault: str, tab: Tab, signed_in: SignIn, provider: Provider
) -> None:
    signed_in("8001")
    tab.does("start")
    provider.faults[path] = [fault]
    assert tab.does("renew") is False
    assert tab.state == "signed-in"
    assert tab.says("person.user_id") == "8001"
    tab.waits_for("renewed")
    assert tab.names == ["signed-in", "unreachable", "renewed"]


def test_without_a_network_the_state_stays_beyond_the_expiry(
    started: Tab, context: BrowserContext, provider: Provider, pass_time: Callable[[float], None]
) -> None:
    context.set_offline(True)
    pass_time(ACCESS_SECONDS + 60)
    started.waits_for("unreachable")
    assert started.state == "signed-in"
    context.set_offline(False)
    started.waits_for("renewed")
    assert "signed-out" not in started.names


def test_the_pauses_between_attempts_grow_up_to_a_minute(
    started: Tab, provider: Provider, pass_time: Callable[[float], None]
) -> None:
    provider.faults["/auth/session/"] = ["500"] * 20
    pass_time(LATEST + 1)
    started.waits_for("unreachable")
    for attempt, (too_early, rest) in enumerate(PAUSES, start=1):
        pass_time(too_early)
        assert started.names.count("unreachable") == attempt
        pass_time(rest)
        started.waits_for("unreachable", times=attempt + 1)


def test_a_network_that_is_back_is_used_at_once(
    started: Tab, provider: Provider, pass_time: Callable[[float], None]
) -> None:
    provider.faults["/auth/session/"] = ["500"] * 6
    pass_time(LATEST + 1)
    for attempt in range(1, 6):
        started.waits_for("unreachable", times=attempt)
        pass_time(60)
    started.waits_for("unreachable", times=6)
    started.page.evaluate("dispatchEvent(new Event('online'))")
    started.waits_for("renewed")


def test_a_session_that_ended_at_the_provider_is_over_at_the_next_renewal(
    started: Tab, provider: Provider, pass_time: Callable[[float], None]
) -> None:
    provider.end_all()
    pass_time(LATEST + 1)
    assert started.waits_for("signed-out") == {"reason": "expired"}
    assert started.state == "signed-out"
    assert started.says("person") is None
    assert started.says("roles") == []
    assert started.says("csrf") is None


def test_after_the_end_nothing_is_asked_any_more(
    started: Tab, provider: Provider, pass_time: Callable[[float], None]
) -> None:
    provider.end_all()
    started.does("renew")
    before = provider.calls.copy()
    pass_time(10 * ACCESS_SECONDS)
    started.page.wait_for_timeout(300)
    assert provider.calls == before

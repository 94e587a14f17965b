"""What a page finds when it is opened."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from tests.widget_sdk.conftest import NewTab, SignIn
from tests.widget_sdk.provider import ACCESS_SECONDS, Provider
from tests.widget_sdk.tab import Tab


def test_nothing_is_known_or_asked_before_the_page_starts(tab: Tab, provider: Provider) -> None:
    assert tab.state == "unknown"
    assert tab.says("person") is None
    assert not [call for call in provider.calls if "/auth/" in call or "/session/" in call]


def test_without_a_session_nobody_is_signed_in_and_nothing_is_said(tab: Tab) -> None:
    assert tab.does("start") is False
    assert tab.state == "signed-out"
    assert tab.events == []


def test_a_session_of_an_earlier_visit_is_found(tab: Tab, signed_in: SignIn) -> None:
    signed_in("8001")
    assert tab.does("start") is True
    person = {"account": "acme", "user_id": "8001", "user_name": "Agent 8001", "user_email": "8001@acme.example"}
    assert tab.state == "signed-in"
    assert tab.says("person") == person
    assert tab.says("roles") == ["deepdesk.agent"]
    assert tab.says("csrf").startswith("access-")
    assert tab.events == [("signed-in", {"person": person, "roles": ["deepdesk.agent"]})]


def test_starting_twice_says_nothing_new(tab: Tab, signed_in: SignIn) -> None:
    signed_in("8001")
    assert [tab.does("start"), tab.does("start")] == [True, True]
    assert tab.names == ["signed-in"]


def test_an_expired_session_is_renewed(tab: Tab, signed_in: SignIn, provider: Provider) -> None:
    signed_in("8001")
    provider.ahead = ACCESS_SECONDS + 1
    assert tab.does("start") is True
    assert provider.renewals() == 1
    assert tab.names == ["signed-in"]


def test_an_expired_session_that_cannot_be_renewed_is_over(
    tab: Tab, signed_in: SignIn, provider: Provider, context: BrowserContext
) -> None:
    signed_in("8001")
    provider.ahead = ACCESS_SECONDS + 1
    context.clear_cookies(name="refresh_token_cookie")
    assert tab.does("start") is False
    assert tab.state == "signed-out"
    assert tab.events == [("signed-out", {"reason": "expired"})]


def test_a_session_of_another_account_is_not_ours(tab: Tab, signed_in: SignIn, provider: Provider) -> None:
    signed_in("8001")
    provider.account = "other"
    assert tab.does("start") is False
    assert tab.state == "signed-out"
    assert tab.events == []
    assert provider.live() == ["8001"]


def test_a_provider_in_trouble_is_asked_again_until_it_answers(tab: Tab, signed_in: SignIn, provider: Provider) -> None:
    signed_in("8001")
    provider.faults["/auth/session/"] = ["500", "lost"]
    assert tab.does("start") is False
    assert tab.state == "unknown"
    tab.waits_for("signed-in")
    assert tab.names == ["unreachable", "unreachable", "signed-in"]


def test_a_listener_can_be_removed(tab: Tab, signed_in: SignIn) -> None:
    signed_in("8001")
    tab.page.evaluate("""() => {
        seen = [];
        const remove = session.on("signed-in", () => seen.push("removed"));
        session.on("signed-in", () => seen.push("stays"));
        remove();
    }""")
    tab.does("start")
    assert tab.page.evaluate("seen") == ["stays"]


def test_a_mistake_in_a_listener_stops_nothing(tab: Tab, signed_in: SignIn) -> None:
    signed_in("8001")
    tab.page.evaluate("session.on('signed-in', () => { throw new Error('of the page') })")
    assert tab.does("start") is True


def test_a_closed_object_says_and_does_nothing_more(tab: Tab, signed_in: SignIn, provider: Provider) -> None:
    signed_in("8001")
    tab.page.evaluate("session.close()")
    assert tab.does("start") is False
    assert tab.events == []
    assert provider.calls["GET /auth/session/"] == 0


def test_nothing_is_kept_in_the_page_or_written_to_its_console(new_tab: NewTab, signed_in: SignIn) -> None:
    signed_in("8001")
    tab = new_tab()
    written: list[str] = []
    tab.page.on("console", lambda message: written.append(message.text))
    tab.does("start")
    tab.does("renew")
    assert tab.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert written == []

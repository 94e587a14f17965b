"""Signing out, in one tab for all, and the desk at which the next person sits down."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from tests.widget_sdk.conftest import NewTab, SignIn
from tests.widget_sdk.provider import ACCESS_SECONDS, API_KEY, Provider
from tests.widget_sdk.tab import Tab
from tests.widget_sdk.words import tell

AGENT = {"apiKey": API_KEY, "agentId": "8001", "agentName": "Ana Agent"}
OTHER_PERSON = ("signed-out", {"reason": "other-person"})


def test_signing_out_ends_the_session_at_the_provider(tab: Tab, signed_in: SignIn, provider: Provider) -> None:
    signed_in("8001")
    tab.does("start")
    assert tab.does("signOut") is True
    assert tab.state == "signed-out"
    assert [tab.says("person"), tab.says("roles"), tab.says("csrf")] == [None, [], None]
    assert tab.events[-1] == ("signed-out", {"reason": "by-person"})
    assert provider.live() == []


def test_an_expired_session_can_be_signed_out(tab: Tab, signed_in: SignIn, provider: Provider) -> None:
    signed_in("8001")
    provider.ahead = ACCESS_SECONDS + 1
    assert tab.does("signOut") is True
    assert provider.live() == []


def test_a_session_that_another_one_has_replaced_is_ended(tab: Tab, signed_in: SignIn, provider: Provider) -> None:
    signed_in("8001")
    tab.does("start")
    provider.end_all()
    signed_in("8002")
    assert tab.does("signOut") is True
    assert provider.live() == []


def test_who_is_not_signed_out_at_the_provider_is_not_shown_as_signed_out(
    tab: Tab, signed_in: SignIn, provider: Provider
) -> None:
    signed_in("8001")
    tab.does("start")
    provider.faults["/auth/logout"] = ["500"]
    assert tab.does("signOut") is False
    assert tab.state == "signed-in"
    assert tab.names == ["signed-in", "unreachable"]
    assert provider.live() == ["8001"]


def test_the_other_tabs_hear_of_a_sign_out(new_tab: NewTab, signed_in: SignIn) -> None:
    signed_in("8001")
    one, other = new_tab(), new_tab()
    assert [one.does("start"), other.does("start")] == [True, True]
    one.does("signOut")
    assert other.waits_for("signed-out") == {"reason": "elsewhere"}
    assert other.state == "signed-out"
    assert one.names == ["signed-in", "signed-out"]


def test_the_other_tabs_hear_of_a_sign_in(new_tab: NewTab) -> None:
    one, other = new_tab(), new_tab()
    assert [one.does("start"), other.does("start")] == [False, False]
    one.does("signInWithApiKey", AGENT)
    assert other.waits_for("signed-in")["person"]["user_id"] == "8001"
    assert other.says("csrf") == one.says("csrf")


def test_the_other_tabs_show_who_has_replaced_the_person(new_tab: NewTab, signed_in: SignIn) -> None:
    signed_in("8001")
    one, other = new_tab(), new_tab()
    assert [one.does("start"), other.does("start")] == [True, True]
    one.does("signInWithApiKey", AGENT | {"agentId": "8002"})
    assert other.waits_for("signed-in", times=2)["person"]["user_id"] == "8002"


def test_a_late_word_about_somebody_else_signs_nobody_out(tab: Tab, signed_in: SignIn, provider: Provider) -> None:
    signed_in("8001")
    tab.does("start")
    tell(tab, provider, {"type": "signed-out", "user": "8002"})
    tell(tab, provider, {"type": "renewed", "user": "8002", "until": 0})
    tab.page.wait_for_timeout(200)
    assert tab.state == "signed-in"
    assert tab.names == ["signed-in"]


def test_tabs_of_another_account_hear_nothing(new_tab: NewTab, signed_in: SignIn, provider: Provider) -> None:
    signed_in("8001")
    one, other = new_tab(), new_tab(account="other")
    one.does("start")
    one.does("signOut")
    one.does("signInWithApiKey", AGENT)
    other.page.wait_for_timeout(200)
    assert other.state == "unknown"


# One desk, several people.


def test_a_session_of_the_person_before_is_ended_and_never_shown(
    new_tab: NewTab, signed_in: SignIn, provider: Provider
) -> None:
    signed_in("8001")
    tab = new_tab(person="8002")
    assert tab.does("start") is False
    assert tab.events == [OTHER_PERSON]
    assert tab.says("person") is None
    assert provider.live() == []


def test_the_persons_own_session_stays(new_tab: NewTab, signed_in: SignIn, provider: Provider) -> None:
    signed_in("8001")
    assert new_tab(person="8001").does("start") is True
    assert provider.live() == ["8001"]


def test_another_person_is_not_shown_while_the_provider_cannot_end_the_session(
    new_tab: NewTab, signed_in: SignIn, provider: Provider
) -> None:
    signed_in("8001")
    provider.faults["/auth/logout"] = ["500"]
    tab = new_tab(person="8002")
    assert tab.does("start") is False
    assert tab.says("person") is None
    tab.waits_for("signed-out")
    assert tab.names == ["unreachable", "signed-out"]
    assert provider.live() == []


def test_when_the_person_changes_the_other_is_hidden_at_once(tab: Tab, signed_in: SignIn, provider: Provider) -> None:
    signed_in("8001")
    tab.does("start")
    provider.delays["/auth/logout"] = 0.5
    shown = tab.page.evaluate("() => { outcome = session.forPerson('8002'); return [session.state, session.person]; }")
    assert shown == ["signed-out", None]
    assert tab.events[1:] == [OTHER_PERSON]
    assert provider.live() == ["8001"]
    assert tab.outcome() is False
    assert provider.live() == []
    assert tab.events[1:] == [OTHER_PERSON]


def test_when_the_person_changes_the_other_tabs_hear_of_it(new_tab: NewTab, signed_in: SignIn) -> None:
    signed_in("8001")
    one, other = new_tab(person="8001"), new_tab(person="8001")
    assert [one.does("start"), other.does("start")] == [True, True]
    one.does("forPerson", "8002")
    assert other.waits_for("signed-out") == {"reason": "elsewhere"}


def test_the_same_person_again_changes_nothing(tab: Tab, signed_in: SignIn, provider: Provider) -> None:
    signed_in("8001")
    tab.does("start")
    before = provider.calls.copy()
    assert [tab.does("forPerson", person) for person in ("8001", 8001, None)] == [True, True, True]
    assert provider.calls == before
    assert tab.names == ["signed-in"]


def test_a_pop_up_that_hands_over_the_person_before_signs_nobody_in(new_tab: NewTab, provider: Provider) -> None:
    tab = new_tab(person="8002")
    tab.does("start")
    tab.clicks()
    tab.waits_for("signed-out")
    assert tab.events == [OTHER_PERSON]
    assert tab.outcome() is False
    assert provider.live() == []
    provider.at_desk = "8002"
    tab.clicks()
    assert tab.waits_for("signed-in")["person"]["user_id"] == "8002"


def test_who_sits_down_meanwhile_is_the_one_who_counts(
    new_tab: NewTab, signed_in: SignIn, provider: Provider, context: BrowserContext
) -> None:
    signed_in("8001")
    tab = new_tab(person="8001")
    provider.delays["/auth/session/"] = 0.5
    tab.begins("start")
    tab.does("forPerson", "8002")
    assert tab.outcome() is False
    assert tab.events == [OTHER_PERSON]

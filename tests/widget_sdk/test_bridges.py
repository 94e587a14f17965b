"""API key, platform JWT, and the link that takes a session to another browser."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Error

from tests.widget_sdk.conftest import SignIn
from tests.widget_sdk.provider import ACCESS_SECONDS, API_KEY, PLATFORM_JWT, Provider
from tests.widget_sdk.tab import Tab

AGENT = {"apiKey": API_KEY, "agentId": "8001", "agentName": "Ana Agent"}


def test_an_agent_signs_in_with_the_api_key(tab: Tab, provider: Provider) -> None:
    assert tab.does("signInWithApiKey", AGENT) is True
    assert provider.bodies == [{"account": "acme", "api_key": API_KEY, "agent_id": "8001", "agent_name": "Ana Agent"}]
    assert tab.says("person.user_id") == "8001"
    assert tab.names == ["signed-in"]


def test_an_agents_number_is_sent_as_text(tab: Tab, provider: Provider) -> None:
    tab.does("signInWithApiKey", AGENT | {"agentId": 8001})
    assert provider.bodies[0]["agent_id"] == "8001"


def test_an_agent_signs_in_with_a_platform_jwt(tab: Tab, provider: Provider) -> None:
    assert tab.does("signInWithPlatformJwt", PLATFORM_JWT) is True
    assert provider.bodies == [{"jwt": PLATFORM_JWT}]
    assert tab.names == ["signed-in"]


@pytest.mark.parametrize(
    ("call", "argument", "refused"),
    [
        (
            "signInWithApiKey",
            AGENT | {"apiKey": "wrong"},
            {"error": "access_denied", "message": "This API key is not in use."},
        ),
        (
            "signInWithPlatformJwt",
            "wrong",
            {"error": "invalid_token", "message": "The JWT is not signed by this account's platform."},
        ),
    ],
)
def test_a_refusal_is_said_with_its_sentence(call: str, argument: object, refused: dict[str, str], tab: Tab) -> None:
    assert tab.does(call, argument) is False
    assert tab.events == [("refused", refused)]
    assert tab.state == "unknown"


def test_signing_in_again_is_said_again(tab: Tab) -> None:
    tab.does("signInWithApiKey", AGENT)
    tab.does("signInWithApiKey", AGENT)
    assert tab.names == ["signed-in", "signed-in"]


def test_a_bridge_that_is_not_reached_is_not_called_again_by_itself(tab: Tab, provider: Provider) -> None:
    provider.faults["/session/api-key/"] = ["500"]
    assert tab.does("signInWithApiKey", AGENT) is False
    assert tab.names == ["unreachable"]
    tab.page.wait_for_function("() => session.state === 'signed-out'")
    assert provider.calls["POST /session/api-key/"] == 1


def test_an_exchange_link_opens_the_path_with_a_token(tab: Tab, provider: Provider) -> None:
    tab.does("signInWithApiKey", AGENT)
    link = urlsplit(tab.does("exchangeLink", "/admin/personal-collection?tab=a&b"))
    assert f"{link.scheme}://{link.netloc}{link.path}" == f"{provider.issuer}/session/jwt/"
    assert parse_qs(link.query) == {"jwt": ["one.time.token"], "redirect": ["/admin/personal-collection?tab=a&b"]}
    assert provider.calls["POST /auth/exchange-token"] == 1


def test_an_exchange_link_of_a_page_that_slept_renews_first(tab: Tab, provider: Provider) -> None:
    tab.page.clock.install()
    tab.page.reload()
    tab = Tab.opens(tab.page, tab.page.url, provider.issuer)
    tab.does("signInWithApiKey", AGENT)
    tab.page.evaluate("setTimeout = () => {}")
    provider.ahead = ACCESS_SECONDS + 1
    tab.page.clock.set_system_time(provider.now())
    assert "one.time.token" in tab.does("exchangeLink", "/")
    assert provider.renewals() == 1


def test_without_a_session_there_is_no_exchange_link(tab: Tab) -> None:
    with pytest.raises(Error, match="Nobody is signed in"):
        tab.does("exchangeLink", "/")


def test_a_link_is_refused_without_the_page_being_signed_out_by_mistake(
    tab: Tab, provider: Provider, signed_in: SignIn
) -> None:
    tab.does("signInWithApiKey", AGENT)
    provider.faults["/auth/exchange-token"] = ["500"]
    with pytest.raises(Error, match="cannot be reached"):
        tab.does("exchangeLink", "/")
    assert tab.state == "signed-in"

"""Who comes over a bridge: apart from all who sign in otherwise, an agent, at the widget only (CONTRACT §6 rule 4)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp.domain.jars import Jar
from idp.services.registry import accounts
from idp.services.registry.accounts import AccountSettings
from idp.store.unit_of_work import reading
from idp.store.users import User
from tests.support.app import MIA, SAM, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.rp import AuthorizationAnswer, RelyingParty
from tests.support.widget import API_KEY, Widget
from tests.widget.ways_in import about, access, platform_jwt, signs_in_by_jwt

GENESYS: dict[str, Any] = {"kind": "genesys", "api_url": "https://api.mypurecloud.de", "tenants": ("org-1",)}
RINGCENTRAL = {"kind": "ringcentral", "api_url": "https://platform.ringcentral.com", "tenants": ("org-1",)}
SALESFORCE = {"kind": "salesforce", "issuer": "https://login.salesforce.com", "tenants": ("org-1",)}
PLATFORMS: dict[str, dict[str, Any]] = {"genesys": GENESYS, "ringcentral": RINGCENTRAL, "salesforce": SALESFORCE}
MIAS_ADDRESS = "mia@acme.example"

Arrive = Callable[[Widget, str], TestResponse]


def by_key(widget: Widget, platform_id: str) -> TestResponse:
    return widget.signs_in_by_key(platform_id)


def by_jwt(widget: Widget, platform_id: str) -> TestResponse:
    return signs_in_by_jwt(widget, platform_jwt(widget.op, identity=about(user_id=platform_id)))


@pytest.fixture(params=[by_key, by_jwt], ids=["API key", "platform JWT"])
def arrive(request: pytest.FixtureRequest) -> Arrive:
    """Come in over one of the bridges."""
    found: Arrive = request.param
    return found


def users(op: OpenIdProvider) -> dict[str, User]:
    with op.app.app_context(), reading() as session:
        return {user.id: user for user in session.scalars(select(User))}


def links_by_email(op: OpenIdProvider) -> None:
    with op.app.app_context():
        accounts.update("acme", AccountSettings(link_by_email=True), context=op.context)


def is_refused(answer: TestResponse) -> bool:
    return answer.status_code == 401 and answer.get_json()["error"] == "access_denied"


# Apart from everybody else


def test_the_two_bridges_stand_side_by_side(op: OpenIdProvider, widget: Widget) -> None:
    by_key(widget, "42")
    keyed = access(widget)
    other = Widget(op)
    by_jwt(other, "42")
    assert access(other)["identity"]["user_id"] == keyed["identity"]["user_id"] == "42"
    assert access(other)["sub"] != keyed["sub"]
    assert (keyed["amr"], access(other)["amr"]) == (["api_key"], ["platform_jwt"])


def test_an_id_that_somebody_made_beforehand_has_is_refused(op: OpenIdProvider, widget: Widget, arrive: Arrive) -> None:
    op.makes(MIAS_ADDRESS, platform_id="42")
    before = op.rows()
    assert is_refused(arrive(widget, "42"))
    assert op.rows() == before
    assert arrive(widget, "43").status_code == 200


def test_an_id_that_somebody_is_given_afterwards_is_refused_from_then_on(
    op: OpenIdProvider, widget: Widget, arrive: Arrive
) -> None:
    assert arrive(widget, "42").status_code == 200
    bridged = access(widget)["sub"]
    mia = op.makes(MIAS_ADDRESS, platform_id="42")
    assert mia != bridged
    assert is_refused(arrive(Widget(op), "42"))


def test_at_another_account_the_id_is_in_nobodys_way(op: OpenIdProvider, widget: Widget, arrive: Arrive) -> None:
    op.account("globex")
    op.makes("mia@globex.example", account="globex", platform_id="42")
    assert arrive(widget, "42").status_code == 200


@pytest.mark.parametrize("kind", PLATFORMS)
def test_an_id_that_a_platforms_connector_brought_is_refused(
    op: OpenIdProvider, widget: Widget, arrive: Arrive, kind: str
) -> None:
    op.upstream(kind, **PLATFORMS[kind])
    op.signs_in(op.browser(), replace(MIA, provider=kind, subject="42", platform_user_id="42"))
    before = op.rows()
    assert is_refused(arrive(widget, "42"))
    assert op.rows() == before


@pytest.mark.parametrize("kind", PLATFORMS)
def test_so_is_one_of_somebody_who_is_known_under_another_id_already(
    op: OpenIdProvider, widget: Widget, arrive: Arrive, kind: str
) -> None:
    op.upstream(kind, **PLATFORMS[kind])
    op.makes(MIAS_ADDRESS, platform_id="41")
    op.signs_in(op.browser(), replace(MIA, provider=kind, subject="42", platform_user_id="42"))
    for known in ("41", "42"):
        assert is_refused(arrive(widget, known))


def test_the_subject_of_another_upstream_is_no_platform_id(op: OpenIdProvider, widget: Widget, arrive: Arrive) -> None:
    op.signs_in(op.browser(), replace(MIA, subject="42"))
    assert arrive(widget, "42").status_code == 200


def test_whoever_signs_in_at_the_platform_later_is_not_the_one_of_the_bridge(
    op: OpenIdProvider, widget: Widget, arrive: Arrive
) -> None:
    arrive(widget, "42")
    bridged = access(widget)["sub"]
    op.upstream("genesys", **GENESYS)
    op.signs_in(op.browser(), replace(MIA, provider="genesys", subject="42", platform_user_id="42"))
    found = users(op)
    assert len(found) == 2
    assert found[bridged].roles == ["deepdesk.agent"]
    assert found[bridged].email != MIAS_ADDRESS
    assert is_refused(arrive(Widget(op), "42"))


# The address is for display


def test_a_bridges_address_that_is_a_managers_merges_nothing(op: OpenIdProvider, widget: Widget) -> None:
    op.signs_in(op.browser())
    [mia] = users(op)
    links_by_email(op)
    signs_in_by_jwt(widget, platform_jwt(op, identity=about(user_email=MIAS_ADDRESS)))
    claims = access(widget)
    assert claims["sub"] != mia
    assert claims["identity"]["user_email"] == MIAS_ADDRESS
    assert (claims["roles"], claims["role_name"]) == (["deepdesk.agent"], "deepdesk.agent")


def test_afterwards_a_manager_signs_in_as_herself_by_another_provider_too(op: OpenIdProvider, widget: Widget) -> None:
    op.signs_in(op.browser(), SAM)
    [sam] = users(op)
    signs_in_by_jwt(widget, platform_jwt(op, identity=about(user_email=SAM.email)))
    bridged = access(widget)["sub"]
    links_by_email(op)
    op.upstream("second")
    op.signs_in(op.browser(), replace(SAM, provider="second", subject="another-id"))
    found = users(op)
    assert found.keys() == {sam, bridged}
    assert signs_in_by_jwt(Widget(op), platform_jwt(op, identity=about(user_email=SAM.email))).status_code == 200
    assert users(op).keys() == {sam, bridged}


@pytest.mark.parametrize("vouched", [True, False])
@pytest.mark.parametrize("linking", [True, False])
def test_somebody_new_is_not_the_agent_who_came_with_their_address(
    op: OpenIdProvider, widget: Widget, vouched: bool, linking: bool
) -> None:
    signs_in_by_jwt(widget, platform_jwt(op, identity=about(user_email=MIAS_ADDRESS)))
    bridged = access(widget)["sub"]
    if linking:
        links_by_email(op)
    op.signs_in(op.browser(), replace(MIA, email_vouched=vouched))
    found = users(op)
    [other] = found.keys() - {bridged}
    assert found[other].roles == ["deepdesk.manager"]
    assert found[bridged].roles == ["deepdesk.agent"]


def test_two_agents_may_come_with_one_address(op: OpenIdProvider, widget: Widget) -> None:
    for number in ("1", "2"):
        answer = signs_in_by_jwt(widget, platform_jwt(op, identity=about(user_id=number)))
        assert answer.get_json()["identity"]["user_email"] == "john.doe@platform.com"
    assert len(users(op)) == 2


def test_an_address_that_a_bridge_brought_can_be_given_to_somebody(op: OpenIdProvider, widget: Widget) -> None:
    signs_in_by_jwt(widget, platform_jwt(op, identity=about(user_email=MIAS_ADDRESS)))
    mia = op.makes(MIAS_ADDRESS)
    assert mia != access(widget)["sub"]
    op.signs_in(op.browser())
    assert users(op)[mia].last_sign_in_at is not None


def test_a_staff_members_address_over_a_bridge_is_nothing_but_text(op: OpenIdProvider, widget: Widget) -> None:
    op.staff_sign_in_with_google()
    op.grants("casey.staff@deepdesk.example", "acme")
    signs_in_by_jwt(widget, platform_jwt(op, identity=about(user_email="casey.staff@deepdesk.example")))
    claims = access(widget)
    assert (claims["roles"], claims.get("staff")) == (["deepdesk.agent"], None)


# An agent, whatever our records say


def is_an_agent(claims: dict[str, object]) -> bool:
    return (claims["roles"], claims["role_name"], claims["acr"]) == (
        ["deepdesk.agent"],
        "deepdesk.agent",
        "urn:deepdesk:acr:bridge",
    )


def test_a_role_that_they_are_given_changes_nothing(
    op: OpenIdProvider, widget: Widget, arrive: Arrive, clock: FrozenClock
) -> None:
    arrive(widget, "42")
    sub = access(widget)["sub"]
    op.runs("users", "set-roles", sub, "--role", "deepdesk.manager", "--role", "deepdesk.editor")
    assert users(op)[sub].roles == ["deepdesk.manager", "deepdesk.editor"]
    clock.advance(minutes=1)
    assert is_an_agent(widget.asks().get_json())
    assert widget.renews().status_code == 200
    assert is_an_agent(access(widget))
    assert is_an_agent(widget.asks().get_json())
    token = widget.exchanges().get_json()["token"]
    desktop = Widget(op, origin=None)
    assert desktop.opens(f"/session/jwt/?jwt={token}").status_code == 303
    assert is_an_agent(access(desktop, Jar.TOP))
    assert desktop.renews(desktop.jars.value("csrf_refresh_token", Jar.TOP)).status_code == 200
    assert is_an_agent(access(desktop, Jar.TOP))
    again = Widget(op)
    assert is_an_agent(arrive(again, "42").get_json())


# At the widget, and nowhere else


@pytest.fixture
def everywhere(op: OpenIdProvider, arrive: Arrive) -> Widget:
    """A browser in which a bridge's agent has all that they can get: both jars, and what an exchange link brings."""
    widget = Widget(op)
    arrive(widget, "42")
    token = widget.exchanges().get_json()["token"]
    assert widget.opens(f"/session/jwt/?jwt={token}").status_code == 303
    assert {jar for jar, _, _ in widget.jars.kept} == {Jar.TOP, Jar.PARTITIONED}
    return widget


def asked_by(widget: Widget, rp: RelyingParty, **changes: str) -> AuthorizationAnswer:
    asked = rp.prepares(**changes)
    cookies = {"Cookie": "; ".join(f"{name}={value}" for (_, name, _), value in widget.jars.kept.items())}
    return AuthorizationAnswer(
        widget.http.get(f"{rp.op.issuer}/oauth/authorize/", query_string=asked.params, headers=cookies), asked
    )


@pytest.fixture
def rp(op: OpenIdProvider) -> RelyingParty:
    return RelyingParty.registered_at(op)


def test_their_session_answers_no_authorization_request(everywhere: Widget, rp: RelyingParty) -> None:
    assert asked_by(everywhere, rp).asks_to_sign_in()
    assert asked_by(everywhere, rp, prompt="none").is_refused_as("login_required")


def test_nor_do_its_parts_in_the_place_of_an_sso_cookie(
    op: OpenIdProvider, everywhere: Widget, rp: RelyingParty
) -> None:
    for value in [access(everywhere)["sid"], access(everywhere)["sub"], *everywhere.jars.kept.values()]:
        browser = op.browser()
        browser.is_given("__Host-idp_sso.acme", value)
        assert rp.asks(browser, prompt="none").is_refused_as("login_required")


@pytest.mark.parametrize("page", ["/account/", "/platform/sso/done/?account=acme"])
def test_their_session_opens_no_page(everywhere: Widget, page: str) -> None:
    answer = everywhere.opens(page)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(("/login/", "/platform/sso/?"))


def test_their_session_is_not_handed_on_by_the_sign_in_window(op: OpenIdProvider, everywhere: Widget) -> None:
    op.upstream("second")
    answer = everywhere.opens("/platform/sso/?account=acme")
    assert answer.headers["Location"].startswith("/login/?account=acme")


def test_their_tokens_open_no_endpoint_of_services(everywhere: Widget, rp: RelyingParty) -> None:
    for value in everywhere.jars.kept.values():
        assert rp.asks_userinfo(value).is_refused_as("invalid_token")


def test_what_they_send_beside_their_id_counts_for_nothing(op: OpenIdProvider, widget: Widget) -> None:
    said = {"account": "acme", "api_key": API_KEY, "agent_id": "42", "agent_name": "x", "acr": "urn:x", "sub": "mia"}
    answer = widget.calls("POST", "/session/api-key/", data=json.dumps(said), content_type="application/json")
    assert is_an_agent(answer.get_json())
    identity = about(user_id="42", roles=["deepdesk.manager"], sub="mia")
    said_by_jwt = platform_jwt(
        op, identity=identity, roles=["deepdesk.manager"], role_name="deepdesk.manager", sub="mia"
    )
    signs_in_by_jwt(widget, said_by_jwt)
    assert is_an_agent(access(widget))

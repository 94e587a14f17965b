"""The right people, with the right roles, from every platform; and the page that everybody else meets.

One sandbox serves all of these, and a person has one way in until an
administrator links another: agent and editor come by Genesys and Entra here,
and by nothing else.
"""

from __future__ import annotations

import json

import pytest

from tests.e2e.axe import findings
from tests.e2e.conftest import NewPage
from tests.e2e.journey import Visitor
from tests.support.node import Node
from tests.support.sandbox import Sandbox

ROBIN = "robin.staff@deepdesk.nl.example"


@pytest.fixture
def visitor(new_page: NewPage, sandbox: Sandbox) -> Visitor:
    """Somebody whose browser runs no script."""
    return Visitor(page=new_page(java_script_enabled=False), sandbox=sandbox)


@pytest.mark.parametrize(
    ("provider", "person", "role", "group"),
    [
        ("platform", "manager", "deepdesk.manager", "Manager"),
        ("genesys", "agent", "deepdesk.agent", "Agent"),
        ("entra", "editor", "deepdesk.editor", "Studio Editor"),
    ],
)
def test_each_platform_brings_its_people_with_their_roles(
    provider: str, person: str, role: str, group: str, visitor: Visitor
) -> None:
    visitor.signs_in_as(person, by=provider)
    claims = visitor.claims
    assert claims["account"] == "acme"
    assert claims["roles"] == [role]
    assert claims["role_name"] == role
    assert claims["groups"] == [group]
    assert claims["email"] == f"{person}@acme.example"
    assert "staff" not in claims


def test_staff_enter_a_customers_account_as_their_grant_says(visitor: Visitor) -> None:
    visitor.comes_as_staff("staff")
    assert "Acme Contact Center" in visitor.page.inner_text("main")
    assert "Manager" in visitor.page.inner_text("main")
    visitor.page.click("#staff-enter")
    visitor.page.wait_for_selector("#claims-json")
    claims = visitor.claims
    assert claims["account"] == "acme"
    assert claims["staff"] is True
    assert claims["roles"] == ["deepdesk.manager"]
    assert claims["role_name"] == "deepdesk.manager"
    assert claims["groups"] == ["Manager"]
    assert claims["email"] == "casey.staff@deepdesk.example"
    assert claims["email_verified"] is True


def test_who_has_entered_is_not_asked_again(visitor: Visitor) -> None:
    visitor.enters_as_staff("staff")
    before = visitor.claims
    visitor.page.click("text=Sign in again")
    visitor.page.wait_for_selector("#claims-json")
    assert visitor.claims["sub"] == before["sub"]
    assert visitor.claims["nonce"] != before["nonce"]


def test_a_service_can_ask_for_staff(visitor: Visitor) -> None:
    visitor.arrives()
    visitor.page.click("a.start")
    visitor.page.click("#sign-in-as-staff")
    visitor.chooses("staff")
    visitor.page.click("#staff-enter")
    visitor.page.wait_for_selector("#claims-json")
    assert visitor.claims["staff"] is True


@pytest.mark.parametrize(
    ("provider", "person"),
    [
        ("genesys", "other-organisation"),
        ("genesys", "clone"),
        ("entra", "other-tenant"),
        ("entra", "consumer"),
    ],
)
def test_people_of_another_organisation_are_told_to_choose_their_work_account(
    provider: str, person: str, visitor: Visitor
) -> None:
    visitor.goes_to(provider)
    visitor.chooses(person)
    assert "choose your work account" in visitor.meets_an_error()
    visitor.meets_an_error_with_a_way_back()


@pytest.mark.parametrize(
    ("person", "fault"), [("consumer", "none"), ("other-domain", "none"), ("staff", "no-hd"), ("staff", "hd-other")]
)
def test_a_google_account_of_another_organisation_is_not_staff(person: str, fault: str, visitor: Visitor) -> None:
    visitor.goes_to_google()
    visitor.chooses(person, fault=fault)
    assert "choose your Deepdesk account" in visitor.meets_an_error()
    visitor.tries_again_at_google()


def test_staff_without_a_grant_are_told_whom_to_ask(visitor: Visitor) -> None:
    visitor.goes_to_google()
    visitor.chooses("staff-2")
    assert "ask whoever looks after staff access for a grant" in visitor.meets_an_error()
    visitor.meets_an_error_with_a_way_back()


def test_who_goes_back_without_signing_in_is_told_so_by_the_service(visitor: Visitor) -> None:
    visitor.goes_to("entra")
    visitor.chooses("other-tenant")
    visitor.meets_an_error()
    visitor.page.click("#error .actions a:last-child")
    visitor.page.wait_for_selector("#provider-error[data-error=access_denied]")
    assert "ask whoever gives access" in visitor.page.inner_text("main")


def test_a_grant_that_was_revoked_opens_nothing_any_more(visitor: Visitor, sandbox: Sandbox) -> None:
    sandbox.idp("staff", "grant", ROBIN, "acme", "--role", "deepdesk.editor")
    visitor.enters_as_staff("secondary")
    assert visitor.claims["roles"] == ["deepdesk.editor"]
    sandbox.idp("staff", "revoke", ROBIN, "acme")
    visitor.page.click("text=Sign in again")
    visitor.page.wait_for_selector("a.provider")
    visitor.page.click("#staff")
    visitor.chooses("secondary")
    assert "your access has ended" in visitor.meets_an_error()


def test_a_second_way_in_waits_until_an_administrator_has_decided(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.signs_in_as("manager")
    subject = visitor.claims["sub"]
    visitor.signs_out()
    visitor.goes_to("entra")
    visitor.chooses("manager")
    assert "ask your administrator" in visitor.meets_an_error()
    listed = json.loads(sandbox.idp("access-requests", "list", "--account", "acme", "--status", "pending", "--json"))
    # Others may have asked for access in the same sandbox.
    [case] = [one for one in listed if one["kind"] == "link"]
    assert case["email"] == "manager@acme.example"
    sandbox.idp("access-requests", "approve", case["id"])
    visitor.signs_in_as("manager", by="entra")
    assert visitor.claims["sub"] == subject


@pytest.mark.parametrize(("field", "text"), [("account", "acme"), ("email", "somebody@acme.example")])
def test_who_comes_by_themselves_says_where_they_work(
    field: str, text: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.page.goto(f"{sandbox.address}/login/")
    visitor.page.fill("[name=account]", "no-such-company")
    visitor.page.click("main [type=submit]")
    visitor.page.wait_for_selector("#not-found")
    visitor.page.fill("[name=account]", "")
    visitor.page.fill(f"[name={field}]", text)
    visitor.page.click("main [type=submit]")
    visitor.page.wait_for_selector("a.provider")
    offered = visitor.page.locator("a.provider").evaluate_all("all => all.map(one => one.dataset.provider)")
    assert set(offered) == {"platform", "genesys", "entra"}


def test_staff_who_come_by_themselves_go_straight_to_google(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.page.goto(f"{sandbox.address}/login/")
    visitor.page.fill("[name=email]", "casey.staff@deepdesk.example")
    visitor.page.click("main [type=submit]")
    visitor.chooses("staff")
    visitor.page.wait_for_selector(".person")
    assert "casey.staff@deepdesk.example" in visitor.page.inner_text("main")


@pytest.mark.parametrize("language", ["nl", "de"])
def test_a_language_is_chosen_with_a_link_and_stays(language: str, visitor: Visitor) -> None:
    visitor.asks_to_sign_in()
    visitor.page.click(f"nav.languages a[lang={language}]")
    assert visitor.page.get_attribute("html", "lang") == language
    assert language in {cookie["value"] for cookie in visitor.page.context.cookies()}
    visitor.page.click("#staff")
    visitor.chooses("staff")
    visitor.page.wait_for_selector("#staff-enter")
    assert visitor.page.get_attribute("html", "lang") == language
    visitor.page.click("#staff-enter")
    visitor.page.wait_for_selector("#claims-json")
    assert visitor.claims["staff"] is True


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_way(scheme: str, new_page: NewPage, sandbox: Sandbox, node: Node) -> None:
    page = new_page(color_scheme=scheme, bypass_csp=True)
    visitor = Visitor(page=page, sandbox=sandbox)
    page.goto(f"{sandbox.address}/login/")
    found = findings(page)
    page.fill("[name=account]", "no-such-company")
    page.click("main [type=submit]")
    page.wait_for_selector("#not-found")
    found += findings(page)
    visitor.asks_to_sign_in()
    found += findings(page)
    visitor.goes_to("entra")
    visitor.chooses("other-tenant")
    visitor.meets_an_error()
    found += findings(page)
    visitor.goes_to_google()
    visitor.chooses("staff-2")
    visitor.meets_an_error()
    found += findings(page)
    visitor.comes_as_staff("staff")
    found += findings(page)
    assert found == []

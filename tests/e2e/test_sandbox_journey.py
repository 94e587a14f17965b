"""A newcomer's way from the sandbox's one address to verified claims, and out again."""

from __future__ import annotations

import pytest

from tests.e2e.axe import findings
from tests.e2e.conftest import NewPage
from tests.e2e.journey import Visitor
from tests.support.node import Node
from tests.support.sandbox import Sandbox

WITH_AND_WITHOUT_JAVASCRIPT = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])


@pytest.fixture
def visitor(new_page: NewPage, sandbox: Sandbox) -> Visitor:
    return Visitor(page=new_page(), sandbox=sandbox)


@WITH_AND_WITHOUT_JAVASCRIPT
def test_a_manager_ends_at_verified_claims(javascript: bool, new_page: NewPage, sandbox: Sandbox) -> None:
    visitor = Visitor(page=new_page(java_script_enabled=javascript), sandbox=sandbox)
    visitor.signs_in_as("manager")
    claims = visitor.claims
    assert claims["roles"] == ["deepdesk.manager"]
    assert claims["role_name"] == "deepdesk.manager"
    assert claims["account"] == "acme"
    assert claims["iss"] == sandbox.address


@WITH_AND_WITHOUT_JAVASCRIPT
def test_who_signed_out_is_asked_again(javascript: bool, new_page: NewPage, sandbox: Sandbox) -> None:
    visitor = Visitor(page=new_page(java_script_enabled=javascript), sandbox=sandbox)
    visitor.signs_in_as("no-role")
    visitor.signs_out()
    visitor.arrives()
    visitor.page.click("a.start")
    visitor.page.click("#sign-in")
    visitor.page.wait_for_selector("a.provider")


def test_who_is_signed_in_is_not_asked_again(visitor: Visitor) -> None:
    visitor.signs_in_as("manager")
    before = visitor.claims
    visitor.page.click("text=Sign in again")
    visitor.page.wait_for_selector("#claims-json")
    assert visitor.claims["sub"] == before["sub"]
    assert visitor.claims["nonce"] != before["nonce"]


def test_two_people_are_two_users(new_page: NewPage, sandbox: Sandbox) -> None:
    subjects = set()
    for person in ("manager", "no-role"):
        visitor = Visitor(page=new_page(), sandbox=sandbox)
        visitor.signs_in_as(person)
        subjects.add(visitor.claims["sub"])
    assert len(subjects) == 2


FAULTS = ("refusal", "slow", "server-error", "wrong-nonce", "bad-signature", "missing-sub", "wrong-callback-iss")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_a_page_with_a_way_back(fault: str, visitor: Visitor) -> None:
    visitor.goes_to_the_platform()
    visitor.chooses("manager", fault=fault)
    visitor.meets_an_error_with_a_way_back()
    visitor.page.click("a.provider[data-provider=platform]")
    visitor.chooses("manager")
    visitor.page.wait_for_selector("#claims-json")


@WITH_AND_WITHOUT_JAVASCRIPT
def test_who_cancels_may_try_again(javascript: bool, new_page: NewPage, sandbox: Sandbox) -> None:
    visitor = Visitor(page=new_page(java_script_enabled=javascript), sandbox=sandbox)
    visitor.goes_to_the_platform()
    visitor.cancels()
    visitor.meets_an_error_with_a_way_back()


def test_a_key_that_was_just_rotated_is_no_fault(visitor: Visitor) -> None:
    visitor.goes_to_the_platform()
    visitor.chooses("manager", fault="rotated-key")
    visitor.page.wait_for_selector("#claims-json")


def test_who_has_no_role_at_the_platform_is_an_agent(visitor: Visitor) -> None:
    visitor.signs_in_as("no-role")
    assert visitor.claims["roles"] == ["deepdesk.agent"]


def test_an_unverified_address_stays_unverified(visitor: Visitor) -> None:
    visitor.signs_in_as("unverified")
    assert visitor.claims.get("email_verified", False) is False


def test_nothing_comes_from_elsewhere(visitor: Visitor) -> None:
    hosts = set()
    visitor.page.on("request", lambda request: hosts.add(request.url.split("/")[2].split(":")[0]))
    visitor.signs_in_as("manager")
    visitor.signs_out()
    assert hosts <= {"127.0.0.1", "localhost"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_way(scheme: str, new_page: NewPage, sandbox: Sandbox, node: Node) -> None:
    page = new_page(color_scheme=scheme, bypass_csp=True)
    visitor = Visitor(page=page, sandbox=sandbox)
    visitor.arrives()
    found = findings(page)
    visitor.goes_to_the_platform()
    found += findings(page)
    visitor.chooses("manager")
    page.wait_for_selector("#claims-json")
    found += findings(page)
    visitor.begins_to_sign_out()
    found += findings(page)
    page.click("#logout-confirm")
    page.wait_for_selector("#signed-out")
    found += findings(page)
    assert found == []

"""The sandbox's front page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import render_template

from idp.sandbox.landing import WayIn
from tests.support.gallery import FACTS

WAYS = (
    WayIn(name="Acme platform", meaning="The company's own", choose="Mia Manager", result="Manager"),
    WayIn(
        name="Genesys Cloud",
        meaning="Where agents work",
        choose="Ana Agent",
        result="Agent",
        refused="Otto Other",
        reason="of another organisation",
    ),
)


@pytest.fixture
def page(rendering: None) -> str:
    return render_template("landing/front.html", facts=replace(FACTS, ways=WAYS))


def test_it_leads_to_the_four_addresses_and_the_discovery_document(page: str) -> None:
    for address in (FACTS.issuer, FACTS.platform_url, FACTS.sample_service_url, FACTS.widget_page_url):
        assert f'href="{address}/"' in page
    assert f'href="{FACTS.issuer}/.well-known/openid-configuration"' in page


def test_it_names_everybody_and_every_fault(page: str) -> None:
    for choice in FACTS.people + FACTS.faults:
        assert choice.name in page
        assert choice.meaning in page


def test_it_says_whom_to_choose_at_each_way_in_and_who_is_refused(page: str) -> None:
    for way in WAYS:
        for said in (way.name, way.choose, way.result, way.refused, way.reason):
            assert said in page


def test_it_leads_to_every_platform(page: str) -> None:
    for kind in ("genesys", "entra", "google"):
        assert f'href="{FACTS.platform_url}/{kind}/"' in page


def test_it_leads_through_the_way_by_mail(page: str) -> None:
    assert f'href="{FACTS.issuer}/mailbox/"' in page
    assert f'href="{FACTS.issuer}/manage/access-requests/?account={FACTS.account_code}"' in page


def test_it_gives_commands_for_the_account(page: str) -> None:
    assert "idp clients create" in page
    assert f"--account {FACTS.account_code}" in page
    assert f"idp providers check {FACTS.account_code} genesys" in page
    assert f"idp users explain manager@acme.example --account {FACTS.account_code}" in page
    assert "idp staff list" in page
    assert "idp access-requests list" in page


@pytest.mark.parametrize("way", ["magic", "API key", "JWT", "RingCentral", "Salesforce"])
def test_it_promises_no_way_in_that_is_not_built(page: str, way: str) -> None:
    assert way.lower() not in page.lower()

"""The sandbox's front page."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.support.gallery import FACTS


@pytest.fixture
def page(gallery: FlaskClient) -> str:
    return gallery.get("/").text


def test_it_leads_to_the_three_addresses_and_the_discovery_document(page: str) -> None:
    for address in (FACTS.issuer, FACTS.platform_url, FACTS.sample_service_url):
        assert f'href="{address}/"' in page
    assert f'href="{FACTS.issuer}/.well-known/openid-configuration"' in page


def test_it_names_everybody_and_every_fault(page: str) -> None:
    for choice in FACTS.people + FACTS.faults:
        assert choice.name in page
        assert choice.meaning in page


def test_it_gives_commands_for_the_account(page: str) -> None:
    assert "idp clients create" in page
    assert f"--account {FACTS.account_code}" in page
    assert f"idp providers check {FACTS.account_code} " in page


@pytest.mark.parametrize("way", ["magic", "API key", "JWT", "Genesys", "Google", "mailbox"])
def test_it_promises_no_way_in_that_is_not_built(page: str, way: str) -> None:
    assert way.lower() not in page.lower()

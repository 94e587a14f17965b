"""The services of an account under ``/manage/services/``: for looking only."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.pages.manage import EDITOR, sends, signs_in_as
from tests.pages.test_templates import HOSTILE, Outline
from tests.pages.things import SERVICES, staff_who_entered
from tests.support.app import Browser, OpenIdProvider
from tests.support.rp import RelyingParty


@pytest.fixture
def mia(op: OpenIdProvider) -> Browser:
    return signs_in_as(op)


def outline(browser: Browser) -> Outline:
    page = browser.opens(SERVICES)
    assert page.status_code == 200, page.text
    return Outline(page.text)


def items(browser: Browser) -> list[str]:
    """Return what services learn and may, in the words of the page."""
    return [unescape(words) for words in re.findall(r"<li>([^<]+)</li>", browser.opens(SERVICES).text)]


def test_says_where_each_leads_and_whose_it_is(op: OpenIdProvider, mia: Browser) -> None:
    RelyingParty.registered_at(op, "Studio", client_id="studio", redirect_uris=("https://studio.example.com/callback",))
    RelyingParty.registered_at(
        op, "Planner", client_id="planner", redirect_uris=("https://planner.example.com/callback",), party="third"
    )
    text = outline(mia).text
    for words in ("Studio", "studio", "https://studio.example.com/callback", "Deepdesk's own", "of another company"):
        assert words in text
    assert "It asks each person before it learns:" in text


def test_says_in_words_what_it_learns(op: OpenIdProvider, mia: Browser) -> None:
    RelyingParty.registered_at(
        op, "Planner", party="third", scope="openid email offline_access", claims_profile="standard"
    )
    assert items(mia) == [
        "that it is you again when you come back",
        "your email address",
        "stay connected while you are away, and look this up without you",
    ]


def test_counts_what_every_token_of_our_own_services_says(op: OpenIdProvider, mia: Browser) -> None:
    RelyingParty.registered_at(op, "Studio", scope="openid", claims_profile="deepdesk")
    assert "your email address" in items(mia)
    assert "that you belong to Acme, and your roles there" in items(mia)


def test_says_that_nobody_signs_in_to_a_service_of_its_own(op: OpenIdProvider, mia: Browser) -> None:
    op.runs("clients", "create", "Export", "--account", "acme", "--grant-type", "client_credentials")
    assert "Nobody signs in to it" in outline(mia).text


def test_says_so_where_there_is_none(mia: Browser) -> None:
    assert "No service yet." in outline(mia).text


def test_shows_none_of_another_account(op: OpenIdProvider, mia: Browser) -> None:
    op.account("beta")
    RelyingParty.registered_at(op, "Betas own", account="beta")
    assert "Betas own" not in outline(mia).text


def test_shows_no_secret(op: OpenIdProvider, mia: Browser) -> None:
    RelyingParty.registered_at(op, "Studio", client_secret="the-secret-of-the-studio")
    assert "the-secret-of-the-studio" not in mia.opens(SERVICES).text


def test_keeps_markup_in_names_as_text(op: OpenIdProvider, mia: Browser) -> None:
    RelyingParty.registered_at(op, HOSTILE)
    page = outline(mia)
    assert page.named("script") == []
    assert HOSTILE in page.text


def test_is_there_for_staff_who_entered_and_not_for_editors_or_deputies(op: OpenIdProvider) -> None:
    assert outline(staff_who_entered(op))
    editor = signs_in_as(op, EDITOR)
    op.runs("accounts", "update", "acme", "--deputy", str(EDITOR.email))
    assert editor.opens(SERVICES).status_code == 403


def test_takes_nothing(mia: Browser) -> None:
    assert sends(mia, SERVICES, {"client_id": "studio"}).status_code == 405

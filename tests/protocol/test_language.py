"""In which language pages speak: what the person chose, what the service asks for, what the browser prefers."""

from __future__ import annotations

import pytest

from tests.support.app import Browser, OpenIdProvider
from tests.support.rp import RelyingParty


def language_of(page: str) -> str:
    """Return the language that a page says it is in."""
    return page.partition('<html lang="')[2].partition('"')[0]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("nl", "nl"),
        ("de-AT,de;q=0.9,en;q=0.1", "de"),
        ("fr,nl;q=0.5", "nl"),
        ("fr", "en"),
        ("", "en"),
        ("*", "en"),
    ],
)
def test_the_browsers_preference_counts(stranger: Browser, accepted: str, language: str) -> None:
    assert language_of(stranger.opens("/login/", headers={"Accept-Language": accepted}).text) == language


def test_a_choice_is_remembered(stranger: Browser) -> None:
    assert language_of(stranger.opens("/login/?lang=nl").text) == "nl"
    assert language_of(stranger.opens("/logout/", headers={"Accept-Language": "de"}).text) == "nl"


@pytest.mark.parametrize("tag", ["fr", "../de", "NL\x00", "x" * 999, ""])
def test_a_language_that_we_do_not_speak_changes_nothing(stranger: Browser, tag: str) -> None:
    assert language_of(stranger.opens("/login/", query_string={"lang": tag}).text) == "en"
    assert stranger.cookie("__Host-idp_lang") is None


def test_every_language_is_offered_by_its_own_name_and_leads_to_the_same_page(stranger: Browser) -> None:
    page = stranger.opens("/login/?lang=de").text
    for tag, name in (("en", "English"), ("nl", "Nederlands"), ("de", "Deutsch")):
        assert f'href="/login/?lang={tag}" lang="{tag}" hreflang="{tag}"' in page
        assert f">{name}</a>" in page
    assert 'hreflang="de" aria-current="true"' in page


def test_the_switch_keeps_the_waiting_request(op: OpenIdProvider, rp: RelyingParty, stranger: Browser) -> None:
    op.upstream("other")
    address = rp.asks(stranger).location
    assert f'href="{address}&amp;lang=nl"' in stranger.opens(address).text


def test_a_service_may_ask_for_a_language(op: OpenIdProvider, rp: RelyingParty, stranger: Browser) -> None:
    op.upstream("other")
    address = rp.asks(stranger, ui_locales="fr nl-BE de").location
    assert language_of(stranger.opens(address, headers={"Accept-Language": "de"}).text) == "nl"


def test_a_persons_choice_goes_before_the_services(op: OpenIdProvider, rp: RelyingParty, stranger: Browser) -> None:
    op.upstream("other")
    stranger.opens("/login/?lang=de")
    assert language_of(stranger.opens(rp.asks(stranger, ui_locales="nl").location).text) == "de"


def test_a_page_that_spends_something_has_no_switch(stranger: Browser) -> None:
    assert "hreflang" not in stranger.opens("/oauth/callback/acme.platform/?state=x").text


@pytest.mark.parametrize("path", ["/no-such-page/", "/login/?account=nobody"])
def test_a_page_that_does_not_exist_can_be_read_in_every_language(stranger: Browser, path: str) -> None:
    page = stranger.opens(path)
    assert page.status_code == 404
    assert 'hreflang="nl"' in page.text


def test_a_form_that_was_not_understood_can_be_read_in_every_language(stranger: Browser) -> None:
    token = stranger.opens("/login/").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "account": "nobody"}
    page = stranger.posts("/login/", form, headers={"Origin": stranger.issuer})
    assert page.status_code == 422
    assert 'href="/login/?lang=nl"' in page.text

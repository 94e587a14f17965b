"""My account: a person's own sessions, services and language, and nobody else's."""

from __future__ import annotations

from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp.store import audit_events, sso_sessions
from idp.store.outbox import OutboxItem
from idp.store.unit_of_work import reading
from idp.store.users import User
from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import CASEY, MIA, SAM, Browser, OpenIdProvider
from tests.support.platform import RunningPlatform
from tests.support.rp import RelyingParty

PATH = "/account/"
END, WITHDRAW, LANGUAGE = f"{PATH}sessions/end/", f"{PATH}services/withdraw/", f"{PATH}language/"
EVERYWHERE = f"{PATH}sign-out/?account=acme"


@pytest.fixture
def planner(op: OpenIdProvider) -> RelyingParty:
    """A service of others, at which the people of acme sign in."""
    return RelyingParty.registered_at(
        op, "Shift planner", redirect_uris=("https://planner.example.com/callback",), party="third"
    )


@pytest.fixture
def elsewhere(op: OpenIdProvider) -> Browser:
    """Another browser of Mia's."""
    opened = op.browser()
    op.signs_in(opened)
    return opened


@pytest.fixture
def sam(op: OpenIdProvider) -> Browser:
    """A browser of somebody else of the same account."""
    opened = op.browser()
    op.signs_in(opened, SAM)
    return opened


def text_of(browser: Browser, address: str = PATH) -> str:
    page = browser.opens(address)
    assert page.status_code == 200, page.status_code
    return unescape(page.text)


def posts(browser: Browser, address: str, **form: str) -> TestResponse:
    """Press a button of the page, or one that somebody made up."""
    page = browser.opens(PATH).text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    return browser.posts(address, {"csrf_token": token, **form}, headers={"Origin": browser.issuer})


def sid_of(op: OpenIdProvider, browser: Browser, account: str = "acme") -> str:
    with op.app.app_context(), reading() as session:
        [one] = sso_sessions.unended(session, [browser.cookie(f"__Host-idp_sso.{account}") or ""])
        return one.sid


def is_signed_in(browser: Browser) -> bool:
    return browser.opens(PATH).status_code == 200


def events(op: OpenIdProvider, kind: str) -> list[dict[str, Any]]:
    with op.app.app_context(), reading() as session:
        found = [one for one in audit_events.after(session, 0) if one.kind == kind]
    return [{"user": one.user_id, "client": one.client_id, "actor": one.actor_id, **one.details} for one in found]


def only(op: OpenIdProvider, table: type, column: Any) -> list[Any]:
    with op.app.app_context(), reading() as session:
        return list(session.scalars(select(column).select_from(table)))


# Who gets there


def test_somebody_unknown_signs_in_first_and_comes_back(connected: OpenIdProvider, platform: RunningPlatform) -> None:
    browser = connected.browser()
    sent = browser.opens(PATH)
    assert sent.headers["Location"] == "/login/?after=/account/"
    token = browser.opens("/login/?after=/account/").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    chosen = browser.posts("/login/?after=/account/", {"csrf_token": token, "account": "acme"})
    back = browser.returns_from(platform, browser.opens(chosen.headers["Location"]))
    assert back.headers["Location"] == PATH
    assert browser.opens(PATH).status_code == 200


def test_a_sign_in_for_nothing_in_particular_ends_where_it_did(
    connected: OpenIdProvider, platform: RunningPlatform
) -> None:
    browser = connected.browser()
    back = browser.returns_from(platform, browser.opens("/login/?account=acme"))
    assert back.headers["Location"] == "/login/"
    page = browser.opens("/login/").text
    assert 'href="/account/"' in page


@pytest.mark.parametrize(
    "wish",
    [
        "https://evil.example/",
        "//evil.example/account/",
        "/account/../evil",
        "/account/\r\nX: y",
        "//manage/",
        "/manage/../account/x",
        "/manage//evil.example/",
        "/manage/\\evil.example/",
        "/manage/%2e%2e/",
        "/manage/@evil.example",
        "/managed/",
        "/account/?" + "a" * 2048,
    ],
)
def test_a_made_up_wish_leads_nowhere(connected: OpenIdProvider, platform: RunningPlatform, wish: str) -> None:
    browser = connected.browser()
    back = browser.returns_from(platform, browser.opens(f"/login/?account=acme&after={quote(wish)}"))
    assert back.headers["Location"] == "/login/"


@pytest.mark.parametrize("address", [PATH, EVERYWHERE])
def test_nobody_sees_a_page_without_a_session(stranger: Browser, address: str) -> None:
    assert stranger.opens(address).headers["Location"] == "/login/?after=/account/"


@pytest.mark.parametrize("address", [END, EVERYWHERE, WITHDRAW, LANGUAGE])
def test_a_form_of_somebody_who_is_signed_out_meanwhile_changes_nothing(
    op: OpenIdProvider, browser: Browser, address: str
) -> None:
    token = browser.opens(PATH).text.partition('name="csrf_token" value="')[2].partition('"')[0]
    op.clock.advance(seconds=3500)
    op.disables(only(op, User, User.id)[0])
    answer = browser.posts(address, {"csrf_token": token, "language": "nl"}, headers={"Origin": browser.issuer})
    assert answer.headers["Location"] == "/login/?after=/account/"


@pytest.mark.parametrize("address", [END, EVERYWHERE, WITHDRAW, LANGUAGE])
def test_a_page_elsewhere_cannot_press_a_button(op: OpenIdProvider, browser: Browser, address: str) -> None:
    form = {"sid": sid_of(op, browser), "account": "acme", "language": "nl"}
    answer = browser.posts(address, form, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 400
    assert is_signed_in(browser)
    assert only(op, User, User.language) == [None]


# Sessions


def test_it_lists_the_sessions_this_one_first(op: OpenIdProvider, browser: Browser, elsewhere: Browser) -> None:
    text = text_of(browser)
    assert "Mia Manager" in text
    assert text.index("this one") < text.index("Another browser")
    assert text.count('name="sid"') == 2
    assert text.index(sid_of(op, browser)) < text.index(sid_of(op, elsewhere))
    assert "Signed in through your company's sign-in" in text
    assert "November 26, 2026, 12:00" in text


def test_it_names_the_services_of_a_session(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
    assert "For Studio" not in text_of(browser)
    rp.obtains_tokens_for(browser)
    assert "For Studio" in text_of(browser)


def test_a_service_that_has_nothing_any_more_is_not_named(
    op: OpenIdProvider, planner: RelyingParty, browser: Browser
) -> None:
    planner.redeems(planner.after_consent(browser))
    assert "For Shift planner" in text_of(browser)
    posts(browser, WITHDRAW, account="acme", client=planner.client_id)
    assert "For Shift planner" not in text_of(browser)


def test_another_session_is_ended_and_this_one_stays(op: OpenIdProvider, browser: Browser, elsewhere: Browser) -> None:
    answer = posts(browser, END, sid=sid_of(op, elsewhere))
    assert answer.headers["Location"] == "/account/?done=ended"
    assert "That session has ended." in text_of(browser, answer.headers["Location"])
    assert is_signed_in(browser)
    assert not is_signed_in(elsewhere)


def test_what_hangs_on_an_ended_session_ends(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, elsewhere: Browser
) -> None:
    tokens = rp.obtains_tokens_for(elsewhere)
    posts(browser, END, sid=sid_of(op, elsewhere))
    assert rp.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")
    ended = events(op, "session.ended")
    assert [one["actor"] for one in ended] == [one["user"] for one in ended]


def test_ending_this_one_signs_the_browser_out(op: OpenIdProvider, browser: Browser, elsewhere: Browser) -> None:
    answer = posts(browser, END, sid=sid_of(op, browser))
    assert answer.headers["Location"].startswith("/logout/done/?s=")
    assert "You are signed out" in text_of(browser, "/logout/")
    assert browser.cookie("__Host-idp_sso.acme") is None
    assert browser.cookie("__Host-idp_signed_out")
    assert not is_signed_in(browser)
    assert is_signed_in(elsewhere)


@BOTH_DATABASES
@pytest.mark.parametrize("sid", ["", "x", "' OR 1=1 --", "a\0b", "é" * 50, "x" * 5000])
def test_a_session_that_is_nobodys_is_not_found(op: OpenIdProvider, browser: Browser, sid: str) -> None:
    assert posts(browser, END, sid=sid).status_code == 404
    assert is_signed_in(browser)


def test_somebody_elses_session_is_not_found_and_goes_on(op: OpenIdProvider, browser: Browser, sam: Browser) -> None:
    answer = posts(browser, END, sid=sid_of(op, sam))
    assert answer.status_code == 404
    assert is_signed_in(sam)
    assert "Sam Agent" not in text_of(browser)
    assert sid_of(op, sam) not in text_of(browser)


def test_a_session_ends_once(op: OpenIdProvider, browser: Browser, elsewhere: Browser) -> None:
    sid = sid_of(op, elsewhere)
    assert posts(browser, END, sid=sid).status_code == 303
    assert posts(browser, END, sid=sid).status_code == 404


# Everywhere


def test_the_page_before_says_what_ends(
    op: OpenIdProvider, rp: RelyingParty, planner: RelyingParty, browser: Browser, elsewhere: Browser
) -> None:
    rp.obtains_tokens_for(elsewhere)
    planner.redeems(planner.after_consent(browser, scope="openid offline_access", prompt="consent"))
    text = text_of(browser, EVERYWHERE)
    assert "Sign out everywhere?" in text
    assert text.count("<li>") == 3
    assert "For Studio" in text
    assert "Connected while you are away" in text
    assert 'id="sign-out-everywhere"' in text
    assert is_signed_in(elsewhere)


def test_a_service_whose_connection_is_over_is_not_named(
    op: OpenIdProvider, planner: RelyingParty, browser: Browser
) -> None:
    planner.redeems(planner.after_consent(browser, scope="openid offline_access", prompt="consent"))
    op.clock.advance(seconds=100 * 86400)
    op.signs_in(browser)
    assert "Connected while you are away" not in text_of(browser, EVERYWHERE)


def test_signing_out_everywhere_ends_all_of_that_person_alone(
    op: OpenIdProvider, rp: RelyingParty, planner: RelyingParty, browser: Browser, elsewhere: Browser, sam: Browser
) -> None:
    offline = planner.after_consent(elsewhere, scope="openid offline_access", prompt="consent")
    away = planner.redeems(offline).tokens
    of_sam = rp.obtains_tokens_for(sam)
    answer = posts(browser, EVERYWHERE)
    assert answer.headers["Location"].startswith("/logout/done/?s=")
    assert "You are signed out" in text_of(browser, "/logout/")
    assert not is_signed_in(browser)
    assert not is_signed_in(elsewhere)
    assert planner.refreshes(away).is_refused_as("invalid_grant")
    assert is_signed_in(sam)
    assert rp.asks_userinfo(of_sam.access_token).succeeds()
    [event] = events(op, "user.signed_out")
    assert event["actor"] == event["user"]
    assert event["sessions"] == 2


@pytest.mark.parametrize("account", ["", "staff", "umbrella", "ACME", "é"])
def test_signing_out_somewhere_else_is_not_found(browser: Browser, account: str) -> None:
    address = f"{PATH}sign-out/?account={account}"
    if account.isascii():
        assert browser.opens(address).status_code == 404
        assert posts(browser, address).status_code == 404
    assert is_signed_in(browser)


# Several people in one browser


@pytest.fixture
def two_people(op: OpenIdProvider) -> Browser:
    """A browser to which Mia of acme and Casey of staff are signed in."""
    op.staff_sign_in_with_google()
    opened = op.browser()
    op.signs_in(opened, MIA)
    op.signs_in(opened, CASEY)
    return opened


def test_each_has_a_section(two_people: Browser) -> None:
    text = text_of(two_people)
    assert text.count("this one") == 2
    assert "Mia Manager" in text
    assert "Casey Staff" in text
    assert "/account/sign-out/?account=acme" in text
    assert "/account/sign-out/?account=staff" in text


def test_one_signs_out_and_the_other_stays(op: OpenIdProvider, two_people: Browser) -> None:
    answer = posts(two_people, END, sid=sid_of(op, two_people, "staff"))
    assert answer.headers["Location"] == "/account/?done=ended"
    text = text_of(two_people)
    assert "Casey Staff" not in text
    assert "Mia Manager" in text


def test_one_signs_out_everywhere_and_the_other_stays(op: OpenIdProvider, two_people: Browser) -> None:
    page = text_of(two_people, EVERYWHERE)
    assert "Mia Manager" in page
    assert "Casey Staff" not in page
    posts(two_people, EVERYWHERE)
    text = text_of(two_people)
    assert "Casey Staff" in text
    assert "Mia Manager" not in text


# Services


def test_it_lists_what_was_allowed(
    op: OpenIdProvider, planner: RelyingParty, rp: RelyingParty, browser: Browser
) -> None:
    assert "No service so far." in text_of(browser)
    rp.obtains_tokens_for(browser)
    planner.after_consent(browser, scope="openid profile")
    text = text_of(browser)
    assert "Shift planner" in text
    assert "your name; your language" in text
    assert "Studio</strong>" not in text


@BOTH_DATABASES
def test_withdrawing_ends_what_the_service_has_and_asks_again(
    op: OpenIdProvider, planner: RelyingParty, rp: RelyingParty, browser: Browser
) -> None:
    tokens = planner.redeems(planner.after_consent(browser, scope="openid profile")).tokens
    on_the_way = planner.obtains_a_code_for(browser, scope="openid")
    of_studio = rp.obtains_tokens_for(browser)
    answer = posts(browser, WITHDRAW, account="acme", client=planner.client_id)
    assert answer.headers["Location"] == "/account/?done=withdrawn"
    assert "It is withdrawn." in text_of(browser, answer.headers["Location"])
    assert planner.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")
    assert planner.redeems(on_the_way).is_refused_as("invalid_grant")
    assert planner.asks(browser).location.startswith("/oauth/consent/")
    assert rp.asks_userinfo(of_studio.access_token).succeeds()
    [event] = events(op, "consent.withdrawn")
    assert event["client"] == planner.client_id
    assert event["actor"] == event["user"]


def test_a_service_that_listens_is_told(op: OpenIdProvider, browser: Browser) -> None:
    listening = RelyingParty.registered_at(
        op,
        "Listener",
        redirect_uris=("https://listener.example.com/callback",),
        party="third",
        backchannel_logout_uri="https://listener.example.com/logout",
    )
    listening.redeems(listening.after_consent(browser))
    posts(browser, WITHDRAW, account="acme", client=listening.client_id)
    [payload] = only(op, OutboxItem, OutboxItem.payload)
    assert payload["client_id"] == listening.client_id


def test_what_somebody_else_allowed_is_not_found(
    op: OpenIdProvider, planner: RelyingParty, browser: Browser, sam: Browser
) -> None:
    planner.after_consent(sam)
    assert posts(browser, WITHDRAW, account="acme", client=planner.client_id).status_code == 404
    assert planner.asks(sam).has_a_code()
    assert "Shift planner" not in text_of(browser)


@BOTH_DATABASES
@pytest.mark.parametrize("client", ["", "studio", "' OR 1=1 --", "a\0b", "x" * 5000])
@pytest.mark.parametrize("account", ["acme", "staff", "a\0b"])
def test_what_was_never_allowed_is_not_found(browser: Browser, account: str, client: str) -> None:
    assert posts(browser, WITHDRAW, account=account, client=client).status_code == 404


def test_a_service_of_somebody_in_the_same_browser_is_withdrawn_for_them_alone(
    op: OpenIdProvider, two_people: Browser
) -> None:
    shared = RelyingParty.registered_at(
        op,
        "Shared",
        account=None,
        admitted=("acme",),
        redirect_uris=("https://shared.example.com/callback",),
        party="third",
    )
    for account in ("acme", "staff"):
        shared.after_consent(two_people, account=account)
    posts(two_people, WITHDRAW, account="acme", client=shared.client_id)
    assert shared.asks(two_people, account="staff").has_a_code()
    assert shared.asks(two_people, account="acme").location.startswith("/oauth/consent/")


# Language


def test_a_language_is_kept_for_the_person_and_the_browser(op: OpenIdProvider, browser: Browser) -> None:
    answer = posts(browser, LANGUAGE, language="nl")
    assert answer.headers["Location"] == "/account/?done=language"
    assert '<html lang="nl">' in text_of(browser)
    assert '<option value="nl" lang="nl" selected>' in text_of(browser)
    assert only(op, User, User.language) == ["nl"]


def test_the_language_follows_the_person_into_another_browser(
    connected: OpenIdProvider, platform: RunningPlatform
) -> None:
    first, second = connected.browser(), connected.browser()
    first.returns_from(platform, first.opens("/login/?account=acme"))
    posts(first, LANGUAGE, language="de")
    second.opens("/login/?lang=nl")
    second.returns_from(platform, second.opens("/login/?account=acme"))
    assert '<html lang="de">' in text_of(second)
    assert second.cookie("idp_lang") == "de"


def test_a_person_who_chose_nothing_leaves_the_browsers_language(
    connected: OpenIdProvider, platform: RunningPlatform
) -> None:
    browser = connected.browser()
    browser.opens("/login/?lang=nl")
    browser.returns_from(platform, browser.opens("/login/?account=acme"))
    assert '<html lang="nl">' in text_of(browser)


@pytest.mark.parametrize("language", ["", "fr", "NL", "en-GB", "a\0b", "x" * 5000])
def test_a_language_that_we_do_not_speak_is_refused(op: OpenIdProvider, browser: Browser, language: str) -> None:
    assert posts(browser, LANGUAGE, language=language).status_code == 400
    assert only(op, User, User.language) == [None]


@pytest.mark.parametrize("done", ["", "x", "<script>", "Ended"])
def test_a_made_up_notice_is_not_shown(browser: Browser, done: str) -> None:
    page = browser.opens(PATH, query_string={"done": done})
    assert page.status_code == 200
    assert 'role="status"' not in page.text

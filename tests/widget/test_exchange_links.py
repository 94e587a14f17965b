"""Exchange links: a widget's session in another browser, once, and nobody comes in unawares (CONTRACT §6 rule 4)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stderr
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from werkzeug.test import TestResponse

from idp import logs
from idp.domain.jars import Jar
from idp.services.registry import accounts
from idp.services.registry.accounts import AccountSettings
from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import CASEY, ISSUER, MIA, SAM, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.database import racing
from tests.support.rp import RelyingParty
from tests.support.widget import ACCESS, CSRF_ACCESS, CSRF_REFRESH, REFRESH, Widget
from tests.widget.ways_in import (
    ELSEWHERE,
    about,
    access,
    events,
    is_page,
    platform_jwt,
    set_otherwise,
    sets_cookies,
    signs_in_by_jwt,
    unread,
)

CONTINUE = "/session/jwt/continue/"
BASE_URL = "https://acme.deepdesk.example"
BY_HAND, FROM_ELSEWHERE = {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def token(widget: Widget) -> str:
    """A token for the session of an agent who came by the API key."""
    widget.signs_in_by_key("1", "Kim Agent")
    return minted(widget)


@pytest.fixture
def desktop(op: OpenIdProvider) -> Widget:
    """Another browser, in which nobody is signed in."""
    return Widget(op, origin=None)


def minted(widget: Widget) -> str:
    answer = widget.exchanges()
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["token"])


def link(token: str, redirect: str | None = None) -> str:
    return f"/session/jwt/?jwt={quote(token)}" + ("" if redirect is None else f"&redirect={quote(redirect, safe='')}")


def follows(browser: Widget, token: str, redirect: str | None = None, **options: Any) -> TestResponse:
    """Open a link that somebody clicked or typed."""
    return browser.opens(link(token, redirect), **options)


def presses(browser: Widget, page: TestResponse, **options: Any) -> TestResponse:
    """Press the button of the page that asks, as a browser does: a page without referrer names no origin."""
    form = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page.text)}
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "null", **options.pop("headers", {})}
    return browser.calls("POST", CONTINUE, data=form | options.pop("form", {}), headers=headers, **options)


def arrives(answer: TestResponse, at: str = f"{ISSUER}/") -> bool:
    """Say whether somebody is sent on."""
    return answer.status_code == 303 and answer.headers["Location"] == at


def asks(answer: TestResponse) -> bool:
    """Say whether it is the page with the button, and nothing has happened yet."""
    return answer.status_code == 200 and 'id="exchange-continue"' in answer.text and not sets_cookies(answer)


def is_opened(browser: Widget) -> bool:
    return browser.jars.value(ACCESS, Jar.TOP) is not None and browser.window().asks().status_code == 200


# The link


def test_a_link_opens_the_session_in_another_browser(desktop: Widget, token: str) -> None:
    answer = follows(desktop, token, "/admin/personal-collection")
    assert arrives(answer, f"{ISSUER}/admin/personal-collection")
    assert is_opened(desktop)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert token not in answer.headers["Location"]


@pytest.mark.parametrize("path", ["/session/jwt", "/session/jwt/"])
def test_both_spellings_of_the_address_are_answered(desktop: Widget, token: str, path: str) -> None:
    assert arrives(desktop.opens(f"{path}?jwt={token}"))


def test_a_browser_that_says_who_leads_it_is_told_the_same(desktop: Widget, token: str) -> None:
    assert arrives(follows(desktop, token, headers=BY_HAND))
    assert is_opened(desktop)


def test_the_cookies_are_of_the_ordinary_jar(desktop: Widget, token: str) -> None:
    answer = follows(desktop, token)
    lines = answer.headers.getlist("Set-Cookie")
    assert len([line for line in lines if "_token" in line]) == 4
    assert not any("partitioned" in line.lower() for line in lines)
    assert access(desktop, Jar.TOP)["jar"] == "top"


def test_a_link_works_once(op: OpenIdProvider, desktop: Widget, token: str) -> None:
    follows(desktop, token)
    before = op.rows()
    assert is_page(follows(Widget(op, origin=None), token), 410)
    assert op.rows() == before


@BOTH_DATABASES
def test_of_eight_browsers_with_one_link_one_gets_in(op: OpenIdProvider, token: str) -> None:
    def open_it() -> tuple[int, bool]:
        answer = follows(Widget(op, origin=None), token)
        return answer.status_code, sets_cookies(answer)

    outcomes = racing(op.app, open_it)
    assert sorted(map(str, outcomes)) == ["(303, True)"] + ["(410, False)"] * 7


def test_clicked_twice_in_one_browser_the_person_still_arrives(op: OpenIdProvider, desktop: Widget, token: str) -> None:
    follows(desktop, token)
    kept, before = desktop.jars.copy(), op.rows()
    for headers in (BY_HAND, FROM_ELSEWHERE, {}):
        again = follows(desktop, token, "/again", headers=headers)
        assert arrives(again, f"{ISSUER}/again")
        assert not sets_cookies(again)
    assert (desktop.jars, op.rows()) == (kept, before)


def test_so_do_they_when_their_access_cookie_has_expired(desktop: Widget, token: str, clock: FrozenClock) -> None:
    follows(desktop, token)
    clock.advance(minutes=20)
    assert arrives(follows(desktop, token))


def test_not_when_they_have_signed_out_there(desktop: Widget, token: str) -> None:
    follows(desktop, token)
    spent = desktop.jars.copy()
    window = desktop.window()
    assert window.signs_out().status_code == 200
    assert is_page(follows(desktop, token), 410)
    assert is_page(follows(Widget(desktop.op, origin=None, jars=spent), token), 410)


def test_a_spent_one_in_a_browser_of_somebody_else_says_so(op: OpenIdProvider, desktop: Widget, token: str) -> None:
    follows(desktop, token)
    other = Widget(op, origin=None)
    other.signs_in_by_key("2")
    kept = other.jars.copy()
    assert is_page(follows(other, token), 410)
    assert other.jars == kept


def test_looking_spends_nothing(op: OpenIdProvider, desktop: Widget, token: str) -> None:
    before = op.rows()
    cookies = {"Cookie": ""}
    looked = [
        desktop.http.head(f"{ISSUER}{link(token)}", headers=cookies),
        desktop.http.get(f"{ISSUER}{link(token)}", headers={"Sec-Purpose": "prefetch"}),
        desktop.http.get(f"{ISSUER}{link(token)}", headers={"Sec-Purpose": "prefetch;prerender"}),
        desktop.http.options(f"{ISSUER}{link(token)}"),
    ]
    assert not any(sets_cookies(one) for one in looked)
    assert op.rows() == before
    assert arrives(follows(desktop, token))


def test_it_lasts_an_hour(op: OpenIdProvider, widget: Widget, desktop: Widget, clock: FrozenClock) -> None:
    widget.signs_in_by_key()
    answer = widget.exchanges()
    assert answer.get_json()["expires_in"] == 3600
    token = answer.get_json()["token"]
    clock.advance(minutes=59, seconds=59)
    before = op.rows()
    assert asks(follows(desktop, token, headers=FROM_ELSEWHERE))
    assert op.rows() == before
    clock.advance(seconds=1)
    assert is_page(follows(desktop, token), 410)


def test_it_lasts_no_longer_than_its_session(
    op: OpenIdProvider, widget: Widget, desktop: Widget, clock: FrozenClock
) -> None:
    signs_in_by_jwt(widget, platform_jwt(op, exp=op.clock.unix + 600))
    answer = widget.exchanges()
    assert answer.get_json()["expires_in"] == 600
    clock.advance(seconds=600)
    assert is_page(follows(desktop, answer.get_json()["token"]), 410)


def test_it_ends_with_its_session_when_that_was_shortened(
    op: OpenIdProvider, widget: Widget, desktop: Widget, clock: FrozenClock
) -> None:
    signs_in_by_jwt(widget)
    token = minted(widget)
    signs_in_by_jwt(widget, platform_jwt(op, exp=op.clock.unix + 600))
    clock.advance(seconds=600)
    assert is_page(follows(desktop, token), 410)


@pytest.mark.parametrize("end", ["the widget", "an operator", "disabling", "disabling the account"])
def test_after_its_session_has_ended_it_opens_nothing(
    op: OpenIdProvider, widget: Widget, desktop: Widget, token: str, end: str
) -> None:
    sub = access(widget)["sub"]
    match end:
        case "the widget":
            widget.signs_out()
        case "an operator":
            op.runs("users", "sign-out", sub)
        case "disabling":
            op.runs("users", "disable", sub)
        case "disabling the account":
            op.disables_account("acme")
    before = op.rows()
    assert is_page(follows(desktop, token), 410)
    assert op.rows() == before


def test_it_opens_nothing_when_the_session_ends_while_the_page_asks(
    op: OpenIdProvider, widget: Widget, desktop: Widget, token: str
) -> None:
    page = follows(desktop, token, headers=FROM_ELSEWHERE)
    widget.signs_out()
    assert is_page(presses(desktop, page), 410)
    assert desktop.jars.value(ACCESS, Jar.TOP) is None


# Whom it signs in


def test_led_by_another_site_the_person_is_asked(op: OpenIdProvider, desktop: Widget, token: str) -> None:
    before = op.rows()
    page = follows(desktop, token, "/admin/", headers=FROM_ELSEWHERE)
    assert asks(page)
    assert "Kim Agent" in page.text
    assert f"{ISSUER}/admin/" in page.text
    assert op.rows() == before
    assert arrives(presses(desktop, page), f"{ISSUER}/admin/")
    assert is_opened(desktop)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "", "None", "nonsense"])
def test_whoever_leads_it_other_than_by_hand_the_person_is_asked(desktop: Widget, token: str, site: str) -> None:
    assert asks(follows(desktop, token, headers={"Sec-Fetch-Site": site}))


def test_with_another_agent_of_the_widget_in_the_browser_the_person_is_asked(desktop: Widget, token: str) -> None:
    desktop.signs_in_by_key("2")
    kept = desktop.jars.copy()
    page = follows(desktop, token, headers=BY_HAND)
    assert asks(page)
    assert desktop.jars.value(ACCESS, Jar.TOP) == kept.value(ACCESS, Jar.TOP)
    assert arrives(presses(desktop, page))
    assert access(desktop, Jar.TOP)["identity"]["user_id"] == "1"
    assert Widget(desktop.op, origin=None, jars=kept).asks().status_code == 401


def test_an_agent_of_the_widget_in_the_same_browser_is_left_alone(op: OpenIdProvider, token: str) -> None:
    page = Widget(op)
    page.signs_in_by_key("2")
    assert arrives(presses(page.beside(origin=None), follows(page, token)))
    assert access(page, Jar.TOP)["identity"]["user_id"] == "1"
    assert page.asks().get_json()["identity"]["user_id"] == "2"


@pytest.mark.parametrize("headers", [BY_HAND, {}], ids=["none", "absent"])
def test_with_somebody_signed_in_to_a_service_the_person_is_asked(
    op: OpenIdProvider, token: str, headers: dict[str, str]
) -> None:
    browser = op.browser()
    op.signs_in(browser)
    assert asks(browser.opens(link(token), headers=headers))


def test_with_somebody_of_another_account_the_person_is_asked(op: OpenIdProvider, token: str) -> None:
    op.staff_sign_in_with_google()
    op.grants("casey.staff@deepdesk.example")
    browser = op.browser()
    op.signs_in(browser, CASEY)
    assert asks(browser.opens(link(token), headers=BY_HAND))


def test_when_their_session_is_over_nobody_is_asked(desktop: Widget, token: str) -> None:
    desktop.signs_in_by_key("2")
    cookies = desktop.jars.copy()
    desktop.signs_out()
    desktop.jars = cookies
    assert arrives(follows(desktop, token, headers=BY_HAND))


def test_with_their_own_session_in_the_browser_nobody_is_asked(desktop: Widget, token: str) -> None:
    desktop.signs_in_by_key("1")
    assert arrives(follows(desktop, token, headers=BY_HAND))


def test_the_page_shows_what_people_typed_as_text(op: OpenIdProvider, widget: Widget, desktop: Widget) -> None:
    widget.signs_in_by_key("1", '"><script>alert(1)</script>')
    page = follows(desktop, minted(widget), '/"><script>alert(2)</script>', headers=FROM_ELSEWHERE)
    assert asks(page)
    assert "<script" not in page.text
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_the_form_may_lead_where_the_link_leads_and_nowhere_else(
    op: OpenIdProvider, desktop: Widget, token: str
) -> None:
    has_base_url(op, BASE_URL)
    page = follows(desktop, token, headers=FROM_ELSEWHERE)
    assert f"form-action 'self' {BASE_URL};" in page.headers["Content-Security-Policy"]
    assert "Cross-Origin-Opener-Policy" not in page.headers


# The button


def test_the_button_needs_its_own_field(op: OpenIdProvider, desktop: Widget, token: str) -> None:
    page = follows(desktop, token, headers=FROM_ELSEWHERE)
    before = op.rows()
    for csrf in ("", "x", "undefined"):
        assert is_page(presses(desktop, page, form={"csrf_token": csrf}), 400)
    bare = desktop.calls("POST", CONTINUE, data={"jwt": token})
    assert is_page(bare, 400)
    assert op.rows() == before
    assert arrives(presses(desktop, page))


def test_the_field_is_of_one_browser(op: OpenIdProvider, desktop: Widget, token: str) -> None:
    page = follows(desktop, token, headers=FROM_ELSEWHERE)
    victim = Widget(op, origin=None)
    follows(victim, token, headers=FROM_ELSEWHERE)
    assert is_page(presses(victim, page), 400)
    assert victim.jars.value(ACCESS, Jar.TOP) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": ELSEWHERE},
        {"Origin": "https://platform.acme.example"},
        {"Origin": ELSEWHERE, "Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_the_button_is_pressed_here(op: OpenIdProvider, desktop: Widget, token: str, headers: dict[str, str]) -> None:
    page = follows(desktop, token, headers=FROM_ELSEWHERE)
    before = op.rows()
    assert is_page(presses(desktop, page, headers=headers), 400)
    assert op.rows() == before
    assert arrives(presses(desktop, page))


def test_a_browser_may_name_our_origin_or_none(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_by_key()
    for origin in (ISSUER, "null"):
        desktop = Widget(op, origin=None)
        page = follows(desktop, minted(widget), headers=FROM_ELSEWHERE)
        assert arrives(presses(desktop, page, headers={"Origin": origin}))


def test_pressed_twice_the_person_still_arrives(op: OpenIdProvider, desktop: Widget, token: str) -> None:
    page = follows(desktop, token, "/admin/", headers=FROM_ELSEWHERE)
    presses(desktop, page)
    before = op.rows()
    again = presses(desktop, page)
    assert arrives(again, f"{ISSUER}/admin/")
    assert not sets_cookies(again)
    assert op.rows() == before


def test_the_button_opens_nothing_that_was_spent_elsewhere(op: OpenIdProvider, desktop: Widget, token: str) -> None:
    page = follows(desktop, token, headers=FROM_ELSEWHERE)
    follows(Widget(op, origin=None), token)
    assert is_page(presses(desktop, page), 410)
    assert desktop.jars.value(ACCESS, Jar.TOP) is None


@BOTH_DATABASES
def test_of_eight_presses_at_once_one_opens_it(op: OpenIdProvider, token: str) -> None:
    desktop = Widget(op, origin=None)
    page = follows(desktop, token, headers=FROM_ELSEWHERE)

    def press() -> tuple[int, bool]:
        answer = presses(Widget(op, origin=None, jars=desktop.jars.copy()), page)
        return answer.status_code, sets_cookies(answer)

    outcomes = racing(op.app, press)
    assert sorted(map(str, outcomes)) == ["(303, True)"] + ["(410, False)"] * 7


def test_the_button_cannot_be_had_by_a_get(op: OpenIdProvider, desktop: Widget, token: str) -> None:
    before = op.rows()
    assert desktop.opens(f"{CONTINUE}?jwt={token}").status_code == 405
    assert op.rows() == before


# What it opens


INHERITED = ("sub", "aud", "identity", "roles", "role_name", "acr", "amr", "auth_time")


@pytest.mark.parametrize("person", [MIA, SAM], ids=["a manager", "an agent"])
def test_it_inherits_person_proof_and_role(op: OpenIdProvider, widget: Widget, clock: FrozenClock, person: Any) -> None:
    widget.signs_in_in_a_window(person, amr=("pwd", "mfa"))
    clock.advance(minutes=5)
    window = widget.window()
    source = access(window, Jar.TOP)
    desktop = Widget(op, origin=None)
    follows(desktop, minted(window))
    opened = access(desktop, Jar.TOP)
    assert {name: opened[name] for name in INHERITED} == {name: source[name] for name in INHERITED}
    assert opened["acr"] == "urn:deepdesk:acr:interactive"
    assert opened["roles"] == list(person.roles)
    assert opened["auth_time"] == clock.unix - 300
    assert opened["sid"] != source["sid"]
    assert opened["fresh"] is False


def test_of_a_bridge_it_inherits_the_bridge(desktop: Widget, token: str) -> None:
    follows(desktop, token)
    claims = access(desktop, Jar.TOP)
    assert (claims["acr"], claims["amr"]) == ("urn:deepdesk:acr:bridge", ["api_key"])
    assert claims["roles"] == ["deepdesk.agent"]


def test_it_ends_when_its_session_would(desktop: Widget, widget: Widget, clock: FrozenClock) -> None:
    widget.signs_in_by_key()
    ends = unread(widget.jars.value(REFRESH, Jar.PARTITIONED))["exp"]
    clock.advance(hours=20)
    widget.renews()
    answer = follows(desktop, minted(widget))
    assert unread(desktop.jars.value(REFRESH, Jar.TOP))["exp"] == ends
    lines = [line for line in answer.headers.getlist("Set-Cookie") if "_token" in line]
    assert all(f"Max-Age={4 * 3600}" in line for line in lines)
    clock.advance(hours=3, minutes=59)
    assert desktop.renews(desktop.jars.value(CSRF_REFRESH, Jar.TOP)).status_code == 200
    assert unread(desktop.jars.value(REFRESH, Jar.TOP))["exp"] == ends
    clock.advance(minutes=1)
    assert desktop.renews(desktop.jars.value(CSRF_REFRESH, Jar.TOP)).status_code == 401


def test_it_makes_no_further_one(desktop: Widget, token: str) -> None:
    follows(desktop, token)
    window = desktop.window()
    for _ in range(2):
        answer = window.exchanges()
        assert (answer.status_code, answer.get_json()["error"]) == (403, "exchange_not_allowed")
        assert window.renews().status_code == 200


def test_one_session_may_make_several(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_by_key()
    tokens = [minted(widget) for _ in range(3)]
    assert len(set(tokens)) == 3
    for one in tokens:
        assert arrives(follows(Widget(op, origin=None), one))


def test_signing_out_in_one_browser_leaves_the_other(widget: Widget, desktop: Widget, token: str) -> None:
    follows(desktop, token)
    assert desktop.window().signs_out().status_code == 200
    assert widget.asks().status_code == 200


def test_signing_out_everywhere_ends_both(op: OpenIdProvider, widget: Widget, desktop: Widget, token: str) -> None:
    follows(desktop, token)
    op.runs("users", "sign-out", access(widget)["sub"])
    assert desktop.window().asks().status_code == 401


def test_it_answers_no_authorization_request(op: OpenIdProvider) -> None:
    source = Widget(op)
    source.signs_in_in_a_window()
    desktop = Widget(op, origin=None)
    follows(desktop, minted(source.window()))
    asked = RelyingParty.registered_at(op).prepares(prompt="none")
    answer = desktop.opens("/oauth/authorize/", query_string=asked.params)
    assert "error=login_required" in answer.headers["Location"]


def test_the_trail_tells_who_made_one_and_that_it_was_used(op: OpenIdProvider, widget: Widget, desktop: Widget) -> None:
    widget.signs_in_by_key()
    token, sub = minted(widget), access(widget)["sub"]
    follows(desktop, token)
    assert [one["user"] for kind in ("exchange.minted", "exchange.used") for one in events(op, kind)] == [sub, sub]
    assert not op.stores(token)
    assert not op.stores(unread(token)["jti"])


def test_the_token_names_nobody(token: str) -> None:
    assert unread(token).keys() == {"iss", "aud", "iat", "exp", "jti", "type"}


# Other tokens


def test_no_other_token_opens_it(op: OpenIdProvider, widget: Widget, desktop: Widget) -> None:
    rp = RelyingParty.registered_at(op)
    browser = op.browser()
    op.signs_in(browser)
    tokens = rp.obtains_tokens_for(browser)
    widget.signs_in_by_key()
    others = {
        "platform JWT": platform_jwt(op),
        "platform JWT of type exchange": platform_jwt(op, type="exchange"),
        "access cookie": widget.jars.value(ACCESS, Jar.PARTITIONED),
        "refresh cookie": widget.jars.value(REFRESH, Jar.PARTITIONED),
        "CSRF value": widget.jars.value(CSRF_ACCESS, Jar.PARTITIONED),
        "ID token": tokens.id_token,
        "access token": tokens.access_token,
        "refresh token": tokens.refresh_token,
        "nothing": "",
        "nonsense": "a.b.c",
        "much": "x" * 5000,
    }
    before = op.rows()
    for kind, other in others.items():
        assert is_page(follows(desktop, other or "", headers=BY_HAND), 410), kind
        assert is_page(follows(desktop, other or "", headers=FROM_ELSEWHERE), 410), kind
    assert is_page(desktop.opens("/session/jwt/"), 410)
    assert op.rows() == before


def test_no_other_token_is_taken_by_the_button(op: OpenIdProvider, widget: Widget, desktop: Widget, token: str) -> None:
    page = follows(desktop, token, headers=FROM_ELSEWHERE)
    for other in (platform_jwt(op), widget.jars.value(ACCESS, Jar.PARTITIONED), ""):
        assert is_page(presses(desktop, page, form={"jwt": other}), 410)


def test_an_exchange_token_is_no_platform_jwt(op: OpenIdProvider, widget: Widget, token: str) -> None:
    before = op.rows()
    answer = signs_in_by_jwt(Widget(op), token)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_token")
    assert op.rows() == before


# Where it leads


def has_base_url(op: OpenIdProvider, url: str) -> None:
    with op.app.app_context():
        accounts.update("acme", AccountSettings(base_url=url), context=op.context)


TRICKS = [
    ".evil.example",
    "@evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/%09/evil.example",
    "/%5cevil.example",
    "/\r\nLocation: https://evil.example",
    "/\r\n\r\n<script>",
    "/%0d%0aSet-Cookie:%20x=y",
    "https://evil.example/",
    "javascript:alert(1)",
    "/../../evil.example",
    "/" + "a" * 5000,
    "/\u202e\u2028\uff0f\uff0fevil.example",
]


@pytest.mark.parametrize("base_url", [None, BASE_URL, f"{BASE_URL}/studio/"], ids=["issuer", "base URL", "with a path"])
@pytest.mark.parametrize("wanted", TRICKS, ids=lambda wanted: ascii(wanted[:20]))
def test_no_trick_leads_elsewhere(
    op: OpenIdProvider, widget: Widget, desktop: Widget, base_url: str | None, wanted: str
) -> None:
    if base_url is not None:
        has_base_url(op, base_url)
    home = urlsplit(base_url or ISSUER).netloc
    widget.signs_in_by_key()
    straight = follows(desktop, minted(widget), wanted)
    asked = Widget(op, origin=None)
    pressed = presses(asked, follows(asked, minted(widget), wanted, headers=FROM_ELSEWHERE))
    form = {"redirect": wanted}
    other = Widget(op, origin=None)
    forged = presses(other, follows(other, minted(widget), headers=FROM_ELSEWHERE), form=form)
    for answer in (straight, pressed, forged):
        location = answer.headers["Location"]
        assert answer.status_code == 303
        assert (urlsplit(location).scheme, urlsplit(location).netloc) == ("https", home)
        assert re.fullmatch(r"https://[a-z.]+/[\x21-\x5b\x5d-\x7e]*", location)
        assert "evil" not in "".join(answer.headers.get(name, "") for name in ("Set-Cookie", "Refresh"))


def test_a_path_is_of_the_accounts_own_address(op: OpenIdProvider, desktop: Widget, token: str) -> None:
    has_base_url(op, BASE_URL)
    assert arrives(follows(desktop, token, "/admin/?a=b&c=d%20e#f"), f"{BASE_URL}/admin/?a=b&c=d%20e#f")


def test_without_a_path_it_leads_to_the_front_page(op: OpenIdProvider, desktop: Widget, token: str) -> None:
    has_base_url(op, BASE_URL)
    assert arrives(follows(desktop, token), f"{BASE_URL}/")


# What is written down


@pytest.fixture
def logging_everything(op: OpenIdProvider, tmp_path: Path) -> Iterator[tuple[OpenIdProvider, io.StringIO]]:
    """The provider with the most talkative log there is, and what it writes."""
    log = io.StringIO()
    with redirect_stderr(log), set_otherwise(op, tmp_path, IDP_LOG_LEVEL="debug") as talkative:
        yield talkative, log
    logs.configure(op.parts.settings)


def test_no_token_of_a_link_is_in_the_log(
    logging_everything: tuple[OpenIdProvider, io.StringIO], caplog: pytest.LogCaptureFixture
) -> None:
    op, log = logging_everything
    caplog.set_level(0)
    widget, desktop = Widget(op), Widget(op, origin=None)
    widget.signs_in_by_key()
    token, other = minted(widget), minted(widget)
    page = follows(desktop, token, "/somewhere-secret", headers=FROM_ELSEWHERE)
    presses(desktop, page, form={"csrf_token": ""})
    presses(desktop, page)
    follows(Widget(op, origin=None), token)
    follows(Widget(op, origin=None), other)
    follows(desktop, "an-unknown-token")
    signs_in_by_jwt(widget, platform_jwt(op, identity=about(user_id="")))
    signs_in_by_jwt(widget, "a-platform-jwt-that-is-none")
    written = log.getvalue() + caplog.text
    assert "/session/jwt" in written
    assert "exchange_refused" in written
    for secret in (token, other, "jwt=", "an-unknown-token", "somewhere-secret", "a-platform-jwt", token.split(".")[2]):
        assert secret not in written

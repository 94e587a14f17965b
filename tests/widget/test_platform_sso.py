"""Platform SSO: an agent's sign-in for the widget, straight to the platform and back (DOMAIN.md; CONTRACT §4, §6)."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from werkzeug.test import TestResponse

from idp.domain.jars import Jar
from idp.sandbox.platform import Fault
from idp.services.registry import accounts
from idp.services.registry.accounts import AccountSettings
from tests.support.app import CALLBACK, CASEY, ISSUER, MIA, SAM, Browser, OpenIdProvider
from tests.support.platform import RunningPlatform
from tests.support.rp import RelyingParty
from tests.support.widget import ACCESS, ORIGIN, Widget
from tests.widget.ways_in import access, is_page, redeems, sets_cookies, unread, verifier_and_challenge

PATH = "/platform/sso/"
DONE = "/platform/sso/done/?account=acme"
BASE_URL = "https://acme.deepdesk.example"
PROVIDERS = re.compile(r'<a class="[^"]*\bprovider\b[^"]*"[^>]*>')


def address(**said: str) -> str:
    return f"{PATH}?{urlencode({'account': 'acme', **said})}"


def departs(answer: TestResponse, platform: RunningPlatform) -> dict[str, list[str]]:
    """Return what the upstream is asked, where the browser goes straight to it."""
    location = answer.headers["Location"]
    assert (answer.status_code, location.startswith(platform.issuer)) == (303, True), location
    return parse_qs(urlsplit(location).query)


def token(browser: Browser) -> str | None:
    return browser.cookie(ACCESS)


@pytest.fixture
def at_home(connected: OpenIdProvider) -> OpenIdProvider:
    """The provider whose account acme has pages at an address of its own."""
    with connected.app.app_context():
        accounts.update("acme", AccountSettings(base_url=BASE_URL), context=connected.context)
    return connected


@pytest.fixture
def somebody(connected: OpenIdProvider) -> Browser:
    """A browser that has been nowhere yet."""
    return connected.browser()


# The whole way


def test_an_agent_signs_in_at_the_platform_and_has_the_cookies(somebody: Browser, platform: RunningPlatform) -> None:
    waiting = somebody.opens(address())
    assert departs(waiting, platform).keys() >= {"client_id", "state", "code_challenge", "nonce"}
    done = somebody.follows(somebody.returns_from(platform, waiting, "agent"))
    assert done.status_code == 200
    assert 'id="platform-done"' in done.text
    assert "agent@acme.example" in done.text
    claims = unread(token(somebody))
    assert (claims["aud"], claims["jar"]) == ("urn:deepdesk:account:acme", "top")
    assert (claims["acr"], claims["roles"]) == ("urn:deepdesk:acr:interactive", ["deepdesk.agent"])
    assert (claims["type"], claims["fresh"]) == ("access", True)


@pytest.mark.parametrize("path", ["/platform/sso", "/platform/sso/"])
def test_both_spellings_of_the_address_are_answered(somebody: Browser, platform: RunningPlatform, path: str) -> None:
    departs(somebody.opens(f"{path}?account=acme"), platform)


def test_one_sign_in_is_also_that_of_the_services(
    connected: OpenIdProvider, somebody: Browser, platform: RunningPlatform
) -> None:
    somebody.follows(somebody.returns_from(platform, somebody.opens(address())))
    rp = RelyingParty.registered_at(connected)
    asked = rp.asks(somebody)
    assert asked.has_a_code()
    claims = rp.verifies(rp.redeems(asked.code).tokens.id_token, nonce=asked.asked.nonce)
    cookie = unread(token(somebody))
    assert (claims["sid"], claims["sub"], claims["auth_time"]) == (cookie["sid"], cookie["sub"], cookie["auth_time"])


def test_the_widget_gets_the_session_after_a_whole_sign_in(
    connected: OpenIdProvider, somebody: Browser, platform: RunningPlatform
) -> None:
    with connected.app.app_context():
        accounts.update("acme", AccountSettings(origins=(ORIGIN,)), context=connected.context)
    verifier, challenge = verifier_and_challenge()
    waiting = somebody.opens(address(handoff=challenge, origin=ORIGIN, redirect="/x"))
    done = somebody.follows(somebody.returns_from(platform, waiting, "editor"))
    handoff = done.text.partition('data-handoff="')[2].partition('"')[0]
    page = Widget(connected)
    answer = redeems(page, handoff, verifier)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["roles"] == ["deepdesk.editor"]
    assert access(page, Jar.TOP)["sid"] == unread(token(somebody))["sid"]


@pytest.mark.usefixtures("at_home")
def test_where_the_account_has_an_address_a_path_of_it_can_be_the_end(
    somebody: Browser, platform: RunningPlatform
) -> None:
    waiting = somebody.opens(address(redirect="/admin/?a=b&c=d"))
    last = somebody.follows(somebody.returns_from(platform, waiting))
    assert (last.status_code, last.headers["Location"]) == (303, f"{BASE_URL}/admin/?a=b&c=d")
    assert token(somebody)


@pytest.mark.usefixtures("at_home")
def test_two_windows_of_one_browser_do_not_mix(somebody: Browser, platform: RunningPlatform) -> None:
    one, other = somebody.opens(address(redirect="/one")), somebody.opens(address(redirect="/other"))
    for waiting, path in ((other, "/other"), (one, "/one")):
        back = somebody.opens(CALLBACK, query_string=platform.approve(waiting.headers["Location"]))
        assert somebody.follows(back).headers["Location"] == f"{BASE_URL}{path}"


# Signed in already


def test_who_is_signed_in_gets_the_cookies_at_once(widget: Widget) -> None:
    answer = widget.signs_in_in_a_window()
    assert (answer.status_code, answer.headers["Location"]) == (303, DONE)
    assert sets_cookies(answer)
    assert not any("partitioned" in line.lower() for line in answer.headers.getlist("Set-Cookie"))
    assert access(widget, Jar.TOP)["identity"]["user_email"] == "mia@acme.example"
    assert "mia@acme.example" in widget.opens(DONE).text


def test_opened_again_the_session_is_the_same(widget: Widget) -> None:
    widget.signs_in_in_a_window()
    first, csrf = access(widget, Jar.TOP), widget.window().csrf_access
    widget.opens(address())
    assert access(widget, Jar.TOP)["sid"] == first["sid"]
    assert widget.window().csrf_access == csrf


def test_somebody_else_in_the_window_ends_the_first_ones_session(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_in_a_window()
    mias = widget.jars.copy()
    widget.signs_in_in_a_window(SAM)
    assert Widget(op, origin=None, jars=mias).asks().status_code == 401
    assert widget.window().asks().get_json()["identity"]["user_email"] == SAM.email


def test_an_agent_of_a_bridge_in_the_same_browser_is_left_alone(widget: Widget) -> None:
    widget.signs_in_by_key()
    widget.signs_in_in_a_window()
    widget.opens(address())
    assert widget.asks().get_json()["identity"]["user_id"] == "1"
    assert widget.window().asks().get_json()["identity"]["user_email"] == "mia@acme.example"


def test_the_session_of_another_account_does_not_count(op: OpenIdProvider, widget: Widget) -> None:
    op.account("globex")
    op.upstream("second", account="globex")
    widget.signs_in_in_a_window()
    answer = widget.opens(address(account="globex"))
    assert answer.headers["Location"].startswith("/login/?account=globex&")
    assert not sets_cookies(answer)


def test_a_session_that_has_ended_does_not_count(op: OpenIdProvider, widget: Widget) -> None:
    op.upstream("second")
    widget.signs_in_in_a_window()
    op.runs("users", "sign-out", access(widget, Jar.TOP)["sub"])
    answer = widget.opens(address())
    assert answer.headers["Location"].startswith("/login/?account=acme&")
    assert not sets_cookies(answer)
    assert widget.opens(DONE).headers["Location"] == f"{PATH}?account=acme"


def test_looking_gives_nothing(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_in_a_window()
    before = op.rows()
    for headers in ({"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}):
        assert not sets_cookies(widget.opens(address(), headers=headers))
    assert not sets_cookies(widget.calls("HEAD", address()))
    assert op.rows() == before


def test_a_prefetch_leaves_no_attempt_behind(somebody: Browser, connected: OpenIdProvider) -> None:
    before = connected.rows()
    assert "Location" not in somebody.opens(address(), headers={"Sec-Purpose": "prefetch"}).headers
    assert connected.rows() == before


# Which provider


def test_with_several_the_agent_chooses_and_comes_back(
    at_home: OpenIdProvider, somebody: Browser, platform: RunningPlatform
) -> None:
    at_home.upstream("second")
    wanted = address(redirect="/admin/?a=b&c=d")
    choice = somebody.opens(wanted)
    asked = parse_qs(urlsplit(choice.headers["Location"]).query)
    assert (asked["account"], asked["after"]) == (["acme"], [wanted])
    page = somebody.opens(choice.headers["Location"])
    links = [unescape(one) for one in PROVIDERS.findall(page.text)]
    assert len(links) == 2, page.text
    [chosen] = [one for one in links if 'data-provider="platform"' in one]
    away = somebody.opens(chosen.partition('href="')[2].partition('"')[0])
    last = somebody.follows(somebody.returns_from(platform, away))
    assert last.headers["Location"] == f"{BASE_URL}/admin/?a=b&c=d"
    assert token(somebody)


def test_one_that_is_named_is_taken(connected: OpenIdProvider, somebody: Browser, platform: RunningPlatform) -> None:
    connected.upstream("second")
    departs(somebody.opens(address(provider="platform")), platform)


@pytest.mark.parametrize("provider", ["nobodys", "staff:google", "PLATFORM", "platform ", "a" * 3000, "../x", "'"])
def test_one_that_the_account_does_not_have_is_a_page(
    connected: OpenIdProvider, somebody: Browser, provider: str
) -> None:
    connected.account("globex")
    connected.upstream("nobodys", account="globex")
    before = connected.rows()
    assert is_page(somebody.opens(address(provider=provider)), 404)
    assert connected.rows() == before


def test_an_account_without_any_provider_offers_what_it_has(connected: OpenIdProvider, somebody: Browser) -> None:
    connected.runs("accounts", "create", "initech", "--name", "Initech")
    answer = somebody.opens(address(account="initech"))
    assert answer.headers["Location"].startswith("/login/?account=initech&")
    assert somebody.opens(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize("path", [PATH, "/platform/sso/done/"])
@pytest.mark.parametrize("account", ["nobody", "staff", "", "ACME", "acme ", "a" * 3000, "'"])
def test_an_account_that_has_no_widget_is_a_page(op: OpenIdProvider, path: str, account: str) -> None:
    op.staff_sign_in_with_google()
    browser = op.browser()
    op.signs_in(browser)
    op.grants("casey.staff@deepdesk.example")
    op.signs_in(browser, CASEY)
    before = op.rows()
    assert is_page(browser.opens(f"{path}?{urlencode({'account': account})}"), 404)
    assert op.rows() == before


def test_without_an_account_it_is_a_page(op: OpenIdProvider) -> None:
    assert is_page(op.browser().opens(PATH), 404)


def test_a_disabled_account_is_a_page(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_in_a_window()
    op.disables_account("acme")
    before = op.rows()
    for page in (address(), DONE):
        assert is_page(widget.opens(page), 403)
        assert is_page(Widget(op).opens(page), 403)
    assert op.rows() == before


# After a sign-out


def test_at_first_the_platform_is_not_told_to_ask(somebody: Browser, platform: RunningPlatform) -> None:
    assert "prompt" not in departs(somebody.opens(address()), platform)


def test_after_a_sign_out_here_the_platform_asks_who_it_is(somebody: Browser, platform: RunningPlatform) -> None:
    somebody.follows(somebody.returns_from(platform, somebody.opens(address())))
    somebody.signs_out()
    assert departs(somebody.opens(address()), platform)["prompt"] == ["select_account"]


def test_so_it_does_after_the_widget_signed_out(
    connected: OpenIdProvider, somebody: Browser, platform: RunningPlatform
) -> None:
    somebody.follows(somebody.returns_from(platform, somebody.opens(address())))
    answer = somebody.http.post(
        f"{connected.issuer}/auth/logout",
        headers={"X-CSRF-TOKEN": somebody.cookie("csrf_access_token") or "", "Origin": connected.issuer},
    )
    assert answer.status_code == 200, answer.text
    assert departs(somebody.opens(address()), platform)["prompt"] == ["select_account"]


def test_once_somebody_signed_in_again_it_does_not(somebody: Browser, platform: RunningPlatform) -> None:
    for _ in range(2):
        somebody.follows(somebody.returns_from(platform, somebody.opens(address())))
        somebody.signs_out()
    waiting = somebody.opens(address())
    somebody.follows(somebody.returns_from(platform, waiting))
    somebody.http.delete_cookie("idp_sso.acme", domain="127.0.0.1")
    assert "prompt" not in departs(somebody.opens(address()), platform)


# When it goes wrong


@pytest.mark.parametrize("fault", [Fault.REFUSAL, Fault.WRONG_NONCE, Fault.SERVER_ERROR])
def test_after_a_failure_another_try_begins_at_the_same_address(
    connected: OpenIdProvider, somebody: Browser, platform: RunningPlatform, fault: Fault
) -> None:
    with connected.app.app_context():
        accounts.update("acme", AccountSettings(origins=(ORIGIN,)), context=connected.context)
    verifier, challenge = verifier_and_challenge()
    wanted = address(redirect="/admin/?a=b", handoff=challenge, origin=ORIGIN)
    platform.fault = fault
    page = somebody.returns_from(platform, somebody.opens(wanted))
    assert page.status_code >= 400
    assert token(somebody) is None
    [again] = [unescape(one) for one in re.findall(r'href="(/platform/sso/[^"]*)"', page.text)]
    assert again == wanted
    assert "Try again" in page.text
    platform.fault = Fault.NONE
    done = somebody.follows(somebody.returns_from(platform, somebody.opens(again)))
    handoff = done.text.partition('data-handoff="')[2].partition('"')[0]
    assert redeems(Widget(connected), handoff, verifier).status_code == 200


def test_who_is_not_admitted_gets_no_cookies(
    connected: OpenIdProvider, somebody: Browser, platform: RunningPlatform
) -> None:
    with connected.app.app_context():
        accounts.update("acme", AccountSettings(trial=True), context=connected.context)
    page = somebody.returns_from(platform, somebody.opens(address()))
    assert is_page(page, 403)
    assert token(somebody) is None


def test_a_callback_in_another_browser_signs_nobody_in(
    connected: OpenIdProvider, somebody: Browser, platform: RunningPlatform
) -> None:
    departure = somebody.opens(address()).headers["Location"]
    answer = platform.approve(departure)
    other = connected.browser()
    assert is_page(other.opens(CALLBACK, query_string=answer), 400)
    assert token(other) is None


# Where it leads


@pytest.mark.parametrize("base_url", [None, BASE_URL], ids=["issuer", "base URL"])
@pytest.mark.parametrize(
    "wanted",
    [
        ".evil.example",
        "@evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/%09/evil.example",
        "/%5cevil.example",
        "/\r\nLocation: https://evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/" + "a" * 5000,
    ],
    ids=lambda wanted: ascii(wanted[:20]),
)
def test_no_trick_leads_elsewhere(op: OpenIdProvider, widget: Widget, base_url: str | None, wanted: str) -> None:
    with op.app.app_context():
        accounts.update("acme", AccountSettings(base_url=base_url), context=op.context)
    widget.signs_in_in_a_window()
    location = widget.opens(address(redirect=wanted)).headers["Location"]
    home = urlsplit(base_url or ISSUER)
    assert (urlsplit(location).scheme, urlsplit(location).netloc) == (home.scheme, home.netloc)
    assert re.fullmatch(r"https://[a-z.]+/[\x21-\x5b\x5d-\x7e]*", location)


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("length", [1000, 1100, 1900, 2047, 5000, 20_000])
@pytest.mark.parametrize("letter", ["a", "\u00e9", "%"])
def test_however_long_the_path_the_agent_arrives(
    somebody: Browser, platform: RunningPlatform, length: int, letter: str
) -> None:
    waiting = somebody.opens(address(redirect="/" + letter * length))
    last = somebody.follows(somebody.returns_from(platform, waiting))
    assert last.headers["Location"].startswith(f"{BASE_URL}/")
    assert token(somebody)


def test_what_waits_for_the_return_fits_its_row(connected: OpenIdProvider, somebody: Browser) -> None:
    connected.upstream("second")
    for length in (500, 1023, 2047, 5000):
        choice = somebody.opens(address(redirect="/" + "\u00e9" * length, provider=""))
        after = parse_qs(urlsplit(choice.headers["Location"]).query)["after"][0]
        assert after.startswith(PATH)
        assert len(after) <= 2048


def test_the_page_shows_names_as_text(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_in_a_window(MIA, name="<script>alert(1)</script>")
    page = widget.opens(DONE)
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text

"""What a reader of the code found, each as a scenario (CONTRACT §6 rules 1 to 4, 9 and 14)."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from werkzeug.test import TestResponse

from idp.domain.jars import Jar
from idp.services.registry import accounts
from idp.services.registry.accounts import AccountSettings
from tests.support.app import CASEY, MIA, SAM, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.rp import RelyingParty
from tests.support.widget import ACCESS, ORIGIN, Widget
from tests.widget.ways_in import ELSEWHERE, access, allows, events, platform_jwt, signs_in_by_jwt

HOUR = 3600


def field_of(page: TestResponse) -> str:
    return page.text.partition('name="csrf_token" value="')[2].partition('"')[0]


def link_of(widget: Widget) -> str:
    return f"/session/jwt/?jwt={widget.exchanges().get_json()['token']}&redirect=/studio"


# Signing out


@pytest.fixture
def desktop(op: OpenIdProvider, widget: Widget) -> Widget:
    """Another browser, in which a link has opened the session of an agent."""
    widget.signs_in_by_key(name="Ana")
    browser = Widget(op, origin=None)
    assert browser.opens(link_of(widget)).status_code == 303
    return browser


def test_the_page_that_signs_out_knows_sessions_without_single_sign_on(desktop: Widget) -> None:
    page = desktop.opens("/logout/")
    assert "Ana" in page.text
    form = {"csrf_token": field_of(page)}
    headers = {"Origin": desktop.op.issuer, "Cookie": desktop.jars.header("/logout/", third_party=True)}
    done = desktop.http.post(f"{desktop.op.issuer}/logout/", data=form, headers=headers)
    assert done.status_code == 303
    kept = desktop.jars.copy()
    desktop.jars.take(done)
    assert desktop.jars.value(ACCESS, Jar.TOP) is None
    assert Widget(desktop.op, origin=None, jars=kept).asks().status_code == 401


def test_signing_out_takes_the_widgets_cookies_along(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_in_a_window(MIA)
    page = widget.opens("/logout/")
    headers = {"Origin": op.issuer, "Cookie": widget.jars.header("/logout/", third_party=True)}
    done = widget.http.post(f"{op.issuer}/logout/", data={"csrf_token": field_of(page)}, headers=headers)
    widget.jars.take(done)
    assert widget.jars.value(ACCESS, Jar.TOP) is None


def test_a_service_that_signs_somebody_out_leaves_another_persons_cookies(op: OpenIdProvider, widget: Widget) -> None:
    rp = RelyingParty.registered_at(op)
    widget.signs_in_by_key(name="Ana")
    desktop = Widget(op, origin=None)
    assert desktop.opens(link_of(widget)).status_code == 303
    window = op.browser()
    op.signs_in(window, MIA)
    hint = rp.obtains_tokens_for(window).id_token
    for (jar, name, _), value in desktop.jars.kept.items():
        if jar is Jar.TOP:
            window.is_given(name, value)
    window.opens(f"/oauth/logout/?id_token_hint={hint}")
    assert window.cookie("__Host-idp_sso.acme") is None
    assert window.cookie(ACCESS) == desktop.jars.value(ACCESS, Jar.TOP)
    assert desktop.asks().get_json()["identity"]["user_name"] == "Ana"


def test_a_service_that_signs_somebody_out_ends_their_widgets_session(op: OpenIdProvider, widget: Widget) -> None:
    rp = RelyingParty.registered_at(op)
    widget.signs_in_in_a_window(MIA)
    desktop = Widget(op, origin=None)
    assert desktop.opens(link_of(widget.window())).status_code == 303
    window = op.browser()
    op.signs_in(window, MIA)
    hint = rp.obtains_tokens_for(window).id_token
    for (jar, name, _), value in desktop.jars.kept.items():
        if jar is Jar.TOP:
            window.is_given(name, value)
    window.opens(f"/oauth/logout/?id_token_hint={hint}")
    assert desktop.asks().status_code == 401


# Copied cookies


def test_a_new_sign_in_does_not_hide_that_a_cookie_was_copied(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_by_key()
    thief = Widget(op, jars=widget.jars.copy())
    thief.csrf_refresh = widget.csrf_refresh
    op.clock.advance(seconds=60)
    widget.signs_in_by_key()
    op.clock.advance(seconds=60)
    assert thief.renews().status_code == 401
    assert widget.renews().status_code == 401  # both branches: somebody has to sign in


def test_of_two_sign_ins_at_once_either_answer_may_be_kept(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_by_key()
    op.clock.advance(seconds=60)
    widget.signs_in_by_key()
    first = widget.jars.copy()
    widget.signs_in_by_key()
    op.clock.advance(seconds=60)
    kept = Widget(op, jars=first)
    kept.csrf_refresh = widget.csrf_refresh
    assert kept.renews().status_code == 200


def test_a_refresh_cookie_dies_at_its_own_end(op: OpenIdProvider, widget: Widget, clock: FrozenClock) -> None:
    widget.signs_in_by_key()
    older = Widget(op, jars=widget.jars.copy())
    older.csrf_refresh = widget.csrf_refresh
    clock.advance(seconds=23 * HOUR)
    widget.signs_in_by_key()
    clock.advance(seconds=HOUR)
    assert older.renews().status_code == 401
    assert widget.renews().status_code == 200  # too old is not stolen


# Fresh


def test_cookies_of_an_old_proof_are_not_fresh(widget: Widget, clock: FrozenClock) -> None:
    widget.signs_in_in_a_window(MIA)
    assert access(widget, Jar.TOP)["fresh"] is True
    clock.advance(seconds=900)
    widget.opens("/platform/sso?account=acme")
    assert access(widget, Jar.TOP)["fresh"] is False
    assert widget.takes_over().status_code == 200
    assert access(widget)["fresh"] is False


# Alarms


def test_a_numbered_token_from_a_second_network_is_refused_and_told(op: OpenIdProvider, widget: Widget) -> None:
    token = platform_jwt(op, jti="1")
    assert signs_in_by_jwt(widget, token).status_code == 200
    thief = {"REMOTE_ADDR": "203.0.113.9"}
    assert signs_in_by_jwt(Widget(op), token, environ_overrides=thief).status_code == 401
    [alarm] = events(op, "bridge.alarmed")
    assert alarm["alarm"] == "second_network"


# Origins


def test_a_hand_off_is_not_answered_to_another_accounts_page(op: OpenIdProvider, widget: Widget) -> None:
    with op.app.app_context():
        accounts.create("globex", AccountSettings(name="Globex", origins=(ELSEWHERE,)), context=op.context)
    widget.signs_in_in_a_window(MIA)
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    page = widget.opens(f"/platform/sso/done/?account=acme&handoff={challenge}&origin={quote(ORIGIN)}")
    token = page.text.partition('data-handoff="')[2].partition('"')[0]
    refused = Widget(op, origin=ELSEWHERE).posts("/session/handoff/", {"handoff": token, "verifier": "v" * 43})
    assert (refused.status_code, allows(refused)) == (403, None)


@pytest.mark.parametrize(
    "origin",
    ["https://desk.acme.example:443", "http://localhost:80", "https://desk.acme.example:", "http://localhost:0080"],
)
def test_an_origin_that_no_browser_sends_is_refused(op: OpenIdProvider, origin: str) -> None:
    result = op.app.test_cli_runner().invoke(args=["accounts", "update", "acme", "--origin", origin])
    assert result.exit_code == 1
    assert "as browsers write it" in result.output


@pytest.mark.parametrize("origin", ["https://desk.acme.example:8443", "http://localhost:3000", "http://[::1]:3000"])
def test_an_origin_with_a_port_of_its_own_is_taken(op: OpenIdProvider, origin: str) -> None:
    op.runs("accounts", "update", "acme", "--origin", origin)


# One person a browser


def test_a_link_continued_as_another_ends_whoever_was_there(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_by_key(name="Ana")
    link = link_of(widget)
    desktop = Widget(op, origin=None)
    desktop.signs_in_in_a_window(SAM)
    sam = op.browser()
    sam.is_given("__Host-idp_sso.acme", desktop.jars.value("__Host-idp_sso.acme", Jar.TOP) or "")
    page = desktop.opens(link)
    form = {
        "csrf_token": field_of(page),
        "jwt": parse_qs(urlsplit(link).query)["jwt"][0],
        "redirect": "/studio",
    }
    headers = {"Origin": op.issuer, "Cookie": desktop.jars.header("/session/jwt/continue/", third_party=True)}
    done = desktop.http.post(f"{op.issuer}/session/jwt/continue/", data=form, headers=headers)
    assert done.status_code == 303
    desktop.jars.take(done)
    assert "Sam" not in sam.opens("/login/").text
    # Nobody who merely leads the browser there can end the one who came.
    desktop.opens("/platform/sso?account=acme")
    assert desktop.asks().get_json()["identity"]["user_name"] == "Ana"


def test_somebody_of_another_account_is_left_alone(op: OpenIdProvider, widget: Widget) -> None:
    op.staff_sign_in_with_google()
    widget.signs_in_by_key(name="Ana")
    link = link_of(widget)
    desktop = Widget(op, origin=None)
    window = op.browser()
    begun = op.signs_in(window, CASEY)
    desktop.jars.kept[(Jar.TOP, "__Host-idp_sso.staff", "/")] = begun.cookie
    page = desktop.opens(link)
    form = {"csrf_token": field_of(page), "jwt": parse_qs(urlsplit(link).query)["jwt"][0], "redirect": "/studio"}
    headers = {"Origin": op.issuer, "Cookie": desktop.jars.header("/session/jwt/continue/", third_party=True)}
    assert desktop.http.post(f"{op.issuer}/session/jwt/continue/", data=form, headers=headers).status_code == 303
    assert "Casey" in window.opens("/account/").text


# Long paths, and answers


@pytest.mark.parametrize("path", ["/" * 1024, "/" + "é" * 400, "/" + "%" * 700])
def test_a_long_path_still_signs_in(op: OpenIdProvider, widget: Widget, path: str) -> None:
    op.upstream("second")
    away = widget.opens(f"/platform/sso?account=acme&redirect={quote(path, safe='')}")
    after = parse_qs(urlsplit(away.headers["Location"]).query)["after"][0]
    assert len(after) <= 2048
    assert after.startswith("/platform/sso/?account=acme")


def test_who_has_no_session_is_told_how_one_would_show_it(widget: Widget) -> None:
    assert widget.asks().headers["WWW-Authenticate"].startswith("Cookie ")

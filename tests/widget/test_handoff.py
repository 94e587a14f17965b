"""The hand-off: what a sign-in window gives to the one page that opened it, and to no other (CONTRACT §6 rule 4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from idp.domain.jars import Jar
from idp.services.registry import accounts
from idp.services.registry.accounts import AccountSettings
from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import ISSUER, SAM, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.database import racing
from tests.support.rp import s256
from tests.support.widget import ACCESS, ORIGIN, REFRESH, Widget
from tests.widget.ways_in import (
    ELSEWHERE,
    OTHER_ORIGIN,
    access,
    allows,
    is_page,
    platform_jwt,
    redeems,
    sets_cookies,
    unread,
    verifier_and_challenge,
)

SECOND_ORIGIN = "https://second.acme.example"


@dataclass(frozen=True, kw_only=True)
class HandedOff:
    """What the window's last page gave, and what the widget kept for itself."""

    page: TestResponse
    token: str
    origin: str
    verifier: str


def window(browser: Widget, **said: str) -> TestResponse:
    """Open the sign-in window and follow it to its last page."""
    answer = browser.opens(f"/platform/sso/?{urlencode({'account': 'acme', **said})}")
    while answer.status_code == 303 and answer.headers["Location"].startswith("/platform/sso/"):
        answer = browser.opens(answer.headers["Location"])
    return answer


def hands_off(browser: Widget, *, origin: str = ORIGIN, **said: str) -> HandedOff:
    """Open the window for a widget, and take what its last page posts."""
    verifier, challenge = verifier_and_challenge()
    page = window(browser, handoff=challenge, origin=origin, **said)
    assert page.status_code == 200, page.headers.get("Location")
    given = {name: unescape(value) for name, value in re.findall(r'data-(\w+)="([^"]*)"', page.text)}
    return HandedOff(page=page, token=given["handoff"], origin=given["origin"], verifier=verifier)


def is_refused(answer: TestResponse) -> bool:
    return (
        (answer.status_code, answer.get_json()["error"]) == (401, "invalid_handoff")
        and not sets_cookies(answer)
        and answer.headers["Cache-Control"] == "no-store"
    )


def lists(op: OpenIdProvider, *origins: str, account: str = "acme") -> None:
    """Let an account list these origins and no others."""
    with op.app.app_context():
        accounts.update(account, AccountSettings(origins=origins), context=op.context)


@pytest.fixture
def browser(op: OpenIdProvider) -> Widget:
    """A browser in which Mia is signed in."""
    opened = Widget(op)
    opened.signs_in_in_a_window()
    return opened


@pytest.fixture
def page(op: OpenIdProvider) -> Widget:
    """The platform's page, which gets nothing of the ordinary jar: the browser blocks third-party cookies."""
    return Widget(op, third_party=False)


# All well


def test_the_widget_gets_the_session_of_the_window(browser: Widget, page: Widget) -> None:
    given = hands_off(browser)
    answer = redeems(page, given.token, given.verifier)
    assert answer.status_code == 200
    assert allows(answer) == ORIGIN
    assert answer.get_json()["identity"]["user_email"] == "mia@acme.example"
    assert page.asks().get_json()["roles"] == ["deepdesk.manager"]


def test_its_cookies_are_of_the_partitioned_jar_and_its_session_is_the_windows(browser: Widget, page: Widget) -> None:
    given = hands_off(browser)
    answer = redeems(page, given.token, given.verifier)
    lines = answer.headers.getlist("Set-Cookie")
    assert len(lines) == 4
    assert all("Partitioned" in line for line in lines)
    claims, top = access(page), access(browser, Jar.TOP)
    assert claims["jar"] == "partitioned"
    assert (claims["sid"], claims["sub"]) == (top["sid"], top["sub"])
    assert claims["jti"].partition(".")[0] != top["jti"].partition(".")[0]
    assert (claims["acr"], claims["auth_time"]) == ("urn:deepdesk:acr:interactive", top["auth_time"])
    assert claims["fresh"] is True


def test_both_jars_of_one_browser_go_on_side_by_side(browser: Widget) -> None:
    given = hands_off(browser)
    redeems(browser, given.token, given.verifier)
    again = hands_off(browser)
    assert redeems(browser, again.token, again.verifier).status_code == 200
    assert browser.window().renews().status_code == 200
    assert browser.window().asks().status_code == 200
    assert browser.asks().status_code == 200


def test_whoever_was_in_the_page_before_is_replaced_and_studio_is_left_alone(
    op: OpenIdProvider, browser: Widget
) -> None:
    browser.signs_in_by_key()
    agents = browser.jars.copy()
    given = hands_off(browser)
    redeems(browser, given.token, given.verifier)
    assert browser.asks().get_json()["identity"]["user_email"] == "mia@acme.example"
    assert Widget(op, third_party=False, jars=agents).asks().status_code == 401
    assert browser.window().asks().status_code == 200


# The last page


def test_the_last_page_names_what_its_script_posts_and_to_whom(op: OpenIdProvider, browser: Widget) -> None:
    given = hands_off(browser)
    assert 'id="platform-done"' in given.page.text
    assert given.origin == ORIGIN
    assert re.fullmatch(r"[\w-]{43}", given.token)
    assert not op.stores(given.token)
    [source] = re.findall(r'<script src="([^"]+)"', given.page.text)
    with browser.opens(source) as script:
        assert script.status_code == 200
        assert script.mimetype in {"text/javascript", "application/javascript"}
        assert re.search(r"opener\.postMessage\(\{[^}]*handoff[^}]*\}, origin\)", script.get_data(as_text=True))
        assert "*" not in re.sub(r"//.*", "", script.get_data(as_text=True))


def test_the_last_page_lets_no_script_run_but_its_own_file(browser: Widget) -> None:
    given = hands_off(browser)
    policy = given.page.headers["Content-Security-Policy"]
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert "unsafe" not in policy
    assert given.page.headers["X-Frame-Options"] == "DENY"
    assert given.page.headers["Referrer-Policy"] == "no-referrer"
    assert given.page.headers["Cache-Control"] == "no-store"


def test_no_page_of_the_window_cuts_it_from_its_opener(op: OpenIdProvider, browser: Widget) -> None:
    _, challenge = verifier_and_challenge()
    query = urlencode({"account": "acme", "handoff": challenge, "origin": ORIGIN})
    first = browser.opens(f"/platform/sso/?{query}")
    op.upstream("second")
    stranger = Widget(op)
    choice = stranger.opens(f"/platform/sso/?{query}")
    for answer in (
        first,
        browser.opens(first.headers["Location"]),
        choice,
        stranger.opens(choice.headers["Location"]),
        window(browser),
        browser.opens("/platform/sso/?account=nobody"),
    ):
        assert "Cross-Origin-Opener-Policy" not in answer.headers


def test_without_a_widget_that_waits_the_page_gives_nothing(browser: Widget) -> None:
    page = window(browser)
    assert 'id="platform-done"' in page.text
    assert "data-handoff" not in page.text
    assert "<script" not in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]


def test_a_redirect_does_not_stand_in_the_way_of_a_hand_off(browser: Widget) -> None:
    assert hands_off(browser, redirect="/admin/").token


def test_who_is_signed_in_reaches_the_last_page_at_once(browser: Widget) -> None:
    _, challenge = verifier_and_challenge()
    query = urlencode({"account": "acme", "handoff": challenge, "origin": ORIGIN})
    first = browser.opens(f"/platform/sso?{query}")
    assert (first.status_code, first.headers["Location"]) == (303, f"/platform/sso/done/?{query}")


def test_the_last_page_alone_signs_nobody_in(op: OpenIdProvider) -> None:
    _, challenge = verifier_and_challenge()
    query = urlencode({"account": "acme", "handoff": challenge, "origin": ORIGIN})
    before = op.rows()
    answer = Widget(op).opens(f"/platform/sso/done/?{query}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/platform/sso/?{query}")
    assert op.rows() == before


def test_looking_makes_none(op: OpenIdProvider, browser: Widget) -> None:
    _, challenge = verifier_and_challenge()
    query = urlencode({"account": "acme", "handoff": challenge, "origin": ORIGIN})
    before = op.rows()
    for path in ("/platform/sso/", "/platform/sso/done/"):
        browser.opens(f"{path}?{query}", headers={"Sec-Purpose": "prefetch"})
        browser.calls("HEAD", f"{path}?{query}")
    assert op.rows() == before


@pytest.mark.parametrize("path", ["/platform/sso/", "/platform/sso/done/"])
@pytest.mark.parametrize(
    "said",
    [
        {"handoff": "a" * 43},
        {"origin": ORIGIN},
        *(
            {"handoff": wrong, "origin": ORIGIN}
            for wrong in ("a", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "\u00e9")
        ),
        *(
            {"handoff": "a" * 43, "origin": wrong}
            for wrong in (
                ELSEWHERE,
                ISSUER,
                "null",
                "*",
                f"{ORIGIN}/",
                f"{ORIGIN}:8443",
                ORIGIN.upper(),
                "x" * 3000,
                f"{ORIGIN}\n",
                '"><script>',
                OTHER_ORIGIN,
            )
        ),
    ],
    ids=lambda said: "&".join(f"{name}={value[:30]}" for name, value in said.items()),
)
def test_a_window_that_was_opened_otherwise_gets_a_page(
    op: OpenIdProvider, browser: Widget, path: str, said: dict[str, str]
) -> None:
    op.account("globex", origins=(OTHER_ORIGIN,))
    before = op.rows()
    for opened_by in (browser, Widget(op)):
        answer = opened_by.opens(f"{path}?{urlencode({'account': 'acme', **said})}")
        assert is_page(answer, 400)
        assert "<script>" not in answer.text
    assert op.rows() == before


# Who may redeem it


def test_it_works_once(op: OpenIdProvider, browser: Widget, page: Widget) -> None:
    given = hands_off(browser)
    redeems(page, given.token, given.verifier)
    before = op.rows()
    assert is_refused(redeems(page, given.token, given.verifier))
    assert is_refused(redeems(Widget(op), given.token, given.verifier))
    assert op.rows() == before
    assert page.asks().status_code == 200


@BOTH_DATABASES
def test_of_eight_that_redeem_it_together_one_gets_it(op: OpenIdProvider, browser: Widget) -> None:
    given = hands_off(browser)
    statuses = racing(op.app, lambda: redeems(Widget(op), given.token, given.verifier).status_code)
    assert sorted(map(str, statuses)) == ["200"] + ["401"] * 7


def test_another_verifier_is_refused_and_spends_nothing(op: OpenIdProvider, browser: Widget, page: Widget) -> None:
    given = hands_off(browser)
    before = op.rows()
    other, _ = verifier_and_challenge()
    for wrong in (other, given.verifier[::-1], s256(given.verifier), given.verifier + "a"):
        assert is_refused(redeems(page, given.token, wrong))
    assert op.rows() == before
    assert redeems(page, given.token, given.verifier).status_code == 200


def test_the_verifier_of_another_one_is_refused(browser: Widget, page: Widget) -> None:
    one, other = hands_off(browser), hands_off(browser)
    assert is_refused(redeems(page, one.token, other.verifier))
    assert redeems(page, one.token, one.verifier).status_code == 200
    assert redeems(page, other.token, other.verifier).status_code == 200


def test_another_token_is_refused(op: OpenIdProvider, browser: Widget, page: Widget) -> None:
    given = hands_off(browser)
    for wrong in (
        "x",
        given.token[:-1],
        given.token + "=",
        given.token.swapcase(),
        s256(given.verifier),
        platform_jwt(op)[:200],
    ):
        assert is_refused(redeems(page, wrong, given.verifier))


def test_it_counts_for_a_minute(browser: Widget, page: Widget, clock: FrozenClock) -> None:
    one, other = hands_off(browser), hands_off(browser)
    clock.advance(seconds=59)
    assert redeems(page, one.token, one.verifier).status_code == 200
    clock.advance(seconds=1)
    assert is_refused(redeems(page, other.token, other.verifier))


def test_another_page_of_the_account_does_not_get_it(op: OpenIdProvider, browser: Widget) -> None:
    lists(op, ORIGIN, SECOND_ORIGIN)
    given = hands_off(browser)
    second = Widget(op, origin=SECOND_ORIGIN)
    assert is_refused(redeems(second, given.token, given.verifier))
    assert redeems(Widget(op), given.token, given.verifier).status_code == 200


@pytest.mark.parametrize("origin", [None, "null", "", ELSEWHERE, ISSUER, OTHER_ORIGIN, f"{ORIGIN}/", f"{ORIGIN}:8443"])
def test_a_page_that_may_not_call_does_not_get_it(op: OpenIdProvider, browser: Widget, origin: str | None) -> None:
    op.account("globex")
    given = hands_off(browser)
    before = op.rows()
    answer = redeems(Widget(op, origin=origin), given.token, given.verifier)
    assert (answer.status_code, answer.get_json()["error"]) == (403, "origin_not_allowed")
    assert allows(answer) is None
    assert not sets_cookies(answer)
    assert op.rows() == before
    assert redeems(Widget(op), given.token, given.verifier).status_code == 200


def test_a_page_of_another_account_does_not_get_it(op: OpenIdProvider, browser: Widget) -> None:
    op.account("globex", origins=(OTHER_ORIGIN,))
    given = hands_off(browser)
    answer = redeems(Widget(op, origin=OTHER_ORIGIN), given.token, given.verifier)
    assert (answer.status_code, allows(answer)) == (403, None)


def test_a_page_that_the_account_lists_no_more_does_not_get_it(
    op: OpenIdProvider, browser: Widget, clock: FrozenClock
) -> None:
    op.account("globex", origins=(ORIGIN,))
    given = hands_off(browser)
    lists(op, SECOND_ORIGIN)
    clock.advance(seconds=10)
    answer = redeems(Widget(op), given.token, given.verifier)
    assert (answer.status_code, allows(answer)) == (403, None)


def test_neither_does_a_page_that_nobody_lists_any_more(
    op: OpenIdProvider, browser: Widget, clock: FrozenClock
) -> None:
    given = hands_off(browser)
    lists(op)
    clock.advance(seconds=10)
    answer = redeems(Widget(op), given.token, given.verifier)
    assert (answer.status_code, allows(answer)) == (403, None)


@pytest.mark.parametrize("end", ["the window", "the page", "an operator", "disabling", "disabling the account"])
def test_after_its_session_has_ended_it_opens_nothing(
    op: OpenIdProvider, browser: Widget, page: Widget, end: str
) -> None:
    given = hands_off(browser)
    sub = access(browser, Jar.TOP)["sub"]
    match end:
        case "the window":
            assert browser.window().signs_out().status_code == 200
        case "the page":
            other = hands_off(browser)
            redeems(browser, other.token, other.verifier)
            assert browser.signs_out().status_code == 200
        case "an operator":
            op.runs("users", "sign-out", sub)
        case "disabling":
            op.runs("users", "disable", sub)
        case "disabling the account":
            op.disables_account("acme")
    before = op.rows()
    assert is_refused(redeems(page, given.token, given.verifier))
    assert op.rows() == before


def test_it_is_of_the_person_who_was_in_the_window(op: OpenIdProvider, browser: Widget, page: Widget) -> None:
    given = hands_off(browser)
    browser.signs_in_in_a_window(SAM)
    assert is_refused(redeems(page, given.token, given.verifier))
    sams = hands_off(browser)
    assert redeems(page, sams.token, sams.verifier).get_json()["identity"]["user_email"] == SAM.email


def test_a_window_of_another_account_hands_off_nothing(op: OpenIdProvider, browser: Widget) -> None:
    op.account("globex", origins=(ORIGIN,))
    op.upstream("second", account="globex")
    _, challenge = verifier_and_challenge()
    answer = window(browser, account="globex", handoff=challenge, origin=ORIGIN)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login/?account=globex&after=")


# What is sent


@pytest.mark.parametrize(
    "change",
    [
        {"handoff": None},
        {"handoff": 1},
        {"handoff": ""},
        {"handoff": "\0"},
        {"handoff": "a" * 256},
        {"verifier": None},
        {"verifier": ["a" * 43]},
        {"verifier": ""},
        {"verifier": "a" * 42},
        {"verifier": "a" * 129},
        {"verifier": "a" * 42 + "!"},
        {"verifier": "a" * 42 + "\ud800"},
    ],
    ids=str,
)
def test_a_body_that_is_no_such_request_is_told_so(browser: Widget, page: Widget, change: dict[str, Any]) -> None:
    given = hands_off(browser)
    body = {"handoff": given.token, "verifier": given.verifier} | change
    answer = page.posts("/session/handoff/", body)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
    assert redeems(page, given.token, given.verifier).status_code == 200


def test_a_form_is_no_json(browser: Widget, page: Widget) -> None:
    given = hands_off(browser)
    form = {"handoff": given.token, "verifier": given.verifier}
    assert page.calls("POST", "/session/handoff/", data=form).status_code == 415


def test_a_page_asks_before_it_posts(page: Widget) -> None:
    answer = page.calls("OPTIONS", "/session/handoff", headers={"Access-Control-Request-Method": "POST"})
    assert (answer.status_code, allows(answer)) == (204, ORIGIN)


def test_the_session_lasts_as_any(browser: Widget, page: Widget) -> None:
    given = hands_off(browser)
    redeems(page, given.token, given.verifier)
    refresh = unread(page.jars.value(REFRESH, Jar.PARTITIONED))
    assert refresh["exp"] - refresh["iat"] == 24 * 3600
    assert page.jars.value(ACCESS, Jar.TOP) is None


def test_signing_out_in_the_page_ends_the_windows_session_too(browser: Widget) -> None:
    given = hands_off(browser)
    redeems(browser, given.token, given.verifier)
    assert browser.signs_out().status_code == 200
    assert browser.window().asks().status_code == 401
    assert browser.opens("/account/").status_code == 303

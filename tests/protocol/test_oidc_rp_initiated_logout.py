"""Signing out at the wish of a service (OpenID Connect RP-Initiated Logout 1.0; CONTRACT §6 rule 14)."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
from werkzeug.test import TestResponse

from tests.support.app import CASEY, MIA, SAM, Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.rp import RelyingParty, Tokens

GOODBYE = "https://studio.example.com/goodbye?from=deepdesk"
AWKWARD = "'\"<>&%#\\=?;,:@!$()*[]{}|^~`/.-_0aZ"
EAR = "https://studio.example.com/backchannel"


@pytest.fixture
def rp(op: OpenIdProvider) -> RelyingParty:
    return RelyingParty.registered_at(op, post_logout_redirect_uris=(GOODBYE,), backchannel_logout_uri=EAR)


@pytest.fixture
def tokens(rp: RelyingParty, browser: Browser) -> Tokens:
    return rp.obtains_tokens_for(browser)


def asks(rp: RelyingParty, browser: Browser, **params: str | None) -> TestResponse:
    sent = {name: value for name, value in params.items() if value is not None}
    return browser.opens(rp.metadata["end_session_endpoint"], query_string=sent)


def is_signed_in(rp: RelyingParty, browser: Browser) -> bool:
    return rp.asks(browser, prompt="none").has_a_code()


def asks_the_person(answer: TestResponse) -> bool:
    return answer.status_code == 200 and 'id="logout-confirm"' in answer.text


def presses(browser: Browser, page: TestResponse) -> TestResponse:
    """Press the button of the page that asks."""
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
    form = {name: unescape(value) for name, value in fields}
    return browser.posts("/logout/", form, headers={"Origin": browser.issuer})


class TestWithAHint:
    def test_the_session_ends_and_the_browser_goes_back_with_state_alone(
        self, rp: RelyingParty, browser: Browser, tokens: Tokens
    ) -> None:
        answer = asks(rp, browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=GOODBYE, state=AWKWARD)
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"{GOODBYE}&{urlencode({'state': AWKWARD})}"
        assert dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["state"] == AWKWARD
        assert not is_signed_in(rp, browser)
        assert rp.refreshes(tokens).is_refused_as("invalid_grant")
        assert rp.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")

    def test_without_state_nothing_is_added(self, rp: RelyingParty, browser: Browser, tokens: Tokens) -> None:
        answer = asks(rp, browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=GOODBYE)
        assert answer.headers["Location"] == GOODBYE

    def test_without_an_address_a_page_says_where_one_was_signed_out(
        self, rp: RelyingParty, browser: Browser, tokens: Tokens
    ) -> None:
        page = browser.follows(asks(rp, browser, id_token_hint=tokens.id_token))
        assert 'id="signed-out"' in page.text
        assert f'data-client="{rp.client_id}" data-state="waiting"' in page.text
        assert not is_signed_in(rp, browser)

    def test_an_expired_hint_will_do(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, tokens: Tokens, clock: FrozenClock
    ) -> None:
        clock.advance(hours=11)
        answer = asks(rp, browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=GOODBYE)
        assert answer.headers["Location"] == GOODBYE
        assert rp.refreshes(tokens).is_refused_as("invalid_grant")

    def test_it_may_be_posted(self, rp: RelyingParty, browser: Browser, tokens: Tokens) -> None:
        form = {"id_token_hint": tokens.id_token, "post_logout_redirect_uri": GOODBYE, "state": "s"}
        answer = browser.posts(rp.metadata["end_session_endpoint"], form)
        assert answer.headers["Location"] == f"{GOODBYE}&state=s"

    def test_a_cross_site_post_without_cookies_goes_once_to_itself(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, tokens: Tokens
    ) -> None:
        form = {"id_token_hint": tokens.id_token, "post_logout_redirect_uri": GOODBYE, "state": AWKWARD}
        again = op.browser().posts(rp.metadata["end_session_endpoint"], form)
        assert again.status_code == 303
        assert browser.opens(again.headers["Location"]).headers["Location"].startswith(f"{GOODBYE}&state=")

    def test_whose_session_is_over_already_is_sent_back(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, tokens: Tokens
    ) -> None:
        browser.signs_out()
        answer = asks(rp, browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=GOODBYE, state="s")
        assert answer.headers["Location"] == f"{GOODBYE}&state=s"

    def test_other_sessions_of_the_browser_stay(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, tokens: Tokens
    ) -> None:
        op.staff_sign_in_with_google()
        op.signs_in(browser, CASEY)
        tools = RelyingParty.registered_at(op, "Tools", account=None)
        page = browser.follows(asks(rp, browser, id_token_hint=tokens.id_token)).text
        assert not is_signed_in(rp, browser)
        assert is_signed_in(tools, browser)
        assert "Casey Staff" in page
        assert "has forgotten you" not in page

    def test_a_look_ends_nothing(self, rp: RelyingParty, browser: Browser, tokens: Tokens) -> None:
        address = f"{rp.metadata['end_session_endpoint']}?{urlencode({'id_token_hint': tokens.id_token})}"
        assert browser.http.head(address).status_code == 204
        assert browser.opens(address, headers={"Sec-Purpose": "prefetch"}).status_code == 204
        assert is_signed_in(rp, browser)


class TestSomebodyElsesHint:
    def test_another_person_is_asked_and_stays(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, tokens: Tokens
    ) -> None:
        other = op.browser()
        op.signs_in(other, SAM)
        answer = asks(rp, other, id_token_hint=tokens.id_token, post_logout_redirect_uri=GOODBYE)
        assert asks_the_person(answer)
        assert "Sam Agent" in answer.text
        assert is_signed_in(rp, other)
        assert is_signed_in(rp, browser)

    def test_the_same_person_in_another_browser_is_asked(
        self, op: OpenIdProvider, rp: RelyingParty, tokens: Tokens
    ) -> None:
        other = op.browser()
        op.signs_in(other, MIA)
        assert asks_the_person(asks(rp, other, id_token_hint=tokens.id_token))
        assert is_signed_in(rp, other)

    def test_the_button_leads_back_to_the_service(self, op: OpenIdProvider, rp: RelyingParty, tokens: Tokens) -> None:
        other = op.browser()
        op.signs_in(other, SAM)
        page = asks(rp, other, id_token_hint=tokens.id_token, post_logout_redirect_uri=GOODBYE, state=AWKWARD)
        assert "form-action 'self' https://studio.example.com;" in page.headers["Content-Security-Policy"]
        done = presses(other, page)
        assert done.headers["Location"] == f"{GOODBYE}&{urlencode({'state': AWKWARD})}"
        assert not is_signed_in(rp, other)


class TestWithoutAHint:
    @pytest.mark.parametrize("named", [False, True])
    def test_the_person_is_asked(self, rp: RelyingParty, browser: Browser, named: bool) -> None:
        params = {"client_id": rp.client_id, "state": "s"} if named else {}
        assert asks_the_person(asks(rp, browser, **params))
        assert is_signed_in(rp, browser)

    def test_the_button_leads_to_the_page(self, rp: RelyingParty, browser: Browser, tokens: Tokens) -> None:
        page = browser.follows(presses(browser, asks(rp, browser)))
        assert 'id="signed-out"' in page.text
        assert f'data-client="{rp.client_id}"' in page.text

    def test_an_address_alone_is_not_followed(self, rp: RelyingParty, browser: Browser) -> None:
        page = asks(rp, browser, post_logout_redirect_uri=GOODBYE, state="s")
        assert asks_the_person(page)
        assert presses(browser, page).headers["Location"].startswith("/logout/done/")

    def test_with_the_client_the_button_leads_back(self, rp: RelyingParty, browser: Browser) -> None:
        page = asks(rp, browser, client_id=rp.client_id, post_logout_redirect_uri=GOODBYE, state="s")
        assert asks_the_person(page)
        assert presses(browser, page).headers["Location"] == f"{GOODBYE}&state=s"

    def test_nobody_is_told_so(self, rp: RelyingParty, stranger: Browser) -> None:
        page = stranger.follows(asks(rp, stranger, client_id=rp.client_id, post_logout_redirect_uri=GOODBYE))
        assert 'id="signed-out"' in page.text
        assert "Nobody is signed in" in page.text

    def test_the_button_needs_its_token(self, rp: RelyingParty, browser: Browser) -> None:
        assert browser.posts("/logout/", {}, headers={"Origin": browser.issuer}).status_code == 400
        assert is_signed_in(rp, browser)


class TestBadHints:
    def bad(self, rp: RelyingParty, tokens: Tokens) -> dict[str, str]:
        header, payload, signature = tokens.id_token.split(".")
        claims = jwt.decode(tokens.id_token, options={"verify_signature": False})
        return {
            "nothing": "x",
            "unsigned": f"eyJhbGciOiJub25lIn0.{payload}.",
            "altered": f"{header}.{payload}.{signature[::-1]}",
            "by the client's secret": jwt.encode(claims, (rp.client_secret or "") * 2, algorithm="HS256"),
            "an access token": tokens.access_token,
            "very long": tokens.id_token + "A" * 1000,
        }

    def test_nobody_is_signed_out_and_nothing_is_followed(
        self, rp: RelyingParty, browser: Browser, tokens: Tokens
    ) -> None:
        for what, hint in self.bad(rp, tokens).items():
            answer = asks(rp, browser, id_token_hint=hint, post_logout_redirect_uri=GOODBYE)
            assert asks_the_person(answer), what
            assert "form-action 'self';" in answer.headers["Content-Security-Policy"], what
        assert is_signed_in(rp, browser)

    def test_a_hint_for_one_service_in_the_name_of_another_is_believed_by_neither(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, tokens: Tokens
    ) -> None:
        other = RelyingParty.registered_at(op, "Other", post_logout_redirect_uris=(GOODBYE,))
        answer = asks(
            rp, browser, id_token_hint=tokens.id_token, client_id=other.client_id, post_logout_redirect_uri=GOODBYE
        )
        assert asks_the_person(answer)
        assert is_signed_in(rp, browser)


class TestAddresses:
    OTHERS = (
        "https://studio.example.com/goodbye",
        f"{GOODBYE}&foo=bar",
        "https://studio.example.com.evil.example/goodbye?from=deepdesk",
        "//evil.example",
        "javascript:alert(1)",
        "/account/",
        f"{GOODBYE}#x",
        "https://studio.example.com/callback",
    )

    @pytest.mark.parametrize("uri", OTHERS)
    def test_one_that_is_not_registered_is_not_followed_and_the_person_is_signed_out_all_the_same(
        self, rp: RelyingParty, browser: Browser, tokens: Tokens, uri: str
    ) -> None:
        answer = asks(rp, browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=uri)
        assert answer.headers["Location"].startswith("/logout/done/")
        assert not is_signed_in(rp, browser)

    def test_not_even_the_port_of_a_loopback_address_may_differ(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, tokens: Tokens
    ) -> None:
        op.runs("clients", "update", rp.client_id, "--post-logout-redirect-uri", "http://127.0.0.1:4000/bye")
        hint = tokens.id_token
        answer = asks(rp, browser, id_token_hint=hint, post_logout_redirect_uri="http://127.0.0.1:9999/bye")
        assert answer.headers["Location"].startswith("/logout/done/")

    @pytest.mark.parametrize("uri", OTHERS)
    def test_a_form_that_was_tampered_with_is_not_followed_either(
        self, rp: RelyingParty, browser: Browser, uri: str
    ) -> None:
        page = asks(rp, browser, client_id=rp.client_id, post_logout_redirect_uri=GOODBYE)
        token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        form = {"csrf_token": token, "client_id": rp.client_id, "post_logout_redirect_uri": uri}
        done = browser.posts("/logout/", form, headers={"Origin": browser.issuer})
        assert done.headers["Location"].startswith("/logout/done/")

    def test_a_new_one_counts_at_once(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, tokens: Tokens
    ) -> None:
        new = "https://studio.example.com/bye"
        op.runs("clients", "update", rp.client_id, "--post-logout-redirect-uri", new)
        answer = asks(rp, browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=new)
        assert answer.headers["Location"] == new


@pytest.mark.parametrize("text", ["", "a" * 4000, "é", "%00", "\ud800", "[]", "0"])
@pytest.mark.parametrize("name", ["id_token_hint", "client_id", "state", "post_logout_redirect_uri", "ui_locales"])
def test_whatever_is_sent_the_person_gets_a_page(rp: RelyingParty, browser: Browser, name: str, text: str) -> None:
    sent = text.encode("utf-8", "replace").decode()
    assert asks(rp, browser, **{name: sent}).status_code in {200, 400}
    assert is_signed_in(rp, browser)

"""The authorization endpoint: requests, redirect URIs, state, errors, waiting for a sign-in (RFC 6749 §3.1, §4.1)."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests.support.app import Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.rp import REDIRECT_URI, RelyingParty

OTHER_URI = "https://studio.example.com/other"
STATES = {
    "quoted": "a\"b'c",
    "markup": "<script>&amp;</script>",
    "percent": "100%25 %zz",
    "plus and space": "a+b c",
    "unicode": "zażółć 🦔 \u202e",
    "line ends": "a\r\nSet-Cookie: x=y",
    "separators": "a&iss=b=c;d#e?f",
    "long": "x" * 1000,
    "conformance suite": "0123456789" * 12 + "abcd-._~",
}


# Requests


def test_somebody_signed_in_is_answered_with_a_code_at_once(rp: RelyingParty, browser: Browser) -> None:
    answer = rp.asks(browser)
    assert answer.goes_to(REDIRECT_URI)
    assert answer.has_a_code()


def test_the_answer_holds_code_state_and_issuer_and_nothing_else(rp: RelyingParty, browser: Browser) -> None:
    assert rp.asks(browser).params.keys() == {"code", "state", "iss"}


def test_a_code_has_256_random_bits(rp: RelyingParty, browser: Browser) -> None:
    codes = [rp.obtains_a_code_for(browser).value for _ in range(20)]
    assert {len(code) for code in codes} == {43}
    assert len(set(codes)) == 20


def test_a_request_may_be_posted(rp: RelyingParty, browser: Browser) -> None:
    assert rp.posts(browser).has_a_code()


def test_the_order_of_parameters_and_scopes_does_not_matter(rp: RelyingParty, browser: Browser) -> None:
    asked = rp.prepares(scope="email profile openid")
    answer = rp.sends(browser, replace(asked, params=dict(reversed(asked.params.items()))))
    assert answer.has_a_code()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("extra", "foobar"),
        ("display", "page"),
        ("display", "popup"),
        ("ui_locales", "se"),
        ("ui_locales", "nl-NL en"),
        ("claims_locales", "se"),
        ("acr_values", "1 2"),
        ("login_hint", "somebody@elsewhere.example"),
        ("idp_hint", "platform"),
        ("account", "acme"),
        ("response_mode", "query"),
    ],
)
def test_harmless_parameters_are_accepted(rp: RelyingParty, browser: Browser, name: str, value: str) -> None:
    assert rp.asks(browser, **{name: value}).has_a_code()


def test_a_request_without_state_and_nonce_is_answered_without_them(rp: RelyingParty, browser: Browser) -> None:
    answer = rp.asks(browser, state=None, nonce=None)
    assert answer.params.keys() == {"code", "iss"}


def test_an_empty_parameter_counts_as_left_out(rp: RelyingParty, browser: Browser) -> None:
    answer = rp.asks(browser, state="", nonce="", prompt="", extra="")
    assert answer.params.keys() == {"code", "iss"}


# Refusals that the service is told of


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": 'fo"o'}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "unheard-of"}, "invalid_scope"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "https://studio.example.com/request"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"resource": "https://api.example.com/"}, "invalid_target"),
        ({"claims": "[]"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"id_token_hint": "e30.e30.e30"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"account": "umbrella"}, "invalid_request"),
        ({"state": "x" * 2049}, "invalid_request"),
        ({"nonce": "x" * 1025}, "invalid_request"),
    ],
)
@pytest.mark.parametrize("signed_in", [True, False], ids=["signed in", "signed out"])
def test_what_cannot_be_done_is_refused_at_the_redirect_uri(
    rp: RelyingParty, op: OpenIdProvider, changes: dict[str, str | None], error: str, signed_in: bool
) -> None:
    asking = op.browser()
    if signed_in:
        op.signs_in(asking)
    answer = rp.asks(asking, **changes)
    assert answer.goes_to(REDIRECT_URI)
    assert answer.is_refused_as(error)


@pytest.mark.parametrize("name", ["state", "nonce", "scope", "response_type", "extra"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_parameter_that_occurs_twice_is_refused(
    rp: RelyingParty, browser: Browser, stranger: Browser, name: str, method: str
) -> None:
    asked = rp.prepares()
    doubled = [*asked.params.items(), (name, "one"), (name, "two")]
    for asking in (browser, stranger):
        sent = {"query_string": doubled} if method == "GET" else {"data": _multi(doubled)}
        answer = asking.http.open(rp.metadata["authorization_endpoint"], method=method, **sent)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith(f"{REDIRECT_URI}?error=invalid_request&")
        assert ("state=" in answer.headers["Location"]) == (name != "state")


def _multi(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: [value for other, value in pairs if other == name] for name, _ in pairs}


def test_a_request_is_granted_no_more_than_the_client_registered(op: OpenIdProvider, browser: Browser) -> None:
    rp = RelyingParty.registered_at(op, scope="openid")
    assert rp.redeems(rp.obtains_a_code_for(browser, scope="openid profile email")).body["scope"] == "openid"


# Refusals that go nowhere


@pytest.mark.parametrize("client_id", [None, "unheard-of", 'quo"ted', "é"])
def test_an_unknown_client_gets_a_page(rp: RelyingParty, browser: Browser, client_id: str | None) -> None:
    answer = rp.asks(browser, client_id=client_id)
    assert answer.is_a_page_about("invalid_request" if client_id is None else "invalid_client")


@pytest.mark.parametrize(
    "redirect_uri",
    [
        f"{REDIRECT_URI}/",
        f"{REDIRECT_URI}/hTbq8kYt",
        f"{REDIRECT_URI}?added=1",
        f"{REDIRECT_URI}#fragment",
        f"{REDIRECT_URI}%2f",
        f"{REDIRECT_URI} ",
        "https://studio.example.com:443/callback",
        "https://STUDIO.example.com/callback",
        "http://studio.example.com/callback",
        "https://studio.example.com/callback/../callback",
        "https://studio.example.com/./callback",
        "https://studio.example.com@evil.example/callback",
        "https://evil.example/callback",
        "//studio.example.com/callback",
        "/callback",
        "javascript:alert(1)",
        'https://studio.example.com/"callback',
        "https://studio.example.com/cällback",
    ],
)
def test_a_redirect_uri_matches_character_by_character_or_nobody_is_redirected(
    rp: RelyingParty, browser: Browser, redirect_uri: str
) -> None:
    assert rp.asks(browser, redirect_uri=redirect_uri).is_a_page_about("invalid_request")
    assert rp.posts(browser, redirect_uri=redirect_uri).is_a_page_about("invalid_request")


def test_a_request_object_does_not_excuse_a_bad_redirect_uri(rp: RelyingParty, browser: Browser) -> None:
    answer = rp.asks(browser, redirect_uri=f"{REDIRECT_URI}_invalid", request="eyJhbGciOiJub25lIn0.e30.")
    assert answer.is_a_page_about("invalid_request")


def test_a_missing_redirect_uri_gets_a_page_even_where_one_is_registered(rp: RelyingParty, browser: Browser) -> None:
    assert rp.asks(browser, redirect_uri=None).is_a_page_about("invalid_request")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_doubled_client_id_or_redirect_uri_gets_a_page(rp: RelyingParty, browser: Browser, name: str) -> None:
    asked = rp.prepares()
    doubled = [*asked.params.items(), (name, asked.params[name])]
    answer = browser.opens(rp.metadata["authorization_endpoint"], query_string=doubled)
    assert answer.status_code == 400
    assert f"<dd><code>{name}</code></dd>" in answer.text


def test_the_page_for_developers_shows_what_was_sent_as_text(rp: RelyingParty, browser: Browser) -> None:
    answer = rp.asks(browser, redirect_uri='https://evil.example/"><script>alert(1)</script>')
    assert answer.is_a_page_about("invalid_request")
    assert "<script" not in answer.response.text
    assert "&lt;script&gt;" in answer.response.text
    assert REDIRECT_URI in answer.response.text


def test_a_client_of_several_redirect_uris_chooses_one_in_every_request(op: OpenIdProvider, browser: Browser) -> None:
    rp = RelyingParty.registered_at(op, redirect_uris=(REDIRECT_URI, OTHER_URI))
    assert rp.asks(browser, redirect_uri=OTHER_URI).goes_to(OTHER_URI)
    assert rp.asks(browser, redirect_uri=None).is_a_page_about("invalid_request")


# Redirect URIs


@pytest.mark.parametrize("query", ["bar=foo", "b=2&a=1&empty=", "plus=a+b&percent=%2F%c3%a9", "state=theirs"])
def test_a_registered_query_is_kept_verbatim(op: OpenIdProvider, browser: Browser, query: str) -> None:
    registered = f"{REDIRECT_URI}?{query}"
    rp = RelyingParty.registered_at(op, redirect_uris=(registered,))
    granted = rp.asks(browser, state=None)
    refused = rp.asks(browser, response_type=None, state=None)
    assert granted.location.startswith(f"{registered}&code=")
    assert refused.location.startswith(f"{registered}&error=")


def test_another_query_than_the_registered_one_gets_a_page(op: OpenIdProvider, browser: Browser) -> None:
    rp = RelyingParty.registered_at(op, redirect_uris=(f"{REDIRECT_URI}?bar=foo",))
    for other in (REDIRECT_URI, f"{REDIRECT_URI}?bar=baz", f"{REDIRECT_URI}?bar=foo&more=1", f"{REDIRECT_URI}?"):
        assert rp.asks(browser, redirect_uri=other).is_a_page_about("invalid_request")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_the_port_of_a_loopback_redirect_uri_may_vary(op: OpenIdProvider, browser: Browser, host: str) -> None:
    rp = RelyingParty.registered_at(op, redirect_uris=(f"http://{host}/callback",), public=True)
    wanted = f"http://{host}:53682/callback"
    answer = rp.allowed_by(browser, redirect_uri=wanted)
    assert answer.goes_to(wanted)
    assert rp.redeems(answer.code).succeeds()


@pytest.mark.parametrize(
    ("registered", "requested"),
    [
        ("http://localhost:8080/callback", "http://localhost:8081/callback"),
        ("http://127.0.0.1:8080/callback", "http://127.0.0.1:8081/callback/"),
        ("http://127.0.0.1:8080/callback", "http://127.0.0.2:8080/callback"),
        ("http://127.0.0.1:8080/callback", "https://127.0.0.1:8080/callback"),
        ("https://127.0.0.1:8080/callback", "https://127.0.0.1:8081/callback"),
        ("http://127.0.0.1:8080/callback", "http://127.0.0.1:8080@evil.example/callback"),
        ("http://127.0.0.1:8080/callback", "http://user@127.0.0.1:8081/callback"),
    ],
)
def test_nothing_but_the_port_of_a_loopback_address_may_vary(
    op: OpenIdProvider, browser: Browser, registered: str, requested: str
) -> None:
    rp = RelyingParty.registered_at(op, redirect_uris=(registered,))
    assert rp.asks(browser, redirect_uri=requested).is_a_page_about("invalid_request")


def test_an_application_with_a_private_scheme_is_answered_there(op: OpenIdProvider, browser: Browser) -> None:
    rp = RelyingParty.registered_at(op, redirect_uris=("com.example.studio:/callback",), public=True)
    assert rp.allowed_by(browser).location.startswith("com.example.studio:/callback?code=")


# State


@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
def test_state_comes_back_to_the_letter(rp: RelyingParty, browser: Browser, stranger: Browser, state: str) -> None:
    answers = (
        rp.asks(browser, state=state),
        rp.posts(browser, state=state),
        rp.asks(browser, state=state, response_type=None),
        rp.asks(stranger, state=state, prompt="none"),
    )
    for answer in answers:
        assert answer.params["state"] == state
        assert "\r" not in answer.location
        assert "\n" not in answer.location


def test_state_comes_back_to_the_letter_after_a_sign_in(
    op: OpenIdProvider, rp: RelyingParty, stranger: Browser
) -> None:
    for state in STATES.values():
        waiting = rp.asks(stranger, state=state)
        assert waiting.asks_to_sign_in()
        parked = waiting.location.partition("r=")[2]
        given_up = stranger.opens(f"/oauth/authorize/resume/?r={parked}&cancel=1")
        assert replace(waiting, response=given_up).params["state"] == state


# The way through a sign-in


def test_somebody_signed_out_is_asked_to_sign_in_and_then_sent_on(
    op: OpenIdProvider, rp: RelyingParty, stranger: Browser
) -> None:
    waiting = rp.asks(stranger)
    assert waiting.asks_to_sign_in()
    op.signs_in(stranger)
    resumed = replace(waiting, response=stranger.opens(_resume(waiting.location)))
    assert resumed.has_a_code()
    assert rp.redeems(resumed.code).succeeds()


def test_a_waiting_request_is_answered_once(op: OpenIdProvider, rp: RelyingParty, stranger: Browser) -> None:
    waiting = rp.asks(stranger)
    op.signs_in(stranger)
    assert stranger.opens(_resume(waiting.location)).status_code == 303
    again = stranger.opens(_resume(waiting.location))
    assert again.status_code == 400
    assert 'id="error"' in again.text


def test_a_waiting_request_waits_for_an_hour(
    op: OpenIdProvider, rp: RelyingParty, stranger: Browser, clock: FrozenClock
) -> None:
    waiting = rp.asks(stranger)
    clock.advance(minutes=60)
    op.signs_in(stranger)
    assert stranger.opens(_resume(waiting.location)).status_code == 400


def test_a_waiting_request_without_a_session_leads_to_the_sign_in_page(rp: RelyingParty, stranger: Browser) -> None:
    waiting = rp.asks(stranger)
    back = stranger.opens(_resume(waiting.location))
    assert back.status_code == 303
    assert back.headers["Location"] == waiting.location


@pytest.mark.parametrize("ending", ["", "&cancel=1"])
def test_a_waiting_request_belongs_to_its_browser(
    op: OpenIdProvider, rp: RelyingParty, stranger: Browser, browser: Browser, ending: str
) -> None:
    waiting = rp.asks(stranger)
    stolen = browser.opens(_resume(waiting.location) + ending)
    assert stolen.status_code == 400
    assert "Location" not in stolen.headers
    op.signs_in(stranger)
    assert stranger.opens(_resume(waiting.location)).status_code == 303


def test_the_sign_in_page_belongs_to_the_browser_of_its_request(
    rp: RelyingParty, stranger: Browser, browser: Browser
) -> None:
    address = rp.asks(stranger).location
    parked = address.partition("r=")[2]
    for path in (address, f"/login/with/platform/?r={parked}"):
        assert browser.opens(path).status_code == 400


def test_going_back_without_signing_in_is_access_denied(rp: RelyingParty, stranger: Browser) -> None:
    waiting = rp.asks(stranger)
    denied = replace(waiting, response=stranger.opens(_resume(waiting.location) + "&cancel=1"))
    assert denied.goes_to(REDIRECT_URI)
    assert denied.is_refused_as("access_denied")
    assert stranger.opens(_resume(waiting.location) + "&cancel=1").status_code == 400


def test_two_requests_of_one_browser_wait_side_by_side(op: OpenIdProvider, rp: RelyingParty, stranger: Browser) -> None:
    waiting = [rp.asks(stranger), rp.asks(stranger)]
    op.signs_in(stranger)
    for one in waiting:
        resumed = replace(one, response=stranger.opens(_resume(one.location)))
        assert resumed.params["state"] == one.asked.params["state"]


def _resume(sign_in_address: str) -> str:
    return f"/oauth/authorize/resume/?{urlsplit(sign_in_address).query}"


# A POST from another site, to which no Lax cookie comes along


def test_a_cross_site_post_goes_by_one_redirect_to_itself(rp: RelyingParty, browser: Browser) -> None:
    cookieless = rp.op.browser()
    first = rp.posts(cookieless, state=STATES["separators"])
    assert first.response.status_code == 303
    assert first.location.startswith("/oauth/authorize/?")
    second = replace(first, response=browser.opens(first.location))
    assert second.has_a_code()
    assert second.params["state"] == STATES["separators"]
    assert rp.redeems(second.code).succeeds()


def test_a_cross_site_post_of_somebody_signed_out_ends_at_the_sign_in_page(rp: RelyingParty) -> None:
    cookieless = rp.op.browser()
    first = rp.posts(cookieless)
    assert replace(first, response=cookieless.opens(first.location)).asks_to_sign_in()

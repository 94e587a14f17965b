"""Every kind of token at every verifier: only the diagonal passes (CONTRACT §5, RFC 8725 §3.11)."""

from __future__ import annotations

from collections.abc import Callable

import jwt
import pytest
from werkzeug.test import TestResponse

from tests.security.kinds import VERIFIER, every_kind, has_a_widget, parts_of, widget_of
from tests.support import assertions
from tests.support.app import Browser, OpenIdProvider
from tests.support.forms import submits
from tests.support.rp import RelyingParty, Tokens
from tests.support.widget import API_KEY, ORIGIN

Verifier = Callable[[str], bool]


@pytest.fixture
def signer(op: OpenIdProvider) -> RelyingParty:
    """A service that proves itself by an assertion, at an account with a widget."""
    has_a_widget(op)
    return RelyingParty.registered_at(op, key=assertions.key("ES256"))


@pytest.fixture
def kinds(signer: RelyingParty, browser: Browser) -> dict[str, str]:
    found = every_kind(signer, browser)
    assert all(found.values()), found
    assert len(set(found.values())) == len(found)
    return found


def taken(kinds: dict[str, str], verifier: Verifier) -> set[str]:
    """Return which kinds a verifier takes."""
    return {kind for kind, value in kinds.items() if verifier(value)}


# At the endpoints of services


def test_an_assertion_alone_proves_a_client(signer: RelyingParty, kinds: dict[str, str]) -> None:
    def proves(value: str) -> bool:
        return signer.introspects("x", client_assertion=value, client_id=signer.client_id).succeeds()

    assert taken(kinds, proves) == {"assertion"}


def test_access_and_refresh_tokens_alone_are_active(signer: RelyingParty, kinds: dict[str, str]) -> None:
    assert taken(kinds, lambda value: signer.introspects(value).body["active"]) == {"access", "refresh"}


def test_access_and_refresh_tokens_alone_can_be_given_back(signer: RelyingParty, kinds: dict[str, str]) -> None:
    for kind in kinds.keys() - {"access", "refresh"}:
        signer.revokes(kinds[kind])
    assert signer.introspects(kinds["access"]).body["active"]
    assert signer.introspects(kinds["refresh"]).body["active"]
    assert asks_with(signer.op, "access_token_cookie", kinds["access cookie"]).status_code == 200
    signer.revokes(kinds["refresh"])
    assert not signer.introspects(kinds["access"]).body["active"]


def test_an_access_token_alone_opens_userinfo(signer: RelyingParty, kinds: dict[str, str]) -> None:
    assert taken(kinds, lambda value: signer.asks_userinfo(value).succeeds()) == {"access"}


def test_a_refresh_token_alone_is_renewed(signer: RelyingParty, kinds: dict[str, str]) -> None:
    def renews(value: str) -> bool:
        return signer.refreshes(Tokens(access_token="", id_token="", refresh_token=value)).succeeds()

    assert taken(kinds, renews) == {"refresh"}


def test_a_code_alone_is_redeemed(signer: RelyingParty, browser: Browser, kinds: dict[str, str]) -> None:
    code = signer.obtains_a_code_for(browser)
    others = {kind: value for kind, value in kinds.items() if kind != "code"}
    assert taken(others, lambda value: signer.redeems(code, code=value).succeeds()) == set()
    assert signer.redeems(code).succeeds()


def test_an_id_token_alone_is_a_hint(signer: RelyingParty, browser: Browser, kinds: dict[str, str]) -> None:
    def hints(value: str) -> bool:
        return signer.asks(browser, prompt="none", id_token_hint=value).has_a_code()

    assert taken(kinds, hints) == {"ID"}


def test_an_sso_cookie_alone_is_a_session(signer: RelyingParty, op: OpenIdProvider, kinds: dict[str, str]) -> None:
    def is_session(value: str) -> bool:
        stranger = op.browser()
        stranger.is_given("__Host-idp_sso.acme", value)
        return signer.asks(stranger, prompt="none").has_a_code()

    assert taken(kinds, is_session) == {"session"}


def test_a_service_takes_an_id_token_alone(signer: RelyingParty, kinds: dict[str, str]) -> None:
    """As the README tells services to: by key set, algorithms, issuer and audience."""
    keys = {key["kid"]: key for key in signer.jwks()["keys"]}

    def is_taken(value: str) -> bool:
        try:
            key = jwt.PyJWK(keys[jwt.get_unverified_header(value)["kid"]])
            claims = jwt.decode(
                value,
                key,
                algorithms=["RS256", "ES256"],
                issuer=signer.op.issuer,
                audience=signer.client_id,
                options={"verify_exp": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, KeyError):
            return False
        return "sub" in claims

    assert taken(kinds, is_taken) == {"ID"}


def test_a_reader_of_cookies_takes_an_access_cookie_alone(signer: RelyingParty, kinds: dict[str, str]) -> None:
    """As Flask-JWT-Extended does, with our ``typ`` besides: by the other key set, audience, ``type`` and its claims."""
    published = signer.op.app.test_client().get(f"{signer.op.issuer}/auth/jwks").get_json()["keys"]
    keys = {key["kid"]: key for key in published}

    def is_taken(value: str, account: str = "acme") -> bool:
        try:
            header = jwt.get_unverified_header(value)
            claims = jwt.decode(
                value,
                jwt.PyJWK(keys[header["kid"]]),
                algorithms=["ES256"],
                audience=f"urn:deepdesk:account:{account}",
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except (jwt.PyJWTError, KeyError):
            return False
        return (
            header["typ"] == "session+jwt"
            and claims.get("type") == "access"
            and {"jti", "csrf", "fresh"} <= claims.keys()
        )

    assert taken(kinds, is_taken) == {"access cookie"}
    assert taken(kinds, lambda value: is_taken(value, "globex")) == set()


# At the pages that mails lead to


def opens(op: OpenIdProvider, path: str) -> Verifier:
    """Say whether a page can be opened by what stands in its address as ``t``, in whatever browser."""
    return lambda value: op.browser().opens(path, query_string={"t": value}).status_code != 404


def sends(op: OpenIdProvider, path: str) -> Verifier:
    """Say the same of pressing the page's button."""

    def is_taken(value: str) -> bool:
        browser = op.browser()
        token = browser.opens("/login/").text.partition('name="csrf_token" value="')[2].partition('"')[0]
        assert token
        answer = browser.posts(path, {"csrf_token": token}, query_string={"t": value}, headers={"Origin": op.issuer})
        assert answer.status_code in {303, 404, 422}, answer.text
        return answer.status_code != 404

    return is_taken


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/login/magic/confirm/", {"sign-in link"}),
        ("/login/magic/afresh/", {"sign-in link", "access link"}),
        ("/access-requests/confirm/", {"access link"}),
    ],
)
def test_a_mails_link_alone_leads_to_what_the_mail_is_for(
    signer: RelyingParty, op: OpenIdProvider, kinds: dict[str, str], path: str, own: set[str]
) -> None:
    if path != "/login/magic/afresh/":
        assert taken(kinds, opens(op, path)) == own
    assert taken(kinds, sends(op, path)) == own


def test_a_requests_link_alone_shows_how_it_stands(
    signer: RelyingParty, op: OpenIdProvider, kinds: dict[str, str]
) -> None:
    assert taken(kinds, opens(op, "/access-requests/status/")) == {"request link"}


def test_a_mailed_code_alone_completes_a_sign_in(
    signer: RelyingParty, op: OpenIdProvider, kinds: dict[str, str]
) -> None:
    """Where the mail was not asked for, its link is needed besides."""

    def completes(value: str) -> bool:
        browser = op.browser()
        page = browser.opens("/login/magic/confirm/", query_string={"t": kinds["sign-in link"]})
        if page.status_code == 410:
            return False
        answer = submits(browser, page, "magic-confirm", code=value)
        assert answer.status_code in {303, 422}, answer.text
        return answer.status_code == 303

    others = {kind: value for kind, value in kinds.items() if kind != "mailed code"}
    assert taken(others, completes) == set()
    assert completes(kinds["mailed code"])


# At the widget's addresses


def csrf_of(value: str) -> str:
    """Return what a page would name with a token: what it says itself."""
    try:
        return str(parts_of(value)[1].get("csrf", "x"))
    except (ValueError, AttributeError):
        return "x"


def asks_with(
    op: OpenIdProvider, name: str, value: str, method: str = "GET", path: str = "/auth/session/"
) -> TestResponse:
    """Call with one cookie, from the platform's page."""
    headers = {"Cookie": f"{name}={value}", "Origin": ORIGIN, "X-CSRF-TOKEN": csrf_of(value)}
    return op.app.test_client(use_cookies=False).open(f"{op.issuer}{path}", method=method, headers=headers)


@pytest.mark.parametrize(
    ("method", "path", "cookie", "own"),
    [
        ("GET", "/auth/session/", "access_token_cookie", "access cookie"),
        ("GET", "/auth/exchange-token", "access_token_cookie", "access cookie"),
        ("POST", "/auth/exchange-token", "access_token_cookie", "access cookie"),
        ("POST", "/auth/logout", "access_token_cookie", "access cookie"),
        ("POST", "/auth/refresh", "refresh_token_cookie", "refresh cookie"),
    ],
)
def test_a_cookie_token_alone_is_a_session_of_the_widget(
    signer: RelyingParty, kinds: dict[str, str], method: str, path: str, cookie: str, own: str
) -> None:
    def passes(value: str) -> bool:
        return asks_with(signer.op, cookie, value, method, path).status_code == 200

    assert taken(kinds, passes) == {own}


def test_an_exchange_token_alone_opens_a_link(signer: RelyingParty, op: OpenIdProvider, kinds: dict[str, str]) -> None:
    def opens(value: str) -> bool:
        return op.browser().opens("/session/jwt/", query_string={"jwt": value}).status_code == 303

    assert taken(kinds, opens) == {"exchange"}


def test_a_platform_jwt_alone_opens_its_bridge(signer: RelyingParty, browser: Browser, kinds: dict[str, str]) -> None:
    widget = widget_of(signer.op, browser)

    def opens(value: str) -> bool:
        return widget.posts("/session/jwt", {"jwt": value}, headers={"Origin": ORIGIN}).status_code == 200

    assert taken(kinds, opens) == {"platform JWT"}


def test_a_hand_off_alone_is_redeemed(signer: RelyingParty, browser: Browser, kinds: dict[str, str]) -> None:
    widget = widget_of(signer.op, browser)

    def redeems(value: str) -> bool:
        body = {"handoff": value, "verifier": VERIFIER}
        return widget.posts("/session/handoff/", body, headers={"Origin": ORIGIN}).status_code == 200

    assert taken(kinds, redeems) == {"hand-off"}


def test_an_api_key_alone_opens_its_bridge(signer: RelyingParty, browser: Browser, kinds: dict[str, str]) -> None:
    widget = widget_of(signer.op, browser)

    def opens(value: str) -> bool:
        body = {"account": "acme", "api_key": value, "agent_id": "1"}
        return widget.posts("/session/api-key/", body, headers={"Origin": ORIGIN}).status_code == 200

    assert kinds["API key"] == API_KEY
    assert taken(kinds, opens) == {"API key"}

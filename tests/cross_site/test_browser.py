"""What the journeys between two sites rest on: browsers keep cookies as they were told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from flask import Flask, Response, jsonify, request
from playwright.sync_api import Error, Page

from idp.sandbox.certificates import Certificates, ensure_certificates
from tests.cross_site.conftest import OpenFirefox, OpenProfile
from tests.support.cross_site import ThirdPartyCookies
from tests.support.firefox import CookieRule, FirefoxWindow
from tests.support.tls import LOGIN_NAME, PLATFORM_NAME, SecureAddress, secure_address

BOTH_CHOICES = pytest.mark.parametrize("third_party_cookies", ["allowed", "blocked"])
UNPARTITIONED = "ordinary=1; Path=/; Secure; HttpOnly; SameSite=None"
PARTITIONED = "own=1; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"


@dataclass(frozen=True, kw_only=True)
class Sites:
    """Two sites, of which one sets cookies."""

    login_address: SecureAddress
    platform_address: SecureAddress

    @property
    def login(self) -> str:
        return self.login_address.url

    @property
    def platform(self) -> str:
        return self.platform_address.url


@pytest.fixture(scope="module")
def sites(certificates: Certificates) -> Iterator[Sites]:
    """A site that sets cookies and says which came back, and another one with an empty page."""
    app = Flask(__name__)

    @app.get("/")
    def empty() -> str:
        return "<!doctype html><title>A page</title>"

    @app.route("/set/<kind>", methods=["GET", "POST"])
    def set_cookie(kind: str) -> Response:
        answer = Response("set", content_type="text/html")
        answer.headers["Set-Cookie"] = {"ordinary": UNPARTITIONED, "partitioned": PARTITIONED}[kind]
        return answer

    @app.get("/cookies")
    def cookies() -> Response:
        return jsonify(sorted(request.cookies))

    @app.after_request
    def let_other_sites_read(answer: Response) -> Response:
        if origin := request.headers.get("Origin"):
            answer.headers["Access-Control-Allow-Origin"] = origin
            answer.headers["Access-Control-Allow-Credentials"] = "true"
        return answer

    with ExitStack() as stack:
        login, platform = (
            stack.enter_context(secure_address(name, certificates)) for name in (LOGIN_NAME, PLATFORM_NAME)
        )
        for address in (login, platform):
            stack.enter_context(address.serving(app))
        yield Sites(login_address=login, platform_address=platform)


def asks(page: Page | FirefoxWindow, url: str, method: str = "GET") -> str:
    """Fetch an address with credentials from the page's script."""
    options = f"{{method: '{method}', credentials: 'include'}}"
    text: str = page.evaluate(f"fetch('{url}', {options}).then(answer => answer.text())")
    return text.strip()


@pytest.mark.parametrize(("third_party_cookies", "sent"), [("allowed", '["ordinary"]'), ("blocked", "[]")])
def test_a_cookie_of_a_top_level_visit_is_sent_from_another_site_only_where_that_is_allowed(
    third_party_cookies: ThirdPartyCookies, sent: str, open_profile: OpenProfile, sites: Sites
) -> None:
    page = open_profile(third_party_cookies).new_page()
    page.goto(f"{sites.login}/set/ordinary")
    page.goto(sites.platform)
    assert asks(page, f"{sites.login}/cookies") == sent


@BOTH_CHOICES
def test_a_partitioned_cookie_comes_back_from_the_page_on_which_it_was_set(
    third_party_cookies: ThirdPartyCookies, open_profile: OpenProfile, sites: Sites
) -> None:
    page = open_profile(third_party_cookies).new_page()
    page.goto(sites.platform)
    asks(page, f"{sites.login}/set/partitioned", "POST")
    assert asks(page, f"{sites.login}/cookies") == '["own"]'
    page.goto(f"{sites.login}/cookies")
    assert page.inner_text("body").strip() == "[]"


def test_only_the_one_certificate_is_accepted(
    open_profile: OpenProfile, sites: Sites, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The switch names one key: a stranger's certificate for the same name still stops the browser."""
    stranger = ensure_certificates(tmp_path_factory.mktemp("stranger"), (LOGIN_NAME,), now=datetime.now(UTC))
    page = open_profile("allowed").new_page()
    page.goto(sites.login)
    with (
        secure_address(LOGIN_NAME, stranger) as address,
        address.serving(Flask("stranger")),
        pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"),
    ):
        page.goto(address.url)


@pytest.mark.parametrize(
    ("third_party_cookies", "after_a_visit", "after_a_call"),
    [
        ("allowed", '["ordinary"]', '["ordinary","own"]'),
        ("blocked", "[]", "[]"),
        ("partitioned", "[]", '["own"]'),
    ],
)
def test_firefox_blocks_even_partitioned_cookies_where_it_was_told_to_and_partitions_by_itself(
    third_party_cookies: CookieRule, after_a_visit: str, after_a_call: str, open_firefox: OpenFirefox, sites: Sites
) -> None:
    """The last one is what it does unless somebody changes its settings."""
    browser = open_firefox(third_party_cookies, finding=[sites.login_address, sites.platform_address])
    window = browser.new_window()
    window.goto(f"{sites.login}/set/ordinary")
    window.goto(sites.platform)
    assert asks(window, f"{sites.login}/cookies") == after_a_visit
    asks(window, f"{sites.login}/set/partitioned", "POST")
    assert asks(window, f"{sites.login}/cookies") == after_a_call


def test_firefox_accepts_the_certificate_in_its_own_place_only(open_firefox: OpenFirefox, sites: Sites) -> None:
    window = open_firefox("allowed", finding=[sites.login_address]).new_window()
    window.goto(sites.login)
    with pytest.raises(AssertionError, match=r"browsingContext\.navigate"):
        window.goto(f"https://{LOGIN_NAME}:{sites.platform_address.port}/")

"""The guide for a single-page application with oidc-client-ts, in a browser as its readers have it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

from tests.guides.guide import Guide
from tests.guides.program import has_token
from tests.guides.site import Site, serving_site
from tests.support.chromium import ARGUMENTS
from tests.support.node import PEERS, Node
from tests.support.platform import RunningPlatform, running_platform
from tests.support.serve import Served, serving

GUIDE = Guide(name="spa")
LIBRARY = PEERS / "node_modules" / "oidc-client-ts" / "dist" / "browser" / "oidc-client-ts.min.js"
TIMEOUT_MILLISECONDS = 15_000


def test_the_page_shows_the_programs() -> None:
    shown = GUIDE.blocks("html", "js")
    assert [file.name for file in GUIDE.programs() if file.read_text(encoding="utf-8") not in shown] == []


# The page, served.


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One of this file's own, with access tokens that live as long as everywhere."""
    with serving(tmp_path_factory.mktemp("provider")) as served:
        served.command("accounts", "create", "acme", "--name", "Acme", "--magic-link", "off")
        yield served


@pytest.fixture(scope="module")
def platform(provider: Served) -> Iterator[RunningPlatform]:
    with running_platform() as running:
        provider.command(
            *("providers", "create", "acme", "platform", "--kind", "oidc", "--issuer", running.issuer),
            *("--client-id", running.client_id, "--client-secret-file", "-", "--role-based-iam"),
            stdin=running.client_secret,
        )
        yield running


@pytest.fixture(scope="module")
def site(node: Node, provider: Served, platform: RunningPlatform) -> Iterator[Site]:
    with serving_site(GUIDE, {f"/{LIBRARY.name}": LIBRARY.read_bytes()}, provider) as site:
        yield site


# Somebody at the page.


@dataclass(kw_only=True)
class Person:
    """A browser window at the page."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda problem: self.complaints.append(str(problem)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _listen(self, said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"}:
            self.complaints.append(said.text)

    def arrives(self) -> None:
        self.page.goto(self.site.url)

    def allows(self, person: str) -> None:
        """From the page to the provider, to the platform, and to the question that is always asked on one's own
        computer; the answer brings them back."""
        self.page.click("#sign-in")
        self.page.click(f"[name=person][value={person}]")
        self.page.click("#consent-allow")

    def signs_in(self, person: str = "manager") -> None:
        self.arrives()
        self.allows(person)
        self.page.wait_for_selector("#signed-in:visible")

    def sees(self, message: str) -> None:
        expect(self.page.locator("#message")).to_have_text(message)

    def stops_at_the_answer(self) -> str:
        """Sign in, but keep the last address to oneself; returns it."""
        answer = re.compile(re.escape(self.site.url) + r"/\?")
        self.arrives()
        # Playwright cannot stop at what a redirect leads to; a page without its script goes no further.
        self.page.route("**/app.js", lambda route: route.fulfill(body="", content_type="text/javascript"), times=1)
        self.allows("manager")
        self.page.wait_for_url(answer)
        return self.page.url

    def user(self) -> dict[str, Any]:
        """What the library keeps."""
        found = self.page.evaluate("Object.entries(sessionStorage).find(([key]) => key.startsWith('oidc.user:'))[1]")
        return dict(json.loads(found))


NewPerson = Callable[[], Person]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield running
        running.close()


@pytest.fixture
def new_person(browser: Browser, site: Site) -> Iterator[NewPerson]:
    with ExitStack() as stack:

        def appear() -> Person:
            context = browser.new_context()
            stack.callback(context.close)
            context.set_default_timeout(TIMEOUT_MILLISECONDS)
            return Person(page=context.new_page(), site=site)

        yield appear


@pytest.fixture
def person(new_person: NewPerson) -> Person:
    return new_person()


# Signing in.


def test_a_manager_signs_in_and_sees_their_role(person: Person) -> None:
    person.signs_in("manager")
    assert person.page.inner_text("#person") == "Alex Manager"
    assert person.page.inner_text("#account") == "acme"
    assert person.page.inner_text("#role") == "deepdesk.manager"
    person.page.click("#manage")
    person.sees("Only managers see this.")
    assert person.complaints == []


def test_who_has_not_the_role_is_refused(person: Person) -> None:
    person.signs_in("agent")
    assert person.page.inner_text("#role") == "deepdesk.agent"
    person.page.click("#manage")
    person.sees("Your role does not let you open this page.")


def test_the_request_carries_pkce_state_and_nonce(person: Person) -> None:
    person.arrives()
    person.page.click("#sign-in")
    person.page.wait_for_selector("[name=person]")
    asked = next(url for url in person.asked if url.startswith(f"{person.site.provider.issuer}/oauth/authorize/"))
    assert "code_challenge_method=S256" in asked
    assert "&state=" in asked
    assert "&nonce=" in asked


def test_a_reload_keeps_the_person_and_nothing_is_left_for_later(person: Person) -> None:
    person.signs_in()
    assert person.page.url == f"{person.site.url}/"
    person.page.reload()
    person.page.wait_for_selector("#signed-in:visible")
    assert person.page.evaluate("localStorage.length") == 0
    assert person.page.evaluate("document.cookie") == ""
    assert not [url for url in person.asked if has_token(url)]


def test_an_answer_that_was_changed_signs_nobody_in(new_person: NewPerson) -> None:
    for was, becomes in (("state=", "state=x"), ("iss=http", "iss=https")):
        person = new_person()
        answer = person.stops_at_the_answer()
        assert was in answer
        person.page.goto(answer.replace(was, becomes))
        person.sees("That did not sign you in. Please try again.")
        assert person.page.is_visible("#sign-in")
        assert not person.page.is_visible("#signed-in")


def test_an_answer_signs_nobody_in_at_another_browser_and_nobody_out(new_person: NewPerson) -> None:
    answer = new_person().stops_at_the_answer()
    elsewhere = new_person()
    elsewhere.signs_in("agent")
    elsewhere.page.goto(answer)
    elsewhere.sees("That did not sign you in. Please try again.")
    assert elsewhere.page.inner_text("#role") == "deepdesk.agent"


def test_an_error_for_an_answer_is_told(person: Person) -> None:
    person.arrives()
    person.page.click("#sign-in")
    person.page.click("[name=person][value=manager]")
    person.page.click("#consent-deny")
    person.sees("That did not sign you in. Please try again.")
    assert person.page.is_visible("#sign-in")


@pytest.mark.parametrize(
    "changed",
    [{"iss": "https://another.example"}, {"aud": "another"}, {"aud": ["another"]}, {"nonce": "n"}, {"exp": 1}],
    ids=lambda changed: "".join(changed),
)
def test_an_id_token_that_is_not_in_order_signs_nobody_in(person: Person, changed: dict[str, Any]) -> None:
    person.page.route("**/oauth/token/", lambda route: answer_with(route, changed))
    person.arrives()
    person.allows("manager")
    expect(person.page.locator("#message")).to_contain_text("sign")
    assert person.page.is_visible("#sign-in")
    assert not person.page.is_visible("#signed-in")
    assert not [key for key in person.page.evaluate("Object.keys(sessionStorage)") if key.startswith("oidc.user:")]


def answer_with(route: Route, changed: dict[str, Any]) -> None:
    """Let the provider answer, but change claims of the ID token. Nobody here looks at its signature."""
    given = route.fetch()
    tokens = given.json()
    header, payload, signature = tokens["id_token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "==")) | changed
    changed_payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    route.fulfill(response=given, json=tokens | {"id_token": f"{header}.{changed_payload}.{signature}"})


# Staying.


def test_renewing_gives_a_new_access_token(person: Person) -> None:
    person.signs_in()
    before = person.user()
    person.page.evaluate("manager.signinSilent().then(() => null)")
    after = person.user()
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    assert person.page.inner_text("#role") == "deepdesk.manager"
    assert person.complaints == []


def test_it_renews_by_itself_before_the_access_token_ends(person: Person) -> None:
    person.page.clock.install()
    person.signs_in()
    before = person.user()
    with person.page.expect_response("**/oauth/token/"):
        person.page.clock.fast_forward("14:30")
    person.page.wait_for_function(
        "before => !JSON.stringify(sessionStorage).includes(before)", arg=before["access_token"]
    )
    assert person.page.is_visible("#signed-in")


def test_who_was_signed_out_elsewhere_is_out_when_it_renews(person: Person) -> None:
    person.page.clock.install()
    person.signs_in("editor")
    person.site.provider.command("users", "sign-out", person.user()["profile"]["email"], "--account", "acme")
    person.page.clock.fast_forward("14:30")
    person.sees("You were signed out. Please sign in again.")
    assert person.page.is_visible("#sign-in")


def test_a_provider_out_of_reach_signs_nobody_out(person: Person) -> None:
    person.page.clock.install()
    person.signs_in()
    person.page.route("**/oauth/token/", lambda route: route.abort())
    with person.page.expect_event("requestfailed"):
        person.page.clock.fast_forward("14:30")
    assert person.page.is_visible("#signed-in")
    person.page.unroute("**/oauth/token/")
    # Awake again after the token's end.
    person.page.clock.fast_forward("10:00")
    person.page.reload()
    person.page.wait_for_selector("#signed-in:visible")


# Leaving.


def test_signing_out_ends_the_session_here_and_at_the_provider(person: Person) -> None:
    person.signs_in()
    kept = person.user()
    person.page.click("#sign-out")
    person.page.wait_for_selector("#sign-in:visible")
    assert person.page.url == f"{person.site.url}/"
    assert person.page.evaluate("sessionStorage.length") == 0
    assert f"{person.site.provider.issuer}/oauth/revoke/" in person.asked
    assert redeem(person.site, kept["refresh_token"])["error"] == "invalid_grant"
    # The next sign-in asks who it is.
    person.page.click("#sign-in")
    person.page.wait_for_url(f"{person.site.provider.issuer}/login/**")
    assert person.complaints == []


def redeem(site: Site, refresh_token: str) -> Any:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": site.client_id}
    return requests.post(f"{site.provider.issuer}/oauth/token/", data=form, timeout=15).json()

"""The guide for a platform's page with the widget: its page in a browser, its calls, and what it says of the helper."""

from __future__ import annotations

import base64
import hashlib
import re
import runpy
import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from idp.widget import sdk
from idp.widget.answers import REFUSALS
from tests.guides import cookie_readers
from tests.guides.guide import Guide
from tests.guides.site import serving_files
from tests.support.chromium import ARGUMENTS
from tests.support.platform import RunningPlatform, running_platform
from tests.support.serve import Served, environment, free_port, running, serving, wait_until_listening

GUIDE = Guide(name="widget")
ISSUER, SERVICE, PAGE = "https://login.deepdesk.example", "https://api.deepdesk.example", "https://desk.acme.example"
"""Addresses, as the guide has them."""
TIMEOUT_MILLISECONDS = 15_000
SDK = Path(sdk.__file__).parent
NEWEST = sdk.VERSIONS[0]


# What the page says.


def test_the_page_shows_the_programs() -> None:
    shown = GUIDE.blocks("html", "js", "python")
    assert [file.name for file in GUIDE.programs() if file.read_text(encoding="utf-8") not in shown] == []


def test_the_hash_is_that_of_the_newest_script() -> None:
    digest = hashlib.sha384((SDK / NEWEST / "session.js").read_bytes()).digest()
    page = (GUIDE.folder / "index.html").read_text(encoding="utf-8")
    assert f'src="{ISSUER}/sdk/{NEWEST}/session.js"' in page
    assert f'integrity="sha384-{base64.b64encode(digest).decode()}"' in page


def test_no_other_version_of_the_script_is_named() -> None:
    versions = re.findall(r"/sdk/(\d[^/]*)/", GUIDE.page.read_text(encoding="utf-8"))
    assert set(versions) == {NEWEST}


def test_it_describes_every_member_of_the_helper_and_no_other() -> None:
    members = re.search(r"^declare class .*?^}", types(), re.MULTILINE | re.DOTALL)
    assert members
    declared = set(re.findall(r"^  (?:readonly )?(\w+)[:(<]", members[0], re.MULTILINE)) - {"constructor"}
    assert described("Members") == declared


def test_it_describes_every_event_of_the_helper_and_no_other() -> None:
    events = re.search(r"^  interface Events {.*?^  }", types(), re.MULTILINE | re.DOTALL)
    assert events
    assert described("Events") == set(re.findall(r'^    "?([\w-]+)"?: ', events[0], re.MULTILINE))


def test_it_knows_every_refusal() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in SDK.parent.glob("*.py"))
    raised = set(re.findall(r'HTTPStatus\.\w+,\s+"(\w+)",\s+f?"', text))
    told = {code for _, code, _ in REFUSALS.values()} | raised
    assert told >= {"csrf_failed", "origin_not_allowed", "unsupported_media_type", "invalid_request"}
    assert described("Errors") == told | {"not_ready"}


def types() -> str:
    return (SDK / NEWEST / "session.d.ts").read_text(encoding="utf-8")


def described(heading: str) -> set[str]:
    """Return the names that the rows of a section's tables begin with."""
    section = re.search(
        rf"^## {heading}\n.*?(?=^## )", GUIDE.page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert section
    return set(re.findall(r"^\|(?: \d*\s?\|)? `([\w-]+)", section[0], re.MULTILINE))


# A provider, a service that reads its cookies, and the page with the guide's own header.


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("provider")) as served:
        served.command("accounts", "create", "acme", "--name", "Acme", "--magic-link", "off")
        yield served


@pytest.fixture(scope="module")
def upstream(provider: Served) -> Iterator[RunningPlatform]:
    with running_platform() as platform:
        provider.command(
            *("providers", "create", "acme", "genesys", "--kind", "oidc", "--issuer", platform.issuer),
            *("--client-id", platform.client_id, "--client-secret-file", "-", "--role-based-iam"),
            stdin=platform.client_secret,
        )
        yield platform


@dataclass(frozen=True, kw_only=True)
class Site:
    """The platform's page where browsers find it, and what the guide's commands printed."""

    url: str
    provider: Served
    api_key: str
    secret: str


@pytest.fixture(scope="module")
def site(provider: Served, upstream: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    files: dict[str, bytes] = {}
    addresses = {ISSUER: provider.issuer, SERVICE: f"http://127.0.0.1:{free_port()}"}
    handler = serving_files(files, with_addresses(policy(), addresses))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        files |= {f"/{file.name}": with_addresses(file.read_text(), addresses).encode() for file in GUIDE.programs()}
        files["/plain.html"] = b"<!doctype html><title>Plain</title><script src=plain.js></script>"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        printed: dict[str, Any] = {}
        for words in commands():
            printed |= provider.command(*(word.replace(PAGE, url) for word in words))
        with service_running(addresses[SERVICE], provider.issuer, url, tmp_path_factory.mktemp("service")):
            yield Site(url=url, provider=provider, api_key=printed["api_key"], secret=printed["secret"])
        server.shutdown()


def policy() -> str:
    (header,) = GUIDE.blocks("text")
    return header.partition("Content-Security-Policy:")[2].strip()


def commands() -> list[list[str]]:
    """The words of each command that the guide says to type, without ``idp``."""
    return [shlex.split(command)[1:] for command in GUIDE.blocks("sh")]


def with_addresses(text: str, addresses: Mapping[str, str]) -> str:
    for sample, real in addresses.items():
        text = text.replace(sample, real)
    return text


def service_running(address: str, issuer: str, page: str, directory: Path) -> ExitStack:
    """Run the service of the guide about reading cookies until the returned context ends."""
    port, log_file = address.rpartition(":")[2], directory / "service.log"
    command = [
        sys.executable,
        "-m",
        "flask",
        "--app",
        str(cookie_readers.GUIDE.folder / "app.py"),
        "run",
        "--port",
        port,
    ]
    settings = {"ISSUER": issuer, "ACCOUNT": "acme", "PLATFORMS": page, "PYTHONDONTWRITEBYTECODE": "1"}
    stack = ExitStack()
    process = stack.enter_context(running(command, log_file, env=environment(settings)))
    wait_until_listening(f"127.0.0.1:{port}", process, log_file)
    return stack


# Somebody at the page.


@dataclass(kw_only=True)
class Agent:
    """A browser tab at the platform's page, and whatever the browser complains about."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: self._note(said.type, said.text))
        self.page.on("pageerror", lambda problem: self.complaints.append(str(problem)))

    def _note(self, kind: str, text: str) -> None:
        # A 401 is how a page learns that nobody is signed in; browsers print each.
        if kind in {"error", "warning"} and "401" not in text:
            self.complaints.append(text)

    def arrives(self, path: str = "/") -> None:
        self.page.goto(f"{self.site.url}{path}")

    def signs_in(self, person: str = "agent") -> None:
        with self.page.expect_popup() as opened:
            self.page.click("#sign-in")
        opened.value.click(f"[name=person][value={person}]")
        self.page.wait_for_selector("#signed-in:visible")

    def sees(self, element: str, text: str) -> None:
        expect(self.page.locator(f"#{element}")).to_have_text(text)

    def does(self, call: str, *words: Any) -> Any:
        """Call a function of the page and return what its promise brings."""
        return self.page.evaluate(f"(words) => ({call})(...words)", list(words))


@pytest.fixture(scope="module")
def chrome(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def context(chrome: Browser) -> Iterator[BrowserContext]:
    opened = chrome.new_context()
    opened.set_default_timeout(TIMEOUT_MILLISECONDS)
    yield opened
    opened.close()


NewAgent = Callable[[], Agent]


@pytest.fixture
def new_tab(context: BrowserContext, site: Site) -> NewAgent:
    return lambda: Agent(page=context.new_page(), site=site)


@pytest.fixture
def agent(new_tab: NewAgent) -> Agent:
    return new_tab()


def test_an_agent_signs_in_sees_suggestions_and_signs_out(agent: Agent) -> None:
    agent.arrives()
    agent.signs_in()
    agent.sees("person", "Sam Agent")
    agent.sees("suggestions", "Hello from Sam Agent")
    agent.page.click("#sign-out")
    agent.sees("message", "You are signed out.")
    assert agent.page.is_visible("#sign-in")
    assert agent.page.inner_text("#suggestions") == ""
    assert agent.complaints == []


def test_a_reload_and_another_tab_know_who_is_there(agent: Agent, new_tab: NewAgent) -> None:
    agent.arrives()
    agent.signs_in()
    agent.page.reload()
    agent.sees("person", "Sam Agent")
    other = new_tab()
    other.arrives()
    other.sees("person", "Sam Agent")
    other.page.click("#sign-out")
    agent.sees("message", "You were signed out in another window.")


def test_a_call_that_is_refused_is_tried_again_after_a_renewal(agent: Agent) -> None:
    agent.arrives()
    agent.signs_in()
    agent.sees("suggestions", "Hello from Sam Agent")
    cors = {"Access-Control-Allow-Origin": agent.site.url, "Access-Control-Allow-Credentials": "true"}
    agent.page.route("**/suggestions", lambda route: route.fulfill(status=401, headers=cors), times=1)
    with agent.page.expect_request("**/auth/refresh"):
        status = agent.does("(path) => call(path).then((answer) => answer.status)", "/suggestions")
    assert status == 200


def test_what_changes_something_is_let_through_by_the_csrf_value(agent: Agent) -> None:
    agent.arrives()
    agent.signs_in()
    status = "(path) => call(path, {method: 'POST'}).then((answer) => answer.status)"
    assert agent.does(status, "/suggestions/used") == 200


def test_a_link_opens_the_session_in_another_browser(agent: Agent, chrome: Browser) -> None:
    agent.arrives()
    agent.signs_in()
    link = agent.does("(path) => session.exchangeLink(path)", "/oauth/jwks")
    elsewhere = chrome.new_context()
    page = elsewhere.new_page()
    page.goto(link)
    assert urlsplit(page.url).path == "/oauth/jwks"
    assert "access_token_cookie" in {cookie["name"] for cookie in elsewhere.cookies()}
    elsewhere.close()


def test_a_blocked_window_leaves_a_link(agent: Agent) -> None:
    agent.arrives()
    agent.page.evaluate("() => { window.open = () => null; }")
    agent.page.click("#sign-in")
    agent.sees("message", "The browser blocked the window. Press the button again, or:")
    with agent.page.expect_popup() as opened:
        agent.page.click("#sign-in-page")
    opened.value.click("[name=person][value=agent]")
    opened.value.wait_for_selector("#platform-done")
    opened.value.close()
    agent.page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    agent.sees("person", "Sam Agent")
    assert agent.page.is_hidden("#blocked")


def test_a_page_that_is_not_registered_cannot_reach_the_provider(agent: Agent) -> None:
    agent.page.goto(agent.site.url.replace("127.0.0.1", "localhost"))
    agent.sees("message", "Deepdesk cannot be reached at the moment. It is tried again.")
    assert any("CORS" in complaint for complaint in agent.complaints)


def test_the_helper_says_why_a_key_is_refused(agent: Agent) -> None:
    agent.arrives()
    assert agent.does("(key) => session.signInWithApiKey(key)", {**BY_KEY, "apiKey": "another"}) is False
    agent.sees("message", "Signing in did not work. Please tell your administrator.")
    assert any(complaint.startswith("Deepdesk: access_denied") for complaint in agent.complaints)


BY_KEY = {"agentId": "1", "agentName": "Test"}


def test_the_key_signs_an_agent_in(agent: Agent) -> None:
    agent.arrives()
    assert agent.does("(key) => session.signInWithApiKey(key)", {**BY_KEY, "apiKey": agent.site.api_key}) is True
    agent.sees("person", "Test")
    assert agent.does("() => session.roles") == ["deepdesk.agent"]


@pytest.fixture
def platform_jwt(site: Site) -> Iterator[Callable[..., str]]:
    """The program of the platform's server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ISSUER", site.provider.issuer)
        patch.setenv("PLATFORM_SECRET", site.secret)
        yield runpy.run_path(str(GUIDE.folder / "sign.py"))["platform_jwt"]


def test_a_signed_token_signs_an_agent_in_once(agent: Agent, platform_jwt: Callable[..., str]) -> None:
    token = platform_jwt("acme", "1234", "John Doe", "john.doe@platform.example")
    agent.arrives()
    assert agent.does("(jwt) => session.signInWithPlatformJwt(jwt)", token) is True
    agent.sees("person", "John Doe")
    assert agent.does("(jwt) => session.signInWithPlatformJwt(jwt)", token) is False


def test_without_the_helper_the_calls_work_as_well(agent: Agent, platform_jwt: Callable[..., str]) -> None:
    agent.arrives("/plain.html")
    assert agent.does("start")["error"] == "signed_out"
    token = platform_jwt("acme", "5678", "Jane Doe", "jane.doe@platform.example")
    assert agent.does("signInWithPlatformJwt", token)["identity"]["user_name"] == "Jane Doe"
    assert agent.does("start")["identity"]["user_name"] == "Jane Doe"
    assert agent.does("renew")["status"] == 200
    link = agent.does("exchangeLink", "/somewhere")
    assert parse_qs(urlsplit(link).query)["redirect"] == ["/somewhere"]
    assert requests.get(link, allow_redirects=False, timeout=15).headers["Location"].endswith("/somewhere")
    agent.does("signOut")
    assert agent.does("start")["error"] == "signed_out"
    assert agent.does("signInWithApiKey", agent.site.api_key, "2", "Test")["status"] == 200
    assert agent.complaints == []

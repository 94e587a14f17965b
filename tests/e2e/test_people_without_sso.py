"""People whose company has no sign-in here: they ask by mail, a manager lets them in, and they arrive.

What a manager decides is mailed ten seconds later. So all who are decided about ask first, each in a browser of
their own, and their mails are waited for together.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from playwright.sync_api import Browser, BrowserContext, Page

from idp.domain.access_requests import UNDO_WITHIN
from idp.outbound.mailbox import FOLDER
from tests.e2e.axe import findings
from tests.e2e.conftest import TIMEOUT_MILLISECONDS, NewPage
from tests.e2e.mail_journey import Agent, Manager, claims_at, code_in, form_about, link_in, request_of, requests_of
from tests.support.gallery import serving
from tests.support.node import Node
from tests.support.sandbox import Sandbox

NewContext = Callable[..., BrowserContext]
PHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True}
MANAGER = "manager@acme.example"
DELIVERED_WITHIN_SECONDS = 3
REASON = "Please ask your team lead for a shared account <b>first</b>."
MESSAGE = "I start in the evening team on Monday."


@dataclass(frozen=True)
class Words:
    """What a language calls some of what is met on the way."""

    question: str
    approved: str


WORDS = {
    "en": Words(question="Ask for access to Sample service", approved="You have access to Sample service"),
    "nl": Words(question="Toegang vragen tot Sample service", approved="Je hebt toegang tot Sample service"),
    "de": Words(question="Um Zugang zu Sample service", approved="Sie haben Zugang zu Sample service"),
}
COMERS: dict[str, tuple[str, dict[str, Any]]] = {
    "english": ("en", {"locale": "en-GB"}),
    "dutch": ("nl", {"locale": "nl-NL"}),
    "german": ("de", {"locale": "de-DE"}),
    "on-a-phone": ("en", {"locale": "en-GB", **PHONE}),
    "without-javascript": ("en", {"locale": "en-GB", "java_script_enabled": False}),
    "dutch-on-a-phone-without-javascript": ("nl", {"locale": "nl-NL", "java_script_enabled": False, **PHONE}),
}
"""Who is let in: the language that they read, and their browser."""


@dataclass(frozen=True, kw_only=True)
class Evening:
    """Everybody has asked, and the manager has decided.

    :param standing: each one's window that shows how the request stands.
    :param mailed_at: by when, on the monotonic clock, all that was decided is mailed.
    """

    manager: Manager
    agents: dict[str, Agent]
    standing: dict[str, Page]
    mailed_at: float


@pytest.fixture(scope="module")
def new_context(browser: Browser) -> Iterator[NewContext]:
    """Return a function that opens a browser which knows nothing yet; all of them last as long as the module."""
    with ExitStack() as stack:

        def open_browser(**options: Any) -> BrowserContext:
            context = browser.new_context(**options)
            stack.callback(context.close)
            context.set_default_timeout(TIMEOUT_MILLISECONDS)
            return context

        yield open_browser


@pytest.fixture(scope="module")
def manager(new_context: NewContext, sandbox: Sandbox) -> Manager:
    """The manager of the demo account, signed in by the company's platform."""
    manager = Manager(context=new_context(locale="en-GB"), sandbox=sandbox, address=MANAGER)
    manager.signs_in_at_the_platform().close()
    return manager


@pytest.fixture(scope="module")
def asking(new_context: NewContext, sandbox: Sandbox) -> Callable[..., tuple[Agent, Page]]:
    """Return a function that lets somebody unknown ask for access; gives them and how their request stands."""

    def ask(name: str, **options: Any) -> tuple[Agent, Page]:
        agent = Agent(context=new_context(**options), sandbox=sandbox, address=f"{name}@acme.example")
        agent.asks_to_sign_in()
        return agent, agent.asks_for_access(MESSAGE)

    return ask


@pytest.fixture(scope="module")
def evening(manager: Manager, asking: Callable[..., tuple[Agent, Page]]) -> Evening:
    """Let everybody ask, and the manager decide; each decision by way of its mail."""
    met = {name: asking(f"sam.{name}", **options) for name, (_, options) in COMERS.items()}
    met |= {name: asking(f"sam.{name}", locale="en-GB") for name in ("denied", "undone")}
    for name in COMERS:
        asker = met[name][0].address
        manager.approves(asker, manager.reads_of(asker))
    manager.denies(met["denied"][0].address, REASON, manager.reads_of(met["denied"][0].address))
    undone = met["undone"][0].address
    page = manager.reads_of(undone)
    manager.approves(undone, page)
    page.click("[role=status] [value=undo]")
    page.wait_for_selector("form[id^=decide-]")
    return Evening(
        manager=manager,
        agents={name: agent for name, (agent, _) in met.items()},
        standing={name: page for name, (_, page) in met.items()},
        mailed_at=time.monotonic() + UNDO_WITHIN.total_seconds() + DELIVERED_WITHIN_SECONDS,
    )


@pytest.mark.parametrize("name", COMERS)
def test_an_unknown_agent_is_let_in_and_arrives_at_the_service_that_started_it(name: str, evening: Evening) -> None:
    agent, (language, _) = evening.agents[name], COMERS[name]
    approved, question = agent.waits_for(2)
    assert WORDS[language].question in question
    assert WORDS[language].approved in approved
    mail = agent.opens(2)
    assert mail.frame_locator("#html").locator("html").get_attribute("lang") == language
    arrived = agent.signs_in_by(mail)
    claims = claims_at(arrived)
    assert claims["email"] == agent.address
    assert claims["email_verified"] is True
    assert claims["roles"] == ["deepdesk.agent"]
    assert claims["account"] == "acme"
    assert claims["amr"] == ["email"]
    assert len(agent.mails()) == 2


@pytest.mark.parametrize("name", COMERS)
def test_every_page_on_the_way_speaks_the_language_of_the_browser(name: str, evening: Evening) -> None:
    language, _ = COMERS[name]
    spoken = {
        page.url: page.get_attribute("html", "lang")
        for page in evening.agents[name].context.pages
        if "/login/" in page.url or "/access-requests/" in page.url
    }
    assert len(spoken) >= 2
    assert set(spoken.values()) == {language}, spoken


def test_who_was_denied_reads_why_kindly(evening: Evening) -> None:
    agent = evening.agents["denied"]
    mail = agent.opens(2)
    assert "request for access" in mail.inner_text("#subject")
    assert REASON in mail.inner_text("#text").replace("\n", " ")
    assert REASON in mail.frame_locator("#html").locator("main").inner_text()
    page = evening.standing["denied"]
    page.reload()
    assert REASON in page.inner_text("main")
    assert page.locator("main b").count() == 0


def test_what_was_undone_is_never_mailed_and_waits_again(evening: Evening, sandbox: Sandbox) -> None:
    evening.agents["english"].waits_for(2)
    time.sleep(max(0, evening.mailed_at - time.monotonic()))
    agent = evening.agents["undone"]
    assert len(agent.mails()) == 1
    assert request_of(agent.address, sandbox)["status"] == "pending"
    page = evening.standing["undone"]
    page.reload()
    assert "on its way" in page.inner_text("h1")


def test_whoever_asked_sees_how_it_stands(asking: Callable[..., tuple[Agent, Page]], manager: Manager) -> None:
    agent, page = asking("sam.standing", locale="en-GB")
    said = page.inner_text("main")
    assert "on its way" in page.inner_text("h1")
    assert agent.address in said
    assert "decide" in said
    assert "It ends by itself on" in said
    requests = manager.reads_of(agent.address)
    assert MESSAGE in requests.inner_text("main")
    manager.approves(agent.address, requests)
    page.reload()
    # The manager may still take it back.
    assert "on its way" in page.inner_text("h1")
    agent.waits_for(2)
    page.reload()
    assert "You have access" in page.inner_text("h1")


def test_asking_twice_asks_nobody_twice(asking: Callable[..., tuple[Agent, Page]], manager: Manager) -> None:
    agent, page = asking("sam.twice", locale="en-GB")
    again = agent.presses_the_button(agent.opens(1))
    assert again.url == page.url
    about = [subject for subject in manager.mails() if agent.address in subject]
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not about:
        about = [subject for subject in manager.mails() if agent.address in subject]
    assert len(about) == 1


def tabs_to(page: Page, selector: str) -> None:
    """Press Tab until what the selector names has the focus."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement?.matches(wanted) ?? false", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def test_the_keyboard_alone_is_enough_to_approve_and_to_undo(
    asking: Callable[..., tuple[Agent, Page]], manager: Manager, sandbox: Sandbox
) -> None:
    agent, _ = asking("sam.keyboard", locale="en-GB")
    page = manager.reads_of(agent.address)
    form = form_about(agent.address, page).get_attribute("id")
    tabs_to(page, f"#{form} [name=role]")
    tabs_to(page, f"#{form} [value=approve]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=status]")
    assert request_of(agent.address, sandbox)["status"] == "approved"
    tabs_to(page, "[role=status] [value=undo]")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#{form}")
    assert request_of(agent.address, sandbox)["status"] == "pending"


def test_enter_in_a_field_decides_nothing(
    asking: Callable[..., tuple[Agent, Page]], manager: Manager, sandbox: Sandbox
) -> None:
    agent, _ = asking("sam.slip", locale="en-GB")
    page = manager.reads_of(agent.address)
    form_about(agent.address, page).locator("[name=reason]").press("Enter")
    page.wait_for_timeout(500)
    assert request_of(agent.address, sandbox)["status"] == "pending"


@pytest.fixture
def known(new_context: NewContext, sandbox: Sandbox) -> Agent:
    """Somebody whom an operator made beforehand, with a browser of their own."""
    address = f"adam.{secrets.token_hex(4)}@acme.example"
    sandbox.idp("users", "create", address, "--account", "acme")
    return Agent(context=new_context(locale="en-GB"), sandbox=sandbox, address=address)


def elsewhere(agent: Agent, new_context: NewContext) -> Agent:
    """The same person at another device."""
    return Agent(context=new_context(locale="en-GB"), sandbox=agent.sandbox, address=agent.address)


def test_the_link_in_the_same_browser_signs_in(known: Agent) -> None:
    known.asks_to_sign_in()
    assert claims_at(known.signs_in_by(known.opens(1)))["email"] == known.address


def test_the_link_in_another_browser_wants_the_code_and_signs_in_there_alone(
    known: Agent, new_context: NewContext
) -> None:
    first = known.asks_to_sign_in()
    other = elsewhere(known, new_context)
    mail = other.opens(1)
    page = other.presses_the_button(mail)
    page.click("#magic-confirm-button")
    page.wait_for_selector("#magic-confirm [aria-invalid=true]")
    page.fill("#magic-confirm [name=code]", code_in(mail))
    page.click("#magic-confirm-button")
    page.wait_for_url(f"{known.sandbox.address}/login/")
    assert known.address in page.inner_text("main")
    # The first window is left alone: it still waits, and its browser is nobody's.
    first.reload()
    first.wait_for_selector("#magic-code")
    looking = known.context.new_page()
    looking.goto(f"{known.sandbox.address}/account/")
    assert known.address not in looking.inner_text("main")


def test_the_code_completes_the_window_that_asked(known: Agent, new_context: NewContext) -> None:
    first = known.asks_to_sign_in()
    code = code_in(elsewhere(known, new_context).opens(1))
    first.fill("#magic-code [name=code]", "AAAA-AAAA")
    first.click("#magic-code [type=submit]")
    first.wait_for_selector("#magic-code [aria-invalid=true]")
    first.fill("#magic-code [name=code]", code.lower().replace("-", " "))
    first.click("#magic-code [type=submit]")
    first.wait_for_selector("#claims-json")
    assert claims_at(first)["email"] == known.address


def test_a_link_that_was_used_says_so(known: Agent, new_context: NewContext) -> None:
    known.asks_to_sign_in()
    mail = known.opens(1)
    known.signs_in_by(mail)
    page = elsewhere(known, new_context).context.new_page()
    answer = page.goto(link_in(mail))
    assert answer
    assert answer.status == 410
    page.fill("#magic-afresh [name=email]", known.address)
    page.click("#magic-afresh [type=submit]")
    page.wait_for_selector("#magic-code")


def test_a_manager_without_single_sign_on_comes_by_mail(new_context: NewContext, sandbox: Sandbox) -> None:
    address = "mia.manager@acme.example"
    sandbox.idp("users", "create", address, "--account", "acme", "--role", "deepdesk.manager")
    mia = Manager(context=new_context(locale="en-GB"), sandbox=sandbox, address=address)
    page = mia.context.new_page()
    page.goto(requests_of(sandbox))
    page.fill("#sign-in-email [name=email]", address)
    page.click("#sign-in-email [type=submit]")
    page.wait_for_selector("#magic-code")
    confirming = mia.presses_the_button(mia.opens(1))
    confirming.click("#magic-confirm-button")
    confirming.wait_for_url("**/manage/access-requests/?account=acme*")
    assert address in confirming.inner_text("main")


HOSTILE_MAIL = """\
To: hostile@acme.example
Subject: <script>alert(1)</script>
Content-Type: text/html; charset=utf-8

<base href="EVIL" target="_self">
<meta http-equiv="refresh" content="0;url=EVIL">
<p id="words">words</p>
<script>document.getElementById("words").textContent = "a script ran"; top.location = "EVIL"</script>
<img src="EVILx.png" onerror="document.getElementById('words').textContent = 'a script ran'">
<link rel="stylesheet" href="EVILx.css">
<style>@import "EVILy.css"; p { background: url(EVILy.png) }</style>
<form action="EVIL"><button id="send">Send</button></form>
<iframe src="EVIL"></iframe>
<a id="scripted" href="javascript:document.body.textContent='a script ran'">a</a>
<a id="open" href="EVILopened">b</a>
"""


def test_a_hostile_mail_runs_nothing_and_fetches_nothing_until_its_link_is_opened(
    new_page: NewPage, sandbox: Sandbox
) -> None:
    asked: list[str] = []
    elsewhere = Flask("elsewhere", static_folder=None)
    elsewhere.before_request(lambda: asked.append(request.path) or "")
    name = "1795749100000-0123456789abcdef"
    mailbox = Path(sandbox.env["IDP_INSTANCE_DIR"]) / FOLDER
    mailbox.mkdir(exist_ok=True)
    with serving(elsewhere) as address:
        (mailbox / f"{name}.eml").write_text(HOSTILE_MAIL.replace("EVIL", f"{address}/"), encoding="utf-8")
        page = new_page()
        page.goto(f"{sandbox.address}/mailbox/{name}/")
        frame = page.frame_locator("#html")
        frame.locator("#send").click()
        frame.locator("#scripted").click()
        page.wait_for_timeout(500)
        assert frame.locator("#words").inner_text() == "words"
        assert asked == []
        assert page.url == f"{sandbox.address}/mailbox/{name}/"
        with page.expect_popup() as window:
            frame.locator("#open").click()
        window.value.wait_for_load_state()
        assert asked[0] == "/opened"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_mailbox(scheme: str, known: Agent, new_page: NewPage, node: Node) -> None:
    known.asks_to_sign_in()
    known.waits_for(1)
    page = new_page(color_scheme=scheme, bypass_csp=True)
    found: list[str] = []
    for path in ("/mailbox/?still=1", "/mailbox/?to=nobody@acme.example", f"/mailbox/?still=1&to={known.address}"):
        page.goto(f"{known.sandbox.address}{path}")
        found += findings(page)
    page.locator("table.mails tbody th a").first.click()
    page.wait_for_selector("#html")
    assert found + findings(page) == []

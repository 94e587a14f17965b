"""Programs that read everybody's mail before they do (PITFALLS 30–32): none of them uses a mail up.

They fetch every link by HEAD and GET, twice; some run the scripts of the page, and some press its buttons. None
has the cookies of whoever asked.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.support.app import ISSUER, OpenIdProvider
from tests.support.chromium import ARGUMENTS
from tests.support.forms import forms_of
from tests.support.mail import Correspondent, Letter, contents, lets_in_by_mail, started_with
from tests.support.mailbox import Arrived, Visitor, mails_at, make_people
from tests.support.serve import Served, serving

MAILS = 1000
OPENED_BY_A_BROWSER = 30
TIMEOUT_MILLISECONDS = 15_000


def looks(scanner: FlaskClient, letter: Letter) -> None:
    """Fetch every link of a mail by HEAD and GET, twice."""
    for link in letter.links:
        for _ in range(2):
            assert scanner.head(link).status_code == 200
            assert scanner.get(link).status_code == 200


def presses_everything(scanner: FlaskClient, letter: Letter) -> None:
    """Open a mail's links and send every form, with what it carries and its empty fields filled in."""
    for link in letter.links:
        page = scanner.get(link)
        forms = forms_of(page.text)
        assert forms, page.text
        for form in forms:
            url = urljoin(ISSUER, form.action)
            typed = {name: value or "scanned" for name, value in form.fields.items()}
            assert scanner.post(url, data=typed, headers={"Origin": ISSUER}).status_code == 422


@pytest.fixture
def people(op: OpenIdProvider) -> list[tuple[Correspondent, Letter]]:
    """A thousand people who asked, each in a browser of their own, and the mail that each got."""
    lets_in_by_mail(op)
    asked = []
    with started_with(op, rate_limits="magic_link_network=100000/15m,magic_link_account=100000/15m"):
        for number in range(MAILS):
            op.makes(f"agent{number}@acme.example")
            somebody = Correspondent.of(op, f"agent{number}@acme.example")
            page = somebody.browser.opens("/login/?account=acme")
            [form] = forms_of(page.text)
            somebody.browser.posts(form.action, form.fields | {"email": somebody.address})
            asked.append(somebody)
    letters = {letter.to: letter for letter in asked[0].postbox.brings()}
    assert len(letters) == MAILS
    return [(somebody, letters[somebody.address]) for somebody in asked]


def test_a_crawler_consumes_none_of_a_thousand_and_every_button_works_then(
    op: OpenIdProvider, people: list[tuple[Correspondent, Letter]]
) -> None:
    before = contents(op)
    without_cookies = op.app.test_client(use_cookies=False)
    for _, letter in people:
        looks(without_cookies, letter)
    assert contents(op) == before
    scanner = op.app.test_client()
    for _, letter in people:
        presses_everything(scanner, letter)
    assert contents(op) == before
    for somebody, letter in people:
        assert somebody.presses(letter).status_code == 303
    assert op.rows()["sso_sessions"] == MAILS
    assert op.audited().count("mail.signed_in") == MAILS


# A browser that runs scripts, as some scanners are.


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("scanned")
    with serving(directory) as running:
        yield running
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def browser_of_a_scanner(chromium: str) -> Iterator[Chromium]:
    """Chromium, with scripts on."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield running
        running.close()


@pytest.fixture
def visitors(served: Served, tmp_path: Path) -> list[tuple[Visitor, Arrived]]:
    """Thirty people at a provider that is served, and the mail that each got."""
    everybody = make_people(served, tmp_path, OPENED_BY_A_BROWSER)
    for one in everybody:
        one.asks()
    mails = mails_at(served, at_least=OPENED_BY_A_BROWSER)
    return [(one, mails[one.address][0]) for one in everybody]


def opens(context: BrowserContext, link: str) -> Page:
    """Open a link, and wait until the page's scripts have had their time."""
    page = context.new_page()
    answer = page.goto(link, wait_until="load")
    assert answer is not None
    assert answer.status == 200
    return page


def clicks_every_button(context: BrowserContext, link: str) -> None:
    """Press each button of the page, always of a page that was opened anew; where it wants a code, type nothing."""
    buttons = opens(context, link).locator("button, input[type=submit]").count()
    assert buttons > 0
    for number in range(buttons):
        page = opens(context, link)
        page.locator("button, input[type=submit]").nth(number).click()
        page.wait_for_load_state("load")
        page.close()


def test_chromium_consumes_none_of_thirty_though_it_clicks_every_button(
    visitors: list[tuple[Visitor, Arrived]], browser_of_a_scanner: Chromium
) -> None:
    context = browser_of_a_scanner.new_context()
    context.set_default_timeout(TIMEOUT_MILLISECONDS)
    for _, mail in visitors:
        for _ in range(2):
            opens(context, mail.link).close()
    for _, mail in visitors:
        clicks_every_button(context, mail.link)
    assert not [cookie["name"] for cookie in context.cookies() if "sso" in cookie.get("name", "")]
    for somebody, mail in visitors:
        done = somebody.browser.submit(somebody.browser.open(mail.link))
        assert done.status == 200, done.html
        assert somebody.is_in

"""Eight use one mail at the same moment, at two server processes: one session begins (CONTRACT §6 rule 10)."""

from __future__ import annotations

import copy
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine, text

from tests.interop.walking import Browser, Page
from tests.support.forms import forms_of
from tests.support.mailbox import NOWHERE, Visitor, mails_at, make_people
from tests.support.serve import Served, serving

RACERS = 8
PEOPLE = 6
"""Each test takes two of them: what is due to chance shows twice as likely."""
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def provider(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Two server processes on one database."""
    settings = {}
    if request.param == "postgres":
        settings["IDP_DATABASE_URL"] = request.getfixturevalue("postgres").fresh_database()
    with serving(tmp_path_factory.mktemp("provider"), workers=2, **settings) as served:
        yield served


@pytest.fixture(scope="module")
def everybody(provider: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """The people, one after another."""
    return iter(make_people(provider, tmp_path_factory.mktemp("people"), PEOPLE))


@pytest.fixture
def two(everybody: Iterator[Visitor]) -> list[Visitor]:
    """Two whom no other test has had."""
    return [next(everybody), next(everybody)]


def posted_at_once(browser: Browser, page: Page, **typed: str) -> list[int]:
    """Let eight windows of one browser send the page's form at the same moment; return the statuses."""
    [form] = [one for one in forms_of(page.html) if one.name in {"magic-confirm", "magic-code"}]
    url = page.url.partition("/login/")[0] + form.action
    start = threading.Barrier(RACERS)

    def send(_number: int) -> int:
        with requests.Session() as session:
            session.cookies = copy.copy(browser.session.cookies)
            start.wait(PATIENCE_SECONDS)
            answer = session.post(url, form.fields | typed, allow_redirects=False, timeout=PATIENCE_SECONDS)
            return answer.status_code

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(send, range(RACERS)))


def sessions_of(provider: Served, address: str) -> int:
    """How many SSO sessions of somebody there are."""
    url = provider.env.get("IDP_DATABASE_URL") or f"sqlite:///{Path(provider.env['IDP_INSTANCE_DIR']) / 'idp.db'}"
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            query = (
                "SELECT count(*) FROM sso_sessions JOIN users ON users.id = sso_sessions.user_id WHERE email = :email"
            )
            return int(connection.scalar(text(query), {"email": address}) or 0)
    finally:
        engine.dispose()


Use = Callable[[Visitor], list[int]]


def mailed(somebody: Visitor) -> tuple[Page, str, str]:
    """Ask; return the page that waits, and the mail's link and code."""
    page = somebody.asks()
    before = 0
    while somebody.address not in (found := mails_at(somebody.provider, at_least=before + 1)):
        before = sum(len(mails) for mails in found.values())
    mail = found[somebody.address][-1]
    return page, mail.link, mail.code


def test_of_eight_presses_of_one_button_one_begins_a_session_and_all_follow(
    provider: Served, two: list[Visitor]
) -> None:
    for somebody in two:
        _, link, _ = mailed(somebody)
        page = somebody.browser.open(link)
        assert Counter(posted_at_once(somebody.browser, page)) == {303: RACERS}
        assert sessions_of(provider, somebody.address) == 1


def test_of_eight_who_type_its_code_one_begins_a_session(provider: Served, two: list[Visitor]) -> None:
    for somebody in two:
        page, _, code = mailed(somebody)
        statuses = Counter(posted_at_once(somebody.browser, page, code=code))
        # Whoever comes too late by a moment either follows or is told that the code was used.
        assert statuses[303] >= 1
        assert statuses[303] + statuses[422] == RACERS
        assert sessions_of(provider, somebody.address) == 1


def test_of_eight_presses_elsewhere_one_signs_in(provider: Served, two: list[Visitor]) -> None:
    for somebody in two:
        _, link, code = mailed(somebody)
        elsewhere = Browser(stop=NOWHERE)
        page = elsewhere.open(link)
        statuses = Counter(posted_at_once(elsewhere, page, code=code))
        assert statuses[303] >= 1
        assert statuses[303] + statuses[410] == RACERS
        assert sessions_of(provider, somebody.address) == 1

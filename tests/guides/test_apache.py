"""The guide for Apache: its very configuration, between a browser and an application that repeats what it was told."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.guides.answering import Request, answering
from tests.guides.guide import Guide
from tests.guides.program import Person, Program, has_token, path_of, register, stranger
from tests.interop.walking import Page
from tests.support.apache import Apache, serving_site
from tests.support.platform import RunningPlatform
from tests.support.serve import Served, free_port

GUIDE = Guide(name="apache")
PATIENCE_SECONDS = 40


@dataclass(kw_only=True)
class Application:
    """What stands behind Apache: it repeats what it was told.

    :param asked: the paths, in order.
    """

    url: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> dict[str, str]:
        """Repeat the headers as CGI and WSGI know them, to which X-Role and X_Role are one name."""
        self.asked.append(request.path)
        return {name.lower().replace("_", "-"): value for name, value in request.headers.items()}


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    running = Application()
    with answering(running.answer) as running.url:
        yield running


@pytest.fixture(scope="module")
def program(apache: Apache, provider: Served, platform: RunningPlatform, application: Application) -> Iterator[Program]:
    port = free_port()
    env = {
        **register(provider, GUIDE, f"http://localhost:{port}"),
        "COOKIE_SECRET": secrets.token_hex(32),
        "COOKIE_NAME": "service",
        "APPLICATION_URL": application.url,
    }
    with serving_site(apache, GUIDE.folder / "site.conf", port=port, env=env) as log_file:
        yield Program(url=env["SERVICE_URL"], client_id=env["CLIENT_ID"], env=env, log_file=log_file)


@pytest.fixture
def person(program: Program) -> Person:
    return Person(program=program)


def told(page: Page) -> dict[str, Any]:
    """What the application was told; nothing when it was not reached."""
    is_the_application = page.status == 200 and page.html.startswith("{")
    return dict(json.loads(page.html)) if is_the_application else {}


def sign_out(person: Person, *, to: str = "") -> Page:
    return person.opens(f"/callback?logout={quote(to or f'{person.program.url}/signed-out', safe='')}")


def is_let_in(person: Person) -> bool:
    """Whether Apache lets this browser's next request through by itself."""
    answer = person.browser.session.get(person.program.url, allow_redirects=False, timeout=15)
    return answer.status_code == 200


def test_the_page_shows_the_configuration() -> None:
    shown = GUIDE.blocks("apache")
    assert [file.name for file in GUIDE.programs() if file.read_text() not in shown] == []


def test_the_application_is_told_who_a_manager_is(person: Person) -> None:
    page = person.signs_in("manager", path="/manage")
    assert path_of(page) == "/manage"
    assert told(page).items() >= {"x-account": "acme", "x-role": "deepdesk.manager"}.items()
    assert told(page)["x-roles"] == "deepdesk.manager"
    assert len(told(page)["x-person"]) > 20


def test_who_has_not_the_role_is_refused(person: Person, application: Application) -> None:
    page = person.signs_in("agent", path="/")
    assert told(page)["x-role"] == "deepdesk.agent"
    application.asked.clear()
    assert person.opens("/manage").status == 403
    assert person.opens("/manage/people").status == 403
    assert application.asked == []


def test_a_stranger_is_sent_to_the_provider(person: Person, provider: Served, application: Application) -> None:
    application.asked.clear()
    assert not told(person.opens("/manage"))
    assert application.asked == []
    asked = next(url for url in person.sent_to if url.startswith(f"{provider.issuer}/oauth/authorize/"))
    for part in ("code_challenge_method=S256", "&scope=openid&", "&state=", "&nonce="):
        assert part in asked


def test_a_script_is_not_sent_to_the_provider(program: Program) -> None:
    script = {"X-Requested-With": "XMLHttpRequest"}
    assert requests.get(program.url, headers=script, allow_redirects=False, timeout=15).status_code == 401


@pytest.mark.parametrize("path", ["/", "/signed-out"])
def test_nobody_can_say_themselves_who_they_are(person: Person, path: str) -> None:
    person.signs_in("agent", path="/")
    own_words = {"X-Person": "me", "X-Account": "other", "X-Role": "deepdesk.manager", "X-Roles": "deepdesk.manager"}
    both = own_words | {name.replace("-", "_"): value for name, value in own_words.items()}
    page = person.browser.session.get(f"{person.program.url}{path}", headers=both, timeout=15)
    heard = {name: value for name, value in page.json().items() if name in {word.lower() for word in own_words}}
    assert not set(heard.values()) & set(own_words.values())
    assert bool(heard) is (path == "/")


def test_signing_out_ends_the_session_here_and_at_the_provider(person: Person, provider: Served) -> None:
    person.signs_in(path="/")
    old = person.browser.session.cookies.copy()
    assert path_of(sign_out(person)) == "/signed-out"
    # With the provider's session still there, this would lead straight back in.
    assert person.opens("/").url.startswith(f"{provider.issuer}/login/")
    # A copy of the cookie is worth nothing either.
    assert requests.get(person.program.url, cookies=old, allow_redirects=False, timeout=15).status_code == 302


def test_signing_out_leads_to_no_foreign_address(person: Person) -> None:
    person.signs_in(path="/")
    sign_out(person, to="https://elsewhere.example.com/")
    # Not even the provider is asked to.
    own = person.program.url
    assert not [url for url in person.sent_to if "elsewhere" in url and not url.startswith(own)]


def test_a_sign_out_elsewhere_ends_the_session_here(person: Person, provider: Served) -> None:
    somebody = told(person.signs_in(path="/"))["x-person"]
    assert is_let_in(person)
    provider.command("users", "sign-out", somebody)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_let_in(person):
        assert time.monotonic() < deadline, person.program.log
        time.sleep(0.1)


@pytest.mark.parametrize(("right", "wrong"), [("state=", "state=x"), ("iss=http", "iss=https"), ("code=", "code=x")])
def test_an_answer_that_was_altered_signs_nobody_in(person: Person, right: str, wrong: str) -> None:
    answer = stops_at_the_callback(person)
    person.browser.session.get(answer.replace(right, wrong), allow_redirects=False, timeout=15)
    assert not is_let_in(person)


def test_an_answer_signs_nobody_in_at_another_browser(person: Person) -> None:
    answer = stops_at_the_callback(person)
    somebody_else = stranger(person.program)
    somebody_else.opens("/")
    somebody_else.browser.session.get(answer, allow_redirects=False, timeout=15)
    assert not is_let_in(somebody_else)


def test_an_answer_counts_once(person: Person) -> None:
    answer = stops_at_the_callback(person)
    person.browser.session.get(answer, allow_redirects=False, timeout=15)
    assert is_let_in(person)
    person.forgets_the_service()
    person.browser.session.get(answer, allow_redirects=False, timeout=15)
    assert not is_let_in(person)


def stops_at_the_callback(person: Person) -> str:
    """Sign in, but keep the last address to oneself; returns it."""
    person.browser.stop = f"{person.program.url}/callback"
    answer = person.signs_in(path="/").url
    person.browser.stop = "nowhere"
    return answer


def test_no_cookie_is_readable_by_a_script_or_sent_from_another_site(person: Person) -> None:
    page = person.signs_in(path="/")
    cookies = [cookie for cookie in person.browser.session.cookies if cookie.domain.startswith("localhost")]
    assert [cookie.name for cookie in cookies] == ["service"]
    assert cookies[0].has_nonstandard_attr("HttpOnly")
    assert cookies[0].get_nonstandard_attr("SameSite") in {"Lax", "Strict"}
    assert "cookie" not in told(page)


def test_the_application_gets_no_token_and_the_log_none_either(person: Person) -> None:
    page = person.signs_in(path="/")
    assert told(page)
    assert not has_token(page.html)
    assert not has_token(person.program.log)
    assert not [url for url in person.sent_to if has_token(url)]


def test_what_the_application_says_to_one_person_is_not_kept_by_caches(person: Person) -> None:
    person.signs_in(path="/")
    answer = person.browser.session.get(person.program.url, timeout=15)
    assert answer.headers["Cache-Control"] == "no-store"

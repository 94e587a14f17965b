"""Managers at work in the pages under ``/manage/``, as the tests here need them."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from werkzeug.test import TestResponse

from idp.services.people import users
from idp.store.users import User
from tests.support.app import MIA, Browser, OpenIdProvider, Person
from tests.support.forms import submits

PEOPLE = "/manage/people/?account=acme"
RECORDS = "/manage/audit/?account=acme"
EDITOR = replace(MIA, subject="acme-7", email="ed@acme.example", name="Ed Editor", roles=("deepdesk.editor",))


def page_of(user_id: str, part: str = "", account: str = "acme") -> str:
    """Return the address of somebody's page, or of a part of it."""
    return f"/manage/people/{user_id}/{part}?account={account}"


def signs_in_as(op: OpenIdProvider, person: Person = MIA) -> Browser:
    """Return a browser to which somebody is signed in."""
    browser = op.browser()
    op.signs_in(browser, person)
    return browser


def roles_are_ours(op: OpenIdProvider) -> None:
    """Let acme's roles be given here, and not at its provider; Mia is its manager."""
    op.runs("providers", "update", "acme", "platform", "--no-role-based-iam")
    op.makes("mia@acme.example", roles=["deepdesk.manager"], name="Mia Manager")


def shown(op: OpenIdProvider, user_id: str) -> User:
    """Return somebody as the database has them."""
    with op.app.app_context():
        return users.show(user_id, account=None).user


def does(browser: Browser, address: str, form: str, /, **typed: str) -> TestResponse:
    """Open a page and send one of its forms."""
    page = browser.opens(address)
    assert page.status_code == 200, page.text
    return submits(browser, page, form, **typed)


def follows(browser: Browser, answer: TestResponse) -> TestResponse:
    """Go where the answer to a form leads."""
    assert answer.status_code == 303, answer.text
    page = browser.follows(answer)
    assert page.status_code == 200, page.text
    return page


def sends(browser: Browser, address: str, form: dict[str, object]) -> TestResponse:
    """Send a form that no page offers, with the value that guards it."""
    token = browser.opens("/account/").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    return browser.posts(address, {"csrf_token": token, **form}, headers={"Origin": browser.issuer})


def asked(address: str) -> dict[str, list[str]]:
    """Return the query of an address."""
    return parse_qs(urlsplit(address).query)

"""Callers of the management API in words: a service with its person's token, or a person's own browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from idp.domain.roles import Role
from tests.support.app import CASEY, MIA, Browser, OpenIdProvider, Person
from tests.support.rp import AuthorizationAnswer, RelyingParty

API = "/api/v1"
ACME = f"{API}/accounts/acme"
SCOPE = "openid manage"
PROBLEM = "application/problem+json"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who calls the API.

    :param browser: theirs, which may hold cookies.
    :param headers: what each call brings.
    """

    op: OpenIdProvider
    browser: Browser
    headers: dict[str, str]

    def calls(self, method: str, path: str, **options: Any) -> TestResponse:
        """Call an operation.

        :param path: below the account acme, unless it is a whole one.
        """
        whole = path if path.startswith(API) else f"{ACME}{path}"
        headers = {**self.headers, **options.pop("headers", {})}
        answer: TestResponse = self.browser.http.open(
            f"{self.op.issuer}{whole}", method=method, headers=headers, **options
        )
        return answer

    def gets(self, path: str, **options: Any) -> Any:
        """Read what is there."""
        answer = self.calls("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def etag(self, user_id: str) -> dict[str, str]:
        """Return the header of a change of a person as they are now."""
        return {"If-Match": self.calls("GET", f"/users/{user_id}").headers["ETag"]}


def tool(op: OpenIdProvider, **metadata: Any) -> RelyingParty:
    """Register a service that may manage."""
    found = RelyingParty.registered_at(op, "Tool", scope=SCOPE, **metadata)
    found.scope = SCOPE
    return found


def by_token(op: OpenIdProvider, rp: RelyingParty, person: Person = MIA) -> Caller:
    """Return a service with the token of a person, who has just signed in."""
    browser = op.browser()
    op.signs_in(browser, person)
    asked = rp.asks(browser, resource=op.issuer)
    answer = entered(browser, asked) if person.account == "staff" else asked
    token = rp.redeems(answer.code).tokens.access_token
    return Caller(op=op, browser=op.browser(), headers={"Authorization": f"Bearer {token}"})


def entered(browser: Browser, asked: AuthorizationAnswer) -> AuthorizationAnswer:
    """Press the button of the page that a staff member is sent to."""
    page = browser.opens(asked.location)
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    done = browser.posts(asked.location, {"csrf_token": token}, headers={"Origin": browser.issuer})
    return AuthorizationAnswer(browser.follows(done), asked.asked)


def staff_with_a_grant(op: OpenIdProvider, rp: RelyingParty, *accounts: str) -> Caller:
    """Return a service with the token of a staff member who may everything in acme.

    :param accounts: for which the grant is; none for all.
    """
    op.staff_sign_in_with_google()
    op.grants(CASEY.email or "", *accounts, roles=(Role.MANAGER,))
    return by_token(op, rp, CASEY)


def in_browser(op: OpenIdProvider, browser: Browser, *, account: str = "acme") -> Caller:
    """Return the pages of the provider in the browser of somebody who manages an account."""
    headers = {"Origin": op.issuer, "Sec-Fetch-Site": "same-origin"}
    page = Caller(op=op, browser=browser, headers=headers)
    token = page.gets(f"{API}/session?account={account}")["csrf_token"]
    return Caller(op=op, browser=browser, headers={**headers, "X-CSRF-Token": token})


def staff_in_browser(op: OpenIdProvider) -> Caller:
    """Return the pages of the provider in the browser of a staff member who entered acme as its manager."""
    op.staff_sign_in_with_google()
    op.grants(CASEY.email or "", "acme")
    browser = op.browser()
    op.signs_in(browser, CASEY)
    page = browser.opens("/manage/?account=acme").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    browser.posts("/manage/enter/?account=acme", {"csrf_token": token}, headers={"Origin": op.issuer})
    return in_browser(op, browser)


def is_a_problem(answer: TestResponse, status: int, code: str) -> bool:
    """Say whether this is exactly that refusal, as RFC 9457 wants it."""
    body = answer.get_json()
    return (
        (answer.status_code, answer.mimetype) == (status, PROBLEM)
        and (body["status"], body["code"], body["type"]) == (status, code, "about:blank")
        and bool(body["title"])
        and len(body["request_id"]) == 12
        and "Access-Control-Allow-Origin" not in answer.headers
    )

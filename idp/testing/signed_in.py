"""Somebody who is signed in at the provider, in a browser of their own."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests

from idp.domain.codes import STAFF_ACCOUNT
from idp.services.sessions import sso
from idp.services.widget import platform
from idp.testing import code_flow
from idp.testing.code_flow import NotGiven, Tokens
from idp.testing.made import Client, User

if TYPE_CHECKING:
    from idp.testing.provider import Provider

MOST_STEPS = 8
BUTTONS = ("/login/staff/", "/oauth/consent/")
"""The pages whose button is pressed."""
_TITLE = re.compile(r"<title>([^<]*)</title>")
_FORM_TOKEN = re.compile(r'name="csrf_token" value="([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCookies:
    """The cookies of a widget's session, by their names."""

    access_token_cookie: str = field(repr=False)
    refresh_token_cookie: str = field(repr=False)
    csrf_access_token: str = field(repr=False)
    csrf_refresh_token: str = field(repr=False)

    def as_dict(self) -> dict[str, str]:
        """Return name and value of each."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A browser with a session at the provider.

    :param sid: the session's, as tokens say it.
    :param browser: has the session's cookie, and can be given to whatever speaks HTTP with requests.
    :param cookies: the session's cookie by its name, for a browser that is another program.
    """

    provider: Provider = field(repr=False)
    user: User
    sid: str
    browser: requests.Session = field(repr=False)
    cookies: dict[str, str] = field(repr=False)

    def goes_through(self, url: str) -> str:
        """Go where a service sends the browser, and return the address at which the provider sends it back.

        Where the provider asks, the person agrees: staff enter the account, a third party may know them.

        :param url: an authorization request.
        :raises NotGiven: the provider keeps the browser; the message says at which page.
        """
        answer = self._opens(url)
        for _ in range(MOST_STEPS):
            if "Location" not in answer.headers:
                answer = self._agrees(answer)
            target = urljoin(answer.url, answer.headers["Location"])
            if not target.startswith(f"{self.provider.issuer}/"):
                return target
            answer = self._opens(target)
        raise NotGiven(f"more than {MOST_STEPS} redirects, at last to {answer.url}")

    def tokens(self, client: Client, *, scope: str | None = None, **params: str) -> Tokens:
        """Return the tokens that a service gets for this person, by the whole code flow over HTTP.

        :param scope: by default all that services may ask for, but ``manage``.
        :param params: of the authorization request, such as ``nonce`` or ``resource``.
        :raises NotGiven: the provider refuses.
        """
        wanted = {"scope": scope or client.scope, **params}
        asked = code_flow.ask(self.provider.issuer, client, wanted)
        return code_flow.redeem(self.provider.issuer, client, self.goes_through(asked.url), asked)

    def session_cookies(self) -> SessionCookies:
        """Begin a session of the account's widget, and return its cookies.

        :raises ValueError: for staff, who have no widget.
        """
        if self.user.account == STAFF_ACCOUNT:
            raise ValueError("staff have no widget, and so no session cookies")
        one = self.provider
        with one.app.app_context():
            (person,) = sso.live(self.cookies.values(), parts=one.parts, context=one.context)
            given = platform.begin(person, held=(), parts=one.parts, context=one.context)
        return SessionCookies(
            access_token_cookie=given.access,
            refresh_token_cookie=given.refresh,
            csrf_access_token=given.who.csrf.access,
            csrf_refresh_token=given.who.csrf.refresh,
        )

    def _opens(self, url: str) -> requests.Response:
        return self.browser.get(url, allow_redirects=False, timeout=code_flow.TIMEOUT_SECONDS)

    def _agrees(self, page: requests.Response) -> requests.Response:
        """Press the button of a page that asks; the answer leads on."""
        token = _FORM_TOKEN.search(page.text)
        if urlsplit(page.url).path not in BUTTONS or token is None:
            raise _kept_by(page)
        answer = self.browser.post(
            page.url,
            data={"csrf_token": token[1], "decision": "allow"},
            headers={"Origin": self.provider.issuer},
            allow_redirects=False,
            timeout=code_flow.TIMEOUT_SECONDS,
        )
        if "Location" not in answer.headers:
            raise _kept_by(answer)
        return answer


def _kept_by(page: requests.Response) -> NotGiven:
    title = _TITLE.search(page.text)
    said = title[1] if title else page.text[:200]
    return NotGiven(f"the provider keeps the browser: {page.status_code} {said!r} at {urlsplit(page.url).path}")

"""A browser in which a widget is embedded: two jars, origins, and the calls that a widget makes.

The jars are kept by hand, as a browser does that knows partitions: werkzeug's
own client has one jar, in which the twins would overwrite each other.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urljoin

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.domain.jars import Jar
from idp.domain.pkce import challenge_of
from tests.support.app import MIA, OpenIdProvider, Person

ORIGIN = "https://platform.acme.example"
ACCESS, REFRESH = "access_token_cookie", "refresh_token_cookie"
CSRF_ACCESS, CSRF_REFRESH = "csrf_access_token", "csrf_refresh_token"
API_KEY = "the-integration-key-of-acme-long-enough-to-be-one"
PLATFORM_SECRET = "the secret that the platform shares with us"


@dataclass
class Jars:
    """What a browser keeps: by jar, name and path."""

    kept: dict[tuple[Jar, str, str], str] = field(default_factory=dict)

    def take(self, response: TestResponse) -> None:
        """Keep, or drop, what an answer sets."""
        for header in response.headers.getlist("Set-Cookie"):
            jar = Jar.PARTITIONED if "partitioned" in header.lower().replace(" ", "").split(";") else Jar.TOP
            for name, morsel in SimpleCookie(header.replace("; Partitioned", "")).items():
                key = (jar, name, morsel["path"])
                self.kept.pop(key, None)
                if morsel["max-age"] != "0":
                    self.kept[key] = morsel.value

    def header(self, path: str, *, third_party: bool) -> str:
        """Return what goes along with a request to a path; without third-party cookies the partition's only."""
        jars = tuple(Jar) if third_party else (Jar.PARTITIONED,)
        return "; ".join(
            f"{name}={value}"
            for (jar, name, below), value in self.kept.items()
            if jar in jars and path.startswith(below)
        )

    def value(self, name: str, jar: Jar) -> str | None:
        """Return the value of a cookie."""
        return next((value for (kept, named, _), value in self.kept.items() if (kept, named) == (jar, name)), None)

    def copy(self) -> Jars:
        """Return what a thief would have."""
        return Jars(dict(self.kept))


class Widget:
    """A page of the platform with the widget in it, in one browser; and that browser's own windows.

    :param origin: of the page; none for a server's call.
    :param third_party: whether the browser sends its ordinary cookies to embedded calls.
    """

    def __init__(
        self,
        op: OpenIdProvider,
        *,
        origin: str | None = ORIGIN,
        third_party: bool = True,
        jars: Jars | None = None,
    ) -> None:
        self.op = op
        self.http: FlaskClient = op.app.test_client(use_cookies=False)
        self.origin = origin
        self.third_party = third_party
        self.jars = jars or Jars()
        self.csrf_access = ""
        self.csrf_refresh = ""

    def beside(self, *, origin: str | None = ORIGIN) -> Widget:
        """Open another page in the same browser."""
        other = Widget(self.op, origin=origin, third_party=self.third_party, jars=self.jars)
        other.csrf_access, other.csrf_refresh = self.csrf_access, self.csrf_refresh
        return other

    def calls(
        self, method: str, path: str, *, csrf: str | None = None, headers: dict[str, str] | None = None, **options: Any
    ) -> TestResponse:
        """Call the provider from the page, with what the browser sends along."""
        sent = {"Cookie": self.jars.header(path, third_party=self.third_party or self.origin is None)}
        if self.origin is not None:
            sent["Origin"] = self.origin
        if csrf is not None:
            sent["X-CSRF-TOKEN"] = csrf
        response = self.http.open(
            urljoin(self.op.issuer, path), method=method, headers=sent | (headers or {}), **options
        )
        self.jars.take(response)
        return self._noted(response)

    def opens(self, path: str, **options: Any) -> TestResponse:
        """Open an address of the provider in a window of its own."""
        headers = {"Cookie": self.jars.header(path.partition("?")[0], third_party=True)} | options.pop("headers", {})
        response = self.http.get(urljoin(self.op.issuer, path), headers=headers, **options)
        self.jars.take(response)
        return response

    def posts(self, path: str, body: Any, **options: Any) -> TestResponse:
        """Post JSON."""
        return self.calls("POST", path, data=json.dumps(body), content_type="application/json", **options)

    def signs_in_by_key(
        self, agent_id: str = "1", name: str = "Test", *, account: str = "acme", key: str = API_KEY
    ) -> TestResponse:
        """Post the account's API key."""
        body = {"account": account, "api_key": key, "agent_id": agent_id, "agent_name": name}
        return self.posts("/session/api-key/", body)

    def signs_in_in_a_window(self, person: Person = MIA, **said: Any) -> TestResponse:
        """Sign somebody in at the provider in a window of this browser, which ends with cookies in the ordinary jar.

        :param said: what the connector says otherwise.
        """
        name = f"{self._prefix}idp_sso.{person.account}"
        window = self.op.browser()
        present = self.jars.value(name, Jar.TOP)
        if present:
            window.is_given(name, present)
        self.jars.kept[(Jar.TOP, name, "/")] = self.op.signs_in(window, person, **said).cookie
        return self.opens(f"/platform/sso?account={person.account}")

    def takes_over(self, account: str = "acme") -> TestResponse:
        """Let a window hand the session of whoever is signed in there to the page."""
        verifier = secrets.token_urlsafe(32)
        asked = {"account": account, "handoff": challenge_of(verifier), "origin": self.origin or ""}
        window = self.opens(f"/platform/sso?{urlencode(asked)}")
        page = self.opens(window.headers["Location"])
        token = page.text.partition('data-handoff="')[2].partition('"')[0]
        return self.posts("/session/handoff/", {"handoff": token, "verifier": verifier})

    def window(self) -> Widget:
        """Open a page of the provider's own in this browser: it reads its CSRF values from the cookies."""
        page = self.beside(origin=self.op.issuer)
        page.third_party = True
        page.csrf_access = self.jars.value(CSRF_ACCESS, Jar.TOP) or ""
        page.csrf_refresh = self.jars.value(CSRF_REFRESH, Jar.TOP) or ""
        return page

    def asks(self) -> TestResponse:
        """Ask who is there."""
        return self.calls("GET", "/auth/session/")

    def renews(self, csrf: str | None = None) -> TestResponse:
        """Renew the cookies."""
        return self.calls("POST", "/auth/refresh", csrf=self.csrf_refresh if csrf is None else csrf)

    def signs_out(self) -> TestResponse:
        """End the session."""
        return self.calls("POST", "/auth/logout", csrf=self.csrf_access)

    def exchanges(self, method: str = "GET") -> TestResponse:
        """Ask for a token for a link."""
        return self.calls(method, "/auth/exchange-token", csrf=self.csrf_access)

    @property
    def _prefix(self) -> str:
        return "__Host-" if self.op.issuer.startswith("https:") else ""

    def _noted(self, response: TestResponse) -> TestResponse:
        body = response.get_json(silent=True) or {}
        self.csrf_access = body.get("csrf_access_token", self.csrf_access)
        self.csrf_refresh = body.get("csrf_refresh_token", self.csrf_refresh)
        return response

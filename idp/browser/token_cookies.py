"""Names and attributes of the widget's four cookies, as Flask-JWT-Extended reads them (CONTRACT §5, §6 rule 1)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache

from flask import Request, Response
from werkzeug.http import dump_cookie

from idp.domain.jars import Jar
from idp.settings import Settings
from idp.tokens.cookie_token import CookieType

REFRESH_PATH = "/auth/refresh"
MOST = 4
"""How many cookies of one name are looked at: two jars, and what an older release may have left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cookie:
    """One of the four.

    :param shared: ``IDP_COOKIE_DOMAIN`` covers it, so that services beside us read it.
    """

    name: str
    path: str
    readable: bool
    shared: bool


_TOKENS = {
    CookieType.ACCESS: _Cookie(name="access_token_cookie", path="/", readable=False, shared=True),
    CookieType.REFRESH: _Cookie(name="refresh_token_cookie", path=REFRESH_PATH, readable=False, shared=False),
}
_CSRF = {
    CookieType.ACCESS: _Cookie(name="csrf_access_token", path="/", readable=True, shared=True),
    CookieType.REFRESH: _Cookie(name="csrf_refresh_token", path="/", readable=True, shared=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What the four are to hold, and for how long."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    csrf_access: str = field(repr=False)
    csrf_refresh: str = field(repr=False)
    jar: Jar
    kept_for_seconds: int


def presented(request: Request, kind: CookieType) -> list[str]:
    """Return the tokens of one kind that a browser sent: one from each of its jars."""
    return [value for value in request.cookies.getlist(_TOKENS[kind].name) if value][:MOST]


def put(response: Response, values: Values, settings: Settings) -> None:
    """Put the four cookies into a jar."""
    for cookie, value in (
        (_TOKENS[CookieType.ACCESS], values.access),
        (_TOKENS[CookieType.REFRESH], values.refresh),
        (_CSRF[CookieType.ACCESS], values.csrf_access),
        (_CSRF[CookieType.REFRESH], values.csrf_refresh),
    ):
        _set(response, cookie, value, values.jar, settings, max_age=values.kept_for_seconds)


def clear(response: Response, settings: Settings, *, spared: Collection[Jar] = ()) -> None:
    """Take the cookies from the jars, as far as the browser lets this context reach them.

    :param spared: jars whose cookies stay.
    """
    jars = tuple(Jar) if settings.is_https else (Jar.TOP,)
    for cookie in (*_TOKENS.values(), *_CSRF.values()):
        for jar in jars:
            if jar not in spared:
                _set(response, cookie, "", jar, settings, max_age=0)


def _set(response: Response, cookie: _Cookie, value: str, jar: Jar, settings: Settings, *, max_age: int) -> None:
    """Set one cookie, whose value is a token: nothing in it has to be quoted."""
    domain = settings.cookie_domain if cookie.shared else None
    attributes = _attributes(cookie, domain, max_age, https=settings.is_https, partitioned=jar is Jar.PARTITIONED)
    response.headers.add("Set-Cookie", f"{cookie.name}={value}{attributes}")


@lru_cache(maxsize=1000)
def _attributes(cookie: _Cookie, domain: str | None, max_age: int, *, https: bool, partitioned: bool) -> str:
    """Return what follows a cookie's value; the same for everybody whose session ends at the same time (a hot path).

    Without TLS there is neither ``Secure``, nor what needs it: other sites, and partitions.
    """
    written = dump_cookie(
        cookie.name,
        "",
        max_age=max_age,
        path=cookie.path,
        domain=domain,
        secure=https,
        httponly=not cookie.readable,
        samesite="None" if https else "Lax",
        partitioned=https and partitioned,
        # Max-Age counts where both stand (RFC 6265 §4.1.2.2), and does not depend on the moment.
        sync_expires=False,
    )
    return written.removeprefix(f"{cookie.name}=")

"""Names and attributes of every cookie of the provider itself, in one place (CONTRACT §6 rule 1).

With an https issuer each has the prefix ``__Host-`` and is ``Secure``; with an
http issuer (development) neither. All are ``HttpOnly; SameSite=Lax; Path=/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flask import Request, Response

from idp.domain.identifiers import AccountCode
from idp.settings import Settings

HOST_PREFIX = "__Host-"
BROWSER = "idp_browser"
"""Ties waiting requests and departed sign-ins to this browser."""
FORM = "idp_form"
"""Flask's signed session; holds nothing but the key of form tokens."""
SSO = "idp_sso."
"""Begins the name of the SSO cookies, one an account: the account's code follows."""
SIGNED_OUT = "idp_signed_out"
"""Somebody signed out here, so the next sign-in asks instead of going straight to the only provider."""
LANGUAGE = "idp_lang"
"""The language that somebody chose."""
LANGUAGE_KEPT = timedelta(days=365)
MAX_SSO_COOKIES = 20


def name(base: str, settings: Settings) -> str:
    """Return a cookie's full name."""
    return f"{HOST_PREFIX}{base}" if settings.is_https else base


def sso_values(request: Request, settings: Settings) -> tuple[str, ...]:
    """Return the values of the SSO cookies that a browser brought, of any account."""
    prefix = name(SSO, settings)
    return tuple(value for key, value in request.cookies.items() if key.startswith(prefix))[:MAX_SSO_COOKIES]


def sso_names(request: Request, settings: Settings) -> tuple[str, ...]:
    """Return the full names of the SSO cookies that a browser brought."""
    prefix = name(SSO, settings)
    return tuple(key for key in request.cookies if key.startswith(prefix))


def set_sso(response: Response, account: AccountCode, value: str, settings: Settings) -> None:
    """Hand a browser its SSO cookie for one account."""
    _set(response, name(f"{SSO}{account}", settings), value, settings, settings.lifetime("session_ttl"))


def set_signed_out(response: Response, settings: Settings) -> None:
    """Let the browser remember that somebody signed out, until it closes or somebody signs in."""
    _set(response, name(SIGNED_OUT, settings), "1", settings, None)


def set_browser(response: Response, value: str, settings: Settings) -> None:
    """Hand a browser the value that ties its waiting requests to it; gone when it closes."""
    _set(response, name(BROWSER, settings), value, settings, None)


def set_language(response: Response, language: str, settings: Settings) -> None:
    """Let the browser remember a choice of language."""
    _set(response, name(LANGUAGE, settings), language, settings, LANGUAGE_KEPT)


def clear(response: Response, full_name: str, settings: Settings) -> None:
    """Remove a cookie, with the attributes with which it was set."""
    response.delete_cookie(full_name, path="/", secure=settings.is_https, httponly=True, samesite="Lax")


def flask_session_config(settings: Settings) -> Mapping[str, object]:
    """Return Flask's names for the attributes of the form cookie."""
    return {
        "SESSION_COOKIE_NAME": name(FORM, settings),
        "SESSION_COOKIE_SECURE": settings.is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
    }


def _set(response: Response, full_name: str, value: str, settings: Settings, lifetime: timedelta | None) -> None:
    response.set_cookie(
        full_name, value, max_age=lifetime, path="/", secure=settings.is_https, httponly=True, samesite="Lax"
    )

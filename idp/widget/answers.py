"""What widgets are answered: JSON that nobody keeps, and the one map from the domain's refusals to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec

import structlog
from flask import Response, json, request
from flask.typing import ResponseReturnValue

from idp.browser import token_cookies
from idp.browser.runtime import parts
from idp.browser.token_cookies import Values
from idp.domain.clock import unix
from idp.domain.errors import (
    BridgeRefused,
    CookieExpired,
    CookieReplayed,
    CookieSessionOver,
    CookieTokenRefused,
    DomainError,
    ExchangeNotAllowed,
    HandoffRefused,
    PlatformJwtRefused,
    TooManyNewPeople,
)
from idp.services.widget.arrival import PEOPLE_CAP
from idp.services.widget.given import Cookies, WhoIsThere

log = structlog.get_logger()

P = ParamSpec("P")


class Refused(Exception):
    """The call cannot be served; says so to the developer of the page that made it.

    :param error: a code for programs.
    :param description: a sentence that says what to do.
    """

    def __init__(self, status: HTTPStatus, error: str, description: str, **members: str) -> None:
        super().__init__(description)
        self.status = status
        self.body: Mapping[str, str] = {"error": error, "error_description": description, **members}


SIGNED_OUT = (HTTPStatus.UNAUTHORIZED, "signed_out", "There is no session. Sign in.")
REFUSALS: Mapping[type[DomainError], tuple[HTTPStatus, str, str]] = {
    CookieTokenRefused: SIGNED_OUT,
    CookieSessionOver: SIGNED_OUT,
    CookieReplayed: SIGNED_OUT,
    CookieExpired: (HTTPStatus.UNAUTHORIZED, "expired", "The access cookie has expired. Renew it at /auth/refresh."),
    BridgeRefused: (HTTPStatus.UNAUTHORIZED, "access_denied", ""),
    PlatformJwtRefused: (HTTPStatus.UNAUTHORIZED, "invalid_token", ""),
    TooManyNewPeople: (HTTPStatus.TOO_MANY_REQUESTS, "too_many_new_people", ""),
    HandoffRefused: (
        HTTPStatus.UNAUTHORIZED,
        "invalid_handoff",
        "The hand-off is unknown, too old or used. Open the sign-in window again.",
    ),
    ExchangeNotAllowed: (
        HTTPStatus.FORBIDDEN,
        "exchange_not_allowed",
        "This session began with an exchange link and makes no further one.",
    ),
}
"""Status, code and sentence of each refusal; where the sentence is empty, the error's own is told."""
CHALLENGE = 'Cookie realm="deepdesk-idp"'
"""RFC 9110 §15.5.2 wants one; no registered scheme means cookies, and browsers ask nobody for this one."""
MAX_ORIGIN_LENGTH = 255
_JSON_NOT_KEPT = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]


def session_answer(who: WhoIsThere) -> Response:
    """Tell a widget who is there (CONTRACT §6 rule 2)."""
    roles = [role.value for role in who.roles]
    return json_answer(
        {
            "csrf_access_token": who.csrf.access,
            "csrf_refresh_token": who.csrf.refresh,
            "expires_in": who.expires_in_seconds,
            "account": who.identity.account,
            "identity": who.identity.as_json(),
            "roles": roles,
            "role_name": roles[0],
            "acr": who.authentication.acr,
            "auth_time": unix(who.authentication.at),
        }
    )


def cookies_answer(given: Cookies) -> Response:
    """Tell a widget who is there, and put the cookies into their jar."""
    response = session_answer(given.who)
    put(response, given)
    return response


def put(response: Response, given: Cookies) -> None:
    """Put the cookies of a session into their jar."""
    values = Values(
        access=given.access,
        refresh=given.refresh,
        csrf_access=given.who.csrf.access,
        csrf_refresh=given.who.csrf.refresh,
        jar=given.jar,
        kept_for_seconds=given.kept_for_seconds,
    )
    token_cookies.put(response, values, parts().settings)


def json_answer(body: Mapping[str, Any], status: int = HTTPStatus.OK) -> Response:
    """Return JSON that nobody keeps."""
    return Response(json.dumps(body), status=status, headers=_JSON_NOT_KEPT)


def refusing(view: Callable[P, Response]) -> Callable[P, ResponseReturnValue]:
    """Let every refusal of a view end in JSON."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        try:
            return view(*args, **kwargs)
        except Refused as refused:
            return _refusal(refused)
        except tuple(REFUSALS) as error:
            return _refusal(told(error))

    return answered


def told(error: DomainError) -> Refused:
    """Return what a widget is told about a refusal of the domain."""
    status, code, sentence = REFUSALS[type(error)]
    members = {"csrf_refresh_token": error.csrf_refresh} if isinstance(error, CookieExpired) else {}
    return Refused(status, code, sentence or str(error), **members)


def _refusal(refused: Refused) -> Response:
    # The page of another account cannot read why: whoever looks after the provider can.
    tell = log.info if refused.status == HTTPStatus.UNAUTHORIZED else log.warning  # signed out is no news
    tell(
        "widget_refused",
        path=request.path,
        error=refused.body["error"],
        reason=refused.body["error_description"],
        origin=request.headers.get("Origin", "")[:MAX_ORIGIN_LENGTH] or None,
    )
    response = json_answer(refused.body, refused.status)
    if refused.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = CHALLENGE
    if refused.status == HTTPStatus.TOO_MANY_REQUESTS:
        within = parts().settings.cap(PEOPLE_CAP).within
        response.headers["Retry-After"] = str(int(within.total_seconds()))
    return response

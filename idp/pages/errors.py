"""The one map from what was refused to the page that says so (and, for programs, to JSON)."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from flask import Flask, current_app, jsonify, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.exceptions import NotFound as NotFound404

from idp.browser import bond
from idp.browser.audience import is_machine
from idp.browser.runtime import context, parts, request_id
from idp.domain.errors import (
    AddressRefused,
    AttemptUnknown,
    ChangedMeanwhile,
    ClaimMissing,
    DecisionNotYours,
    DecisionTooLate,
    DomainError,
    ExchangeTokenRefused,
    LastManager,
    MailLinkRefused,
    MailLinkSpent,
    MailNotOffered,
    NotAdmitted,
    NotFound,
    PermissionMissing,
    PlatformRequestRefused,
    ProofTooOld,
    PushedRequestUnknown,
    RequestNotParked,
    TooManyRequests,
    UpstreamRefused,
    UpstreamUnavailable,
    UpstreamUntrusted,
    WrongOrganisation,
)
from idp.pages.messages import ERROR_TEXTS, ErrorText
from idp.services.sign_in import ways_in
from idp.services.sign_in.ways_in import WaysIn
from idp.store.sso_sessions import LiveSession

log = structlog.get_logger()

PAGES: Mapping[type[DomainError], tuple[str, HTTPStatus]] = {
    UpstreamRefused: ("upstream_refused", HTTPStatus.FORBIDDEN),
    UpstreamUntrusted: ("upstream_untrusted", HTTPStatus.FORBIDDEN),
    ClaimMissing: ("claim_missing", HTTPStatus.FORBIDDEN),
    WrongOrganisation: ("wrong_organisation", HTTPStatus.FORBIDDEN),
    UpstreamUnavailable: ("upstream_unavailable", HTTPStatus.SERVICE_UNAVAILABLE),
    AttemptUnknown: ("attempt_unknown", HTTPStatus.BAD_REQUEST),
    RequestNotParked: ("request_not_parked", HTTPStatus.BAD_REQUEST),
    ExchangeTokenRefused: ("exchange_refused", HTTPStatus.GONE),
    PlatformRequestRefused: ("platform_request_refused", HTTPStatus.BAD_REQUEST),
    PushedRequestUnknown: ("request_not_parked", HTTPStatus.BAD_REQUEST),
    MailLinkRefused: ("mail_link_refused", HTTPStatus.NOT_FOUND),
    MailLinkSpent: ("mail_link_spent", HTTPStatus.GONE),
    AddressRefused: ("bad_request", HTTPStatus.BAD_REQUEST),
    MailNotOffered: ("mail_not_offered", HTTPStatus.NOT_FOUND),
    TooManyRequests: ("too_many_requests", HTTPStatus.TOO_MANY_REQUESTS),
    DecisionNotYours: ("decision_not_yours", HTTPStatus.FORBIDDEN),
    PermissionMissing: ("permission_missing", HTTPStatus.FORBIDDEN),
    ProofTooOld: ("bad_request", HTTPStatus.UNAUTHORIZED),
    ChangedMeanwhile: ("changed_meanwhile", HTTPStatus.CONFLICT),
    LastManager: ("last_manager", HTTPStatus.CONFLICT),
    DecisionTooLate: ("decision_too_late", HTTPStatus.CONFLICT),
    NotFound: ("not_found", HTTPStatus.NOT_FOUND),
}
_STAFF_TEXTS = {"wrong_organisation": "wrong_organisation_staff"}
"""What is said otherwise to staff, who have no company's administrator to ask."""
_BY_STATUS: Mapping[int, str] = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """The way back from an error page to the authorization request that still waits.

    :param account: whose ways in "Try again" leads to; none for those that the request itself leads to.
    :param again: other words than "Try again".
    """

    parked_id: str
    account: str | None
    account_name: str | None
    service_name: str
    again: str | None = None

    @classmethod
    def to_waiting(
        cls, parked_id: str | None, *, account: str | None = None, again: str | None = None
    ) -> Return | None:
        """Return the way back, or none when nothing waits for this browser any more.

        :param account: where the person tried to sign in, so that they get there again.
        """
        if not parked_id:
            return None
        try:
            found = ways_in.of_waiting(
                parked_id, browser=bond.current(), account=account, parts=parts(), context=context()
            )
        except DomainError:
            return None
        name = found.account_name if isinstance(found, WaysIn) else None
        return cls(
            parked_id=parked_id,
            account=account,
            account_name=name,
            service_name=found.service_name or "",
            again=again,
        )

    def actions(self) -> list[dict[str, str]]:
        """Return the buttons: try again, or go back without signing in."""
        return [
            {
                "href": url_for("pages.sign_in", r=self.parked_id, account=self.account),
                "label": self.again or gettext("Try again"),
            },
            {
                "href": url_for("authorize.resume", r=self.parked_id, cancel="1"),
                "label": gettext("Back to %(service)s", service=self.service_name),
            },
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTo:
    """The way back from an error page to the page of ours that wanted somebody to sign in."""

    path: str
    account_name: str | None = None

    @classmethod
    def page(cls, path: str | None) -> BackTo | None:
        """Return the way back, or none where no page waits."""
        return None if path is None else cls(path=path)

    def actions(self) -> list[dict[str, str]]:
        """Return the one button."""
        return [{"href": self.path, "label": gettext("Try again")}]


WayBack = Return | BackTo


def init_app(app: Flask) -> None:
    """Let every refusal end in a page or in JSON, never in a stack trace."""
    app.register_error_handler(DomainError, _refused)
    app.register_error_handler(CSRFError, _form_too_old)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def page(
    error: DomainError,
    *,
    way_back: WayBack | None = None,
    person: LiveSession | None = None,
    staff: bool = False,
) -> ResponseReturnValue:
    """Show why somebody was refused, and what they can do.

    :param person: who is signed in, where that is what matters.
    :param staff: it happened at the door of staff.
    """
    name, status = _entry(error)
    if staff and name in _STAFF_TEXTS:
        name = _STAFF_TEXTS[name]
    log.warning("refused", reason=name, **{f"evidence_{key}": value for key, value in error.evidence.items()})
    text = ERROR_TEXTS[name]
    if isinstance(error, ClaimMissing):
        text = text.filled(claim=error.claim)
    known: dict[str, object] = {"person": person, "staff": staff}
    if isinstance(error, WrongOrganisation) and error.email:
        known["person"] = {"email": error.email}
    shown = make_response(_rendered(text, status, way_back, **known))
    if isinstance(error, TooManyRequests):
        shown.headers["Retry-After"] = str(max(1, int(error.retry_after.total_seconds())))
    return shown


def _entry(error: DomainError) -> tuple[str, HTTPStatus]:
    if isinstance(error, NotAdmitted):
        return error.refusal.value, HTTPStatus.FORBIDDEN
    return PAGES[type(error)]


def _refused(error: DomainError) -> ResponseReturnValue:
    if is_machine(request.path, request.method):
        return _unexpected(error)
    return page(error, way_back=Return.to_waiting(request.args.get("r")))


def _form_too_old(_error: CSRFError) -> ResponseReturnValue:
    return _rendered(ERROR_TEXTS["csrf"], HTTPStatus.BAD_REQUEST, None)


def _http(error: HTTPException) -> ResponseReturnValue:
    error = _slash_aside(error)
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if is_machine(request.path, request.method):
        body = {"error": "invalid_request", "error_description": f"{status.phrase}."}
        answer: ResponseReturnValue = (jsonify(body), status)
    elif status < HTTPStatus.BAD_REQUEST:
        return error.get_response()
    else:
        answer = _rendered(ERROR_TEXTS[_BY_STATUS.get(status, "bad_request")], status, None)
    response = make_response(answer)
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return response


def _slash_aside(error: HTTPException) -> HTTPException:
    """Say 405 without the trailing slash where it would be 405 with it: the router says 404 there."""
    if not isinstance(error, NotFound404) or request.path.endswith("/"):
        return error
    allowed = list(current_app.url_map.bind("").allowed_methods(f"{request.path}/"))
    return MethodNotAllowed(allowed) if allowed and request.method not in allowed else error


def _unexpected(error: Exception) -> ResponseReturnValue:
    if isinstance(error, SQLAlchemyError):
        # The database's own words may quote what a row holds, such as an address; where it happened says enough.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("unexpected_error", error=type(error).__name__, where=where)
    else:
        log.error("unexpected_error", exc_info=error)
    if is_machine(request.path, request.method):
        return jsonify({"error": "server_error", "error_description": f"Quote {request_id()} when you ask."}), 500
    return _rendered(ERROR_TEXTS["server_error"], HTTPStatus.INTERNAL_SERVER_ERROR, None)


def _rendered(text: ErrorText, status: HTTPStatus, way_back: WayBack | None, **known: object) -> tuple[str, int]:
    shown = render_template(
        "error.html",
        title=text.title,
        sentence=text.sentence,
        advice=text.advice,
        code=request_id(),
        actions=way_back.actions() if way_back else [],
        account_name=way_back.account_name if way_back else None,
        **known,
    )
    return shown, status

"""The one map from what was refused to a problem details object (RFC 9457)."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import structlog
from flask import Response
from flask_wtf.csrf import CSRFError
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from idp.browser.runtime import request_id
from idp.domain.errors import (
    AccessTokenRefused,
    AlreadyExists,
    ChangedMeanwhile,
    DecisionNotYours,
    DecisionTooLate,
    DomainError,
    Invalid,
    LastManager,
    NotFound,
    PermissionMissing,
    ProofTooOld,
    ScopeInsufficient,
    TooManyRequests,
)
from idp.domain.guarding import PROOF_WITHIN

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
REALM = "deepdesk-idp"
MAX_AGE = int(PROOF_WITHIN.total_seconds())
_MOST_PROBLEMS = 50
_OPTION = re.compile(r"--([a-z][a-z-]*[a-z])")
_COMMAND = re.compile(r"[,;:]?(?: or)?(?: run)?[,;:]? (?:see: |with: )?idp [a-z].*$")
"""What the domain's sentences tell those who type commands."""


@dataclass(eq=False)
class Problem(Exception):
    """A refusal as a program reads it.

    :param code: one word that stays the same; programs compare it.
    :param detail: a sentence for the developer, without anything that was sent.
    :param members: what the object holds besides.
    """

    status: HTTPStatus
    code: str
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def answer(self) -> Response:
        """Return the response."""
        body = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "code": self.code,
            "detail": self.detail,
            "request_id": request_id(),
            **self.members,
        }
        return Response(json.dumps(body), status=self.status, content_type=MEDIA_TYPE, headers=dict(self.headers))


def challenge(error: str | None = None, **said: str) -> dict[str, str]:
    """Return the header that says how to come in (RFC 6750 §3, RFC 9470 §3)."""
    words = {"realm": REALM, **({} if error is None else {"error": error}), **said}
    return {"WWW-Authenticate": "Bearer " + ", ".join(f'{name}="{value}"' for name, value in words.items())}


_PROOF = "Somebody who acts here has to have proven who they are within 15 minutes: sign in again."
REFUSALS: Mapping[type[DomainError], Problem] = {
    NotFound: Problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such thing in this account."),
    AlreadyExists: Problem(HTTPStatus.CONFLICT, "already_exists", "What was to be made is there already."),
    Invalid: Problem(HTTPStatus.CONFLICT, "refused", "What was sent contradicts itself, or what is here."),
    ChangedMeanwhile: Problem(
        HTTPStatus.PRECONDITION_FAILED, "changed_meanwhile", "It was changed since it was read: read it again."
    ),
    LastManager: Problem(HTTPStatus.CONFLICT, "last_manager", "Nobody would be left to manage the account."),
    DecisionTooLate: Problem(HTTPStatus.CONFLICT, "decided", "It was decided already, or the decision is in effect."),
    DecisionNotYours: Problem(HTTPStatus.FORBIDDEN, "not_yours", "Somebody else decides this, or gives this role."),
    PermissionMissing: Problem(HTTPStatus.FORBIDDEN, "permission_missing", "The caller's roles do not allow this."),
    ProofTooOld: Problem(
        HTTPStatus.UNAUTHORIZED,
        "insufficient_user_authentication",
        _PROOF,
        {"max_age": MAX_AGE},
        challenge("insufficient_user_authentication", error_description=_PROOF, max_age=str(MAX_AGE)),
    ),
    AccessTokenRefused: Problem(
        HTTPStatus.UNAUTHORIZED,
        "invalid_token",
        "The access token is not one for this API, has expired, or was revoked.",
        {},
        challenge("invalid_token"),
    ),
    ScopeInsufficient: Problem(
        HTTPStatus.FORBIDDEN,
        "insufficient_scope",
        "The access token was granted without the scope manage.",
        {"scope": "manage"},
        challenge("insufficient_scope", scope="manage"),
    ),
    TooManyRequests: Problem(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", "Ask again later."),
}
"""Every refusal of the domain that the services behind this API know."""


def not_yours(permission: str) -> Problem:
    """Return the problem of an act that is somebody else's, although the permission is there."""
    found = REFUSALS[DecisionNotYours]
    return Problem(found.status, found.code, found.detail, {"permission": permission})


def of_domain(error: DomainError) -> Response:
    """Answer a refusal of the domain; one that nobody foresaw is an error of ours."""
    found = REFUSALS.get(type(error))
    if found is None:
        return of_bug(error)
    log.info("refused", reason=found.code, **{f"evidence_{key}": value for key, value in error.evidence.items()})
    return Problem(
        found.status,
        found.code,
        found.detail,
        {**found.members, **_members(error)},
        {**found.headers, **_headers(error)},
    ).answer()


def of_problem(problem: Problem) -> Response:
    """Answer a refusal of this edge's own."""
    log.info("refused", reason=problem.code)
    return problem.answer()


def of_framework(error: HTTPException) -> Response:
    """Answer what the framework refuses: an unknown path, a wrong method, a body that is too large."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    headers = {}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    code = status.name.lower()
    return Problem(status, code, f"{status.phrase}.", {}, headers).answer()


def of_csrf(_error: CSRFError) -> Response:
    """Answer a browser's call without the session's own proof against forgery."""
    detail = "A browser's call needs the header X-CSRF-Token, with the csrf_token that GET /api/v1/session gives."
    return Problem(HTTPStatus.FORBIDDEN, "csrf", detail).answer()


def of_bug(error: Exception) -> Response:
    """Answer what should not have happened."""
    if isinstance(error, SQLAlchemyError):
        # The database's own words may quote what a row holds, such as an address; where it happened says enough.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("unexpected_error", error=type(error).__name__, where=where)
    else:
        log.error("unexpected_error", exc_info=error)
    detail = f"Quote {request_id()} when you ask."
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "server_error", detail).answer()


def of_model(error: ValidationError, *, where: str) -> Problem:
    """Return the problem of a body or query that the description does not allow; no value is repeated."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(one["type"] == "json_invalid" for one in found):
        return Problem(HTTPStatus.BAD_REQUEST, "malformed", "The body is not JSON.")
    problems = [
        {"field": ".".join(str(part) for part in one["loc"])[:200] or None, "message": one["msg"]} for one in found
    ]
    detail = f"The {where} is not as this operation describes it."
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, {"problems": problems[:_MOST_PROBLEMS]})


def _members(error: DomainError) -> dict[str, Any]:
    match error:
        case Invalid(problems=problems):
            return {"problems": list(_in_our_words(problems))[:_MOST_PROBLEMS]}
        case PermissionMissing(permission=permission):
            return {"permission": permission}
        case _:
            return {}


def _headers(error: DomainError) -> dict[str, str]:
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(max(1, int(error.retry_after.total_seconds())))}
    return {}


def _in_our_words(sentences: tuple[str, ...]) -> Iterator[dict[str, str | None]]:
    """Tell the domain's sentences with the names of members in the place of options, and without commands."""
    for sentence in sentences:
        option = _OPTION.search(sentence)
        yield {
            "field": None if option is None else _member(option[1]),
            "message": _OPTION.sub(lambda found: _member(found[1]), _COMMAND.sub("", sentence)),
        }


def _member(option: str) -> str:
    return option.replace("-", "_")

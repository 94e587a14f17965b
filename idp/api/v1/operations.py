"""What an operation of the management API is: said once, for the router, the guard, the reader of what is sent,
and the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Generic, TypeVar

from flask import Blueprint, Response, request
from pydantic import BaseModel, ValidationError

from idp.api.v1 import door, problems
from idp.api.v1.models import Nothing
from idp.api.v1.problems import Problem
from idp.browser.guards import marked
from idp.domain.codes import CODE
from idp.domain.context import Context
from idp.domain.errors import DecisionNotYours, NotFound, ProofTooOld
from idp.domain.guarding import Guard, wants_proof
from idp.domain.identifiers import AccountCode
from idp.services.people import management
from idp.services.people.care import Care
from idp.services.people.management import Managing

PREFIX = "/api/v1"
JSON = "application/json"
MAX_CURSOR = 1024
VERSION = re.compile(r'"([0-9a-f]{16})"')
"""An entity tag of ours."""
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")
PARAMETERS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "account": (CODE, "The account's code."),
    "user_id": (_IDENTIFIER, "The user's `id`, which is the `sub` of their tokens."),
    "sid": (_IDENTIFIER, "The session's `sid`."),
    "request_id": (_IDENTIFIER, "The access request's `id`."),
    "client_id": (re.compile(r"[A-Za-z0-9._~-]{1,128}"), "The client's `client_id`."),
    "code": (CODE, "The provider's `code`."),
    "key_id": (_IDENTIFIER, "The API key's `id`."),
    "secret_id": (_IDENTIFIER, "The platform secret's `id`."),
    "grant_id": (_IDENTIFIER, "The grant's `id`."),
}
"""What a path may hold; what does not fit names nothing."""

blueprint = Blueprint("api_v1", __name__, url_prefix=PREFIX)

Q = TypeVar("Q", bound=BaseModel)
B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Q, B]):
    """One call of an operation, by somebody who may.

    :param query: what was asked for; unknown parameters are ignored.
    :param body: what was sent.
    :param seen: the version that a change names (``If-Match``); none where the operation asks for none.
    """

    who: Managing
    context: Context
    query: Q
    body: B
    seen: str | None

    @property
    def account(self) -> AccountCode:
        """The account that is looked after."""
        return self.who.account

    @property
    def care(self) -> Care:
        """In whose name a person is changed, and as whom they were seen."""
        return Care(seen=self.seen, highest=self.who.authority.decider.roles[0])

    def require_fresh_proof(self) -> None:
        """Want a fresh proof of who acts, where only some of what an operation can do is sensitive.

        :raises ProofTooOld: there is none.
        """
        if wants_proof(self.who.auth_time, now=self.context.now):
            raise ProofTooOld


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an operation answers, where it says more than a body."""

    body: BaseModel | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation, for the document.

    :param path: below :data:`PREFIX`.
    :param name: the ``operationId``.
    :param conditional: a change that names the version which it changes.
    :param tells: headers of its answer besides those of all.
    :param links: by the ``operationId``, from where in the answer its parameters come.
    """

    method: str
    path: str
    name: str
    tag: str
    summary: str
    description: str
    guard: Guard
    status: HTTPStatus
    query: type[BaseModel]
    body: type[BaseModel]
    answer: type[BaseModel] | None
    conditional: bool
    refusals: tuple[HTTPStatus, ...]
    tells: tuple[str, ...]
    links: Mapping[str, Mapping[str, str]]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters of the path."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    @property
    def rule(self) -> str:
        """The path as the router reads it."""
        return re.sub(r"\{(\w+)\}", r"<\1>", self.path)


OPERATIONS: list[Operation] = []

View = Callable[..., BaseModel | Reply | None]


def operation(
    method: str,
    path: str,
    permission: str,
    *,
    tag: str,
    summary: str,
    answer: type[BaseModel] | None,
    body: type[BaseModel] = Nothing,
    query: type[BaseModel] = Nothing,
    status: HTTPStatus = HTTPStatus.OK,
    sensitive: bool = False,
    conditional: bool = False,
    refusals: tuple[HTTPStatus, ...] = (),
    tells: tuple[str, ...] = (),
    links: Mapping[str, Mapping[str, str]] | None = None,
) -> Callable[[View], View]:
    """Offer a view as an operation, to those who may and to nobody else; this is the one way to do so.

    The view's first argument is the :class:`Call`, the path's parameters follow by name, without ``account``.

    :param permission: of ``idp/domain/roles.py``.
    :param sensitive: the caller must have proven who they are within 15 minutes (CONTRACT §6 rule 11).
    :param answer: none for an answer without a body.
    """
    guard = Guard.of(permission, sensitive=sensitive)

    def offering(view: View) -> View:
        told = Operation(
            method=method,
            path=path,
            name=view.__name__,
            tag=tag,
            summary=summary,
            description=" ".join((view.__doc__ or "").split()),
            guard=guard,
            status=status,
            query=query,
            body=body,
            answer=answer,
            conditional=conditional,
            refusals=refusals,
            tells=tells,
            links=links or {},
        )

        @wraps(view)
        def served(**named: str) -> Response:
            return _serve(told, view, named)

        OPERATIONS.append(told)
        blueprint.add_url_rule(
            told.rule, told.name, marked(served, guard), methods=[method], provide_automatic_options=False
        )
        return view

    return offering


def cursor_unknown() -> Problem:
    """Return the problem of a cursor that was not given out for this list."""
    return Problem(HTTPStatus.NOT_FOUND, "cursor_unknown", "No page of this list begins there: begin without a cursor.")


def _serve(told: Operation, view: View, named: dict[str, str]) -> Response:
    account = named.pop("account", None) or request.args.get("account")
    who = door.admitted(told.guard, account)
    if not all(PARAMETERS[name][0].fullmatch(value) for name, value in named.items()):
        raise NotFound("no such identifier")
    circumstances = door.acting(who.user_id)
    call = Call(who=who, context=circumstances, query=_query(told), body=_body(told), seen=_seen(told))
    try:
        return _answer(told, view(call, **named))
    except DecisionNotYours:
        permission = told.guard.permission
        management.note_denial(who.account, who.user_id, permission, context=circumstances)
        raise problems.not_yours(permission) from None


def _answer(told: Operation, result: BaseModel | Reply | None) -> Response:
    reply = result if isinstance(result, Reply) else Reply(body=result)
    if reply.body is None:
        return Response(status=HTTPStatus.NO_CONTENT, headers=dict(reply.headers))
    text = reply.body.model_dump_json(by_alias=True)
    return Response(text, status=told.status, content_type=JSON, headers=dict(reply.headers))


def _query(told: Operation) -> BaseModel:
    """Read the query; a parameter that is there twice says nothing clear."""
    known = told.query.model_fields.keys()
    given = {name: request.args.getlist(name) for name in known if name in request.args}
    try:
        return told.query.model_validate(
            {name: values[0] if len(values) == 1 else values for name, values in given.items()}
        )
    except ValidationError as refused:
        raise problems.of_model(refused, where="query") from None


def _body(told: Operation) -> BaseModel:
    if told.body is Nothing:
        return Nothing()
    if request.mimetype != JSON:
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "no_json", f"The body is to be {JSON}.")
    try:
        return told.body.model_validate_json(request.get_data(cache=False), strict=True)
    except ValidationError as refused:
        raise problems.of_model(refused, where="body") from None


def _seen(told: Operation) -> str | None:
    """Return the version that a change names.

    :raises Problem: it names none, or what is no version of ours.
    """
    if not told.conditional:
        return None
    named = request.headers.get("If-Match")
    if named is None:
        return ""
    found = VERSION.fullmatch(named.strip())
    if found is None:
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed", "If-Match is to be one ETag of this API.")
    return found[1]

"""The API's own description, OpenAPI 3.1, put together from the operations once (CONTRACT §4)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from flask import Flask, Response, current_app, request
from flask_wtf.csrf import CSRFError
from pydantic import BaseModel, Field
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

import idp
from idp.api.v1 import (
    access_requests,
    account,
    audit,
    caller,
    clients,
    explanations,
    integration_secrets,
    people,
    problems,
    providers,
    sessions,
    staff_grants,
)
from idp.api.v1.models import Nothing
from idp.api.v1.operations import JSON, OPERATIONS, PARAMETERS, PREFIX, VERSION, Operation, blueprint
from idp.api.v1.problems import Problem
from idp.domain.errors import DomainError

RESOURCES = (
    caller,
    account,
    people,
    sessions,
    explanations,
    access_requests,
    clients,
    providers,
    integration_secrets,
    staff_grants,
    audit,
)
"""In the document's order."""
PATH = f"{PREFIX}/openapi.json"
_BELOW = "/api/"
_EXTENSION = "management_api"
_TEMPLATE = "#/components/schemas/{model}"
_ABOUT = (
    "Looks after one account of the provider: what its pages under /manage/ do, for programs. "
    "A service brings an access token for this issuer alone with the scope manage; a page of this provider itself "
    "may call with its person's session, with the header X-CSRF-Token on whatever changes something."
)
_HEADERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "ETag": ("The version of what is answered, for If-Match.", {"type": "string", "pattern": f"^{VERSION.pattern}$"}),
    "Location": ("Where what was made is read.", {"type": "string", "format": "uri-reference"}),
    "Link": ("The next page (RFC 8288); absent at the end.", {"type": "string"}),
    "WWW-Authenticate": ("How to come in (RFC 6750, RFC 9470).", {"type": "string"}),
}
_SAID = {
    HTTPStatus.BAD_REQUEST: "Malformed.",
    HTTPStatus.UNAUTHORIZED: "Nobody known calls, or the proof of who they are is too old (`max_age`).",
    HTTPStatus.FORBIDDEN: "The caller may not; `permission` names what is missing.",
    HTTPStatus.NOT_FOUND: "There is no such thing in this account.",
    HTTPStatus.CONFLICT: "It cannot be: `code` says why.",
    HTTPStatus.PRECONDITION_FAILED: "It was changed since it was read.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "More than 64 KiB.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Not JSON.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Not as described; `problems` says where.",
    HTTPStatus.PRECONDITION_REQUIRED: "If-Match is missing.",
}


class WhatIsWrong(BaseModel):
    """One thing that is wrong with what was sent."""

    field: str | None
    message: str


class ProblemDetails(BaseModel):
    """Why a call was refused (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str = Field(description="One word that stays the same, to be compared.")
    detail: str
    request_id: str = Field(description="To be quoted to whoever looks into it; the audit trail and the log know it.")
    permission: str | None = Field(None, description="What the caller lacks.")
    scope: str | None = Field(None, description="What the access token lacks.")
    max_age: int | None = Field(None, description="Seconds within which the caller must have proven who they are.")
    problems: list[WhatIsWrong] | None = None


blueprint.register_error_handler(Problem, problems.of_problem)
blueprint.register_error_handler(DomainError, problems.of_domain)
blueprint.register_error_handler(CSRFError, problems.of_csrf)
blueprint.register_error_handler(HTTPException, problems.of_framework)
blueprint.register_error_handler(Exception, problems.of_bug)


@blueprint.get("/openapi.json", provide_automatic_options=False)
def describe() -> Response:
    """Answer the document, which is everybody's to read."""
    return Response(_written(current_app.extensions[_EXTENSION]), content_type=JSON)


def init_app(app: Flask, *, issuer: str) -> None:
    """Add the API to the application; whatever goes wrong below its address is told as a problem."""
    app.extensions[_EXTENSION] = issuer
    app.before_request(_refuse_unknown)
    app.register_blueprint(blueprint)


@lru_cache(maxsize=8)
def _written(issuer: str) -> bytes:
    """Return the document as it is sent; it takes a moment, so not every command makes it at its start."""
    return json.dumps(document(issuer), ensure_ascii=False).encode()


def document(issuer: str) -> dict[str, Any]:
    """Return the OpenAPI document."""
    spec = APISpec(
        title="Deepdesk identity provider: management",
        version=idp.__version__,
        openapi_version="3.1.1",
        info={"description": _ABOUT},
        servers=[{"url": issuer}],
        tags=[{"name": name} for name in dict.fromkeys(one.tag for one in OPERATIONS)],
        security=[{"bearer": []}],
    )
    spec.components.security_scheme(
        "bearer",
        {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "`aud` is the issuer alone."},
    )
    schemas, definitions = _schemas()
    for name, schema in definitions.items():
        spec.components.schema(name, schema)
    for one in OPERATIONS:
        spec.path(path=PREFIX + one.path, operations={one.method.lower(): _described(one, schemas)})
    return spec.to_dict()


Schemas = Mapping[tuple[type[BaseModel], JsonSchemaMode], dict[str, Any]]


def _schemas() -> tuple[Schemas, dict[str, Any]]:
    """Return the schema of every model, and those that they refer to."""
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(ProblemDetails, "serialization")]
    wanted += [(one.body, "validation") for one in OPERATIONS if one.body is not Nothing]
    wanted += [(one.answer, "serialization") for one in OPERATIONS if one.answer is not None]
    wanted = sorted(dict.fromkeys(wanted), key=lambda pair: (pair[0].__name__, pair[1]))
    schemas, whole = models_json_schema([*wanted], ref_template=_TEMPLATE)
    return {pair: schemas[pair] for pair in wanted}, whole["$defs"]


def _described(one: Operation, schemas: Schemas) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": one.summary,
        "description": _description(one),
        "x-permission": one.guard.permission,
        "x-fresh-proof": one.guard.sensitive,
        "parameters": [*_of_path(one), *_of_query(one), *_of_headers(one)],
        "responses": _responses(one, schemas),
    }
    if one.body is not Nothing:
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": schemas[one.body, "validation"]}}}
    return told


def _description(one: Operation) -> str:
    proof = " The caller must have proven who they are within 15 minutes." if one.guard.sensitive else ""
    return f"{one.description} Needs the permission `{one.guard.permission}`.{proof}"


def _of_path(one: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PARAMETERS[name][1],
            "schema": {"type": "string", "pattern": f"^{_plain(PARAMETERS[name][0].pattern)}$"},
        }
        for name in one.parameters
    ]


def _of_query(one: Operation) -> list[dict[str, Any]]:
    schema = one.query.model_json_schema(ref_template=_TEMPLATE)
    return [
        {
            "name": name,
            "in": "query",
            "description": said.get("description", ""),
            "schema": _without_null(said, schema.get("$defs", {})),
        }
        for name, said in schema.get("properties", {}).items()
    ]


def _of_headers(one: Operation) -> list[dict[str, Any]]:
    if not one.conditional:
        return []
    return [
        {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": "The ETag of what is changed.",
            "schema": {"type": "string", "pattern": f"^{_plain(VERSION.pattern)}$"},
        }
    ]


def _responses(one: Operation, schemas: Schemas) -> dict[str, Any]:
    done: dict[str, Any] = {"description": one.summary + "."}
    if one.answer is not None:
        done["content"] = {JSON: {"schema": schemas[one.answer, "serialization"]}}
    if one.tells:
        done["headers"] = {name: _header(name) for name in one.tells}
    if one.links:
        done["links"] = {name: {"operationId": name, "parameters": dict(from_)} for name, from_ in one.links.items()}
    problem = {problems.MEDIA_TYPE: {"schema": schemas[ProblemDetails, "serialization"]}}
    refusals = {str(status.value): {"description": _SAID[status], "content": problem} for status in _refusals(one)}
    refusals["401"]["headers"] = {"WWW-Authenticate": _header("WWW-Authenticate")}
    other = {"description": "Any other refusal.", "content": problem}
    return {str(one.status.value): done, **dict(sorted(refusals.items())), "default": other}


def _header(name: str) -> dict[str, Any]:
    said, schema = _HEADERS[name]
    return {"description": said, "schema": schema, "required": name != "Link"}


def _refusals(one: Operation) -> tuple[HTTPStatus, ...]:
    """Return with which statuses an operation refuses."""
    found = [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, *one.refusals]
    if one.query is not Nothing:
        found.append(HTTPStatus.UNPROCESSABLE_ENTITY)
    if one.conditional:
        found.append(HTTPStatus.BAD_REQUEST)
    if one.body is not Nothing:
        found += [
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ]
    return tuple(dict.fromkeys(found))


def _without_null(said: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema: a query holds no null, and each schema stands for itself."""
    kinds = [one for one in said.get("anyOf", [said]) if one.get("type") != "null"]
    found = kinds[0]
    if "$ref" in found:
        found = definitions[found["$ref"].rpartition("/")[2]]
    return {name: value for name, value in found.items() if name not in {"title", "description", "default"}} | (
        {"default": said["default"]} if said.get("default") is not None else {}
    )


def _plain(pattern: str) -> str:
    """Return a pattern in which nothing is caught, as descriptions need none of it."""
    return re.sub(r"\((?!\?)", "(?:", pattern)


def _refuse_unknown() -> Response | None:
    """Tell as a problem that there is no such address, or not for this method."""
    error = request.routing_exception
    if error is None or not request.path.startswith(_BELOW):
        return None
    return problems.of_framework(_slash_aside(error))


def _slash_aside(error: HTTPException) -> HTTPException:
    """Say 405 with a trailing slash where it would be 405 without it: the router says 404 there."""
    if not isinstance(error, NotFound) or not request.path.endswith("/"):
        return error
    allowed = list(current_app.url_map.bind("").allowed_methods(request.path.removesuffix("/")))
    return MethodNotAllowed(allowed) if allowed and request.method not in allowed else error

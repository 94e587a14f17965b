"""The endpoint for pushed authorization requests (RFC 9126).

The client proves itself as at the token endpoint; the request runs through the
authorization endpoint's checks before anybody's browser is sent anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Response, json, request
from flask.typing import ResponseReturnValue

from idp.browser.runtime import context
from idp.domain.context import Actor, ActorKind
from idp.domain.errors import ClientNotProven
from idp.protocol import authorization_checks, authorization_target, client_authentication, parameters
from idp.protocol.authorization_target import NotRedirectable
from idp.protocol.client_request import ClientRequest
from idp.protocol.errors import OAuthError, invalid_request, to_oauth
from idp.protocol.parameters import Parameters, Unreadable
from idp.services.oauth import pushed
from idp.services.registry.clients import RegisteredClient

PATH = "/oauth/par/"
log = structlog.get_logger()
blueprint = Blueprint("par", __name__)


def described(issuer: str) -> dict[str, Any]:
    """Return what this endpoint adds to the metadata (RFC 9126 §5)."""
    return {
        "pushed_authorization_request_endpoint": f"{issuer}{PATH}",
        "require_pushed_authorization_requests": False,
    }


@blueprint.post(PATH, provide_automatic_options=False)
def push() -> ResponseReturnValue:
    """Keep an authorization request, and give the reference under which the browser brings it."""
    try:
        sent = parameters.of_form(request)
        client = client_authentication.authenticate(ClientRequest.of(request, sent, path=PATH))
        return _pushed(sent, client)
    except Unreadable as unreadable:
        return _refused(invalid_request(str(unreadable)))
    except OAuth2Error as error:
        return _answer(dict(error.get_body()), error.status_code, error.get_headers())
    except OAuthError as error:
        return _refused(error)


def _pushed(sent: Parameters, client: RegisteredClient) -> Response:
    """Check the request and keep it (RFC 9126 §2.1, §2.2).

    :raises OAuthError: the first check that fails.
    """
    if "request_uri" in {*sent.values, *sent.doubled}:
        raise invalid_request("A pushed request cannot refer to another one by request_uri.")
    try:
        redirect_uri = authorization_target.registered_redirect_uri(sent, client)
    except NotRedirectable as refused:
        raise OAuthError(refused.error, refused.sentence) from None
    checked = authorization_checks.checked(sent, client, redirect_uri)
    actor = Actor(kind=ActorKind.CLIENT, id=client.client_id)
    try:
        request_uri, expires_in = pushed.push(checked, context=context(actor))
    except ClientNotProven as refused:
        raise to_oauth(refused) from None
    return _answer({"request_uri": request_uri, "expires_in": expires_in}, HTTPStatus.CREATED)


def _refused(error: OAuthError) -> Response:
    log.warning("push_refused", error=error.error, reason=error.description)
    return _answer(error.as_json(), error.status)


def _answer(body: Mapping[str, Any], status: int, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """Return JSON that no page of another origin reads: only services call here. No answer of ours is kept anyway."""
    response = Response(json.dumps(body), status=status)
    response.headers.update(dict(headers))
    response.headers["Content-Type"] = "application/json"
    return response

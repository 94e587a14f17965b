"""The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2).

With a session it answers at once; without one the request is parked and its
person sent to the sign-in page, which ends at :data:`RESUME_PATH`.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import structlog
from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from idp.browser import bond, sso
from idp.browser.looking import spends
from idp.browser.runtime import context, request_id
from idp.domain.authorization_request import AuthorizationRequest
from idp.domain.context import Actor, ActorKind
from idp.domain.errors import RequestNotParked
from idp.protocol import authorization_checks, authorization_response, parameters
from idp.protocol.authorization_checks import NotRedirectable
from idp.protocol.errors import OAuthError
from idp.protocol.parameters import Parameters, Unreadable
from idp.services.oauth import authorize as authorize_service
from idp.services.oauth import presence
from idp.services.oauth.presence import MustChoose, Nobody, NoGrant, Presence, Ready
from idp.services.registry import clients
from idp.services.registry.clients import RegisteredClient
from idp.store.sso_sessions import LiveSession

PATH = "/oauth/authorize/"
RESUME_PATH = "/oauth/authorize/resume/"
SIGN_IN_PATH = "/login/"
STAFF_PATH = "/login/staff/"
_SILENCE: Mapping[type[Presence], OAuthError] = {
    Nobody: OAuthError("login_required", "Nobody is signed in."),
    MustChoose: OAuthError("interaction_required", "The staff member has not chosen to enter yet."),
    NoGrant: OAuthError("access_denied", "The staff member may not enter this account."),
}
"""What ``prompt=none`` is answered with (OpenID Connect Core §3.1.2.6)."""
_CANCELLED = OAuthError("access_denied", "The person did not sign in.")

log = structlog.get_logger()
blueprint = Blueprint("authorize", __name__)


@blueprint.route(PATH, methods=["GET", "POST"])
@spends
def authorize() -> ResponseReturnValue:
    """Take an authorization request."""
    try:
        sent = parameters.of_form(request) if request.method == "POST" else parameters.of_query(request)
        client = authorization_checks.known_client(sent, _find)
        redirect_uri = authorization_checks.registered_redirect_uri(sent, client)
    except Unreadable as unreadable:
        return _page(_unreadable(unreadable))
    except NotRedirectable as refused:
        return _page(refused)
    try:
        checked = authorization_checks.checked(sent, client, redirect_uri)
    except OAuthError as error:
        return authorization_response.failure(redirect_uri, sent.get("state"), error)
    if request.method == "POST" and not sso.presented():
        return _again_by_get(sent)
    return _answer(checked, client)


@blueprint.get(RESUME_PATH)
@spends
def resume() -> ResponseReturnValue:
    """Answer a parked request, now that its person signed in (or gives up, with ``cancel``).

    :raises RequestNotParked: shown as a page.
    """
    parked_id, browser = request.args.get("r", ""), bond.current()
    waiting = authorize_service.waiting(parked_id, browser=browser, context=context())
    client = _find(waiting.client_id)
    allowed = authorization_checks.still_allowed(waiting, client) if client else None
    if client is None or allowed is None:
        raise RequestNotParked
    if "cancel" in request.args:
        authorize_service.give_up(parked_id, browser=browser, context=context())
        return authorization_response.failure(allowed.redirect_uri, allowed.state, _CANCELLED)
    match presence.of(allowed, client, sso.sessions(), context=context()):
        case Ready(session=session):
            return _with_code(allowed, client, session, parked=(parked_id, browser))
        case MustChoose() | NoGrant():
            return redirect(f"{STAFF_PATH}?r={parked_id}", 303)
        case _:
            return redirect(f"{SIGN_IN_PATH}?r={parked_id}", 303)


def _answer(checked: AuthorizationRequest, client: RegisteredClient) -> ResponseReturnValue:
    found = presence.of(checked, client, sso.sessions(), context=context())
    if isinstance(found, Ready):
        return _with_code(checked, client, found.session)
    if checked.silent:
        return authorization_response.failure(checked.redirect_uri, checked.state, _SILENCE[type(found)])
    to_staff = isinstance(found, MustChoose) or (isinstance(found, NoGrant) and found.wanted)
    browser = bond.ensure()
    parked_id = authorize_service.park(checked, browser=browser, context=context())
    response = make_response(redirect(f"{STAFF_PATH if to_staff else SIGN_IN_PATH}?r={parked_id}", 303))
    bond.keep(response, browser)
    return response


def _with_code(
    checked: AuthorizationRequest,
    client: RegisteredClient,
    session: LiveSession,
    *,
    parked: tuple[str, str] | None = None,
) -> Response:
    actor = Actor(kind=ActorKind.USER, id=session.user_id)
    code = authorize_service.issue_code(checked, client, session, parked=parked, context=context(actor))
    return authorization_response.success(checked, code)


def _find(client_id: str) -> RegisteredClient | None:
    return clients.find(client_id, context=context())


def _again_by_get(sent: Parameters) -> ResponseReturnValue:
    """Ask ourselves once by GET: a cross-site POST carries no Lax cookie, so there may be a session all the same."""
    understood = {name: value for name, value in sent.values.items() if name in authorization_checks.UNDERSTOOD}
    return redirect(f"{PATH}?{urlencode(understood)}", 303)


def _unreadable(why: Unreadable) -> NotRedirectable:
    return NotRedirectable(
        "invalid_request",
        f"The request cannot be read. {why}",
        "Encode every parameter as UTF-8 by the rules of application/x-www-form-urlencoded.",
    )


def _page(refused: NotRedirectable) -> tuple[str, int]:
    client = refused.client
    client_id = client.client_id if client else None
    log.warning("request_refused", error=refused.error, parameter=refused.parameter, client_id=client_id)
    page = render_template(
        "request_error.html",
        error=refused.error,
        sentence=refused.sentence,
        advice=refused.advice,
        parameter=refused.parameter,
        sent=refused.sent,
        registered=refused.registered,
        command=refused.command,
        client_name=client.metadata.client_name if client else None,
        code=request_id(),
    )
    return page, 400

"""The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2).

With a session it answers at once; without one the request is parked and its
person sent to the sign-in page, which ends at :data:`RESUME_PATH`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from idp.browser import bond, sso
from idp.browser.language import LANGUAGES
from idp.browser.looking import spends
from idp.browser.runtime import context, parts, request_id
from idp.domain import pkce
from idp.domain.authentication import ACR_VALUES
from idp.domain.authorization_request import AuthorizationRequest, Prompt, ResponseMode
from idp.domain.client_words import ResponseType
from idp.domain.context import Actor, ActorKind
from idp.domain.errors import RequestNotParked
from idp.domain.redirect_uri import matching
from idp.domain.scope import BUILT
from idp.protocol import authorization_checks, authorization_response, authorization_target, parameters
from idp.protocol.authorization_target import NotRedirectable
from idp.protocol.errors import OAuthError
from idp.protocol.parameters import RESOURCE, Parameters, Unreadable
from idp.services.oauth import authorize as authorize_service
from idp.services.oauth import consent, presence, pushed
from idp.services.oauth.presence import (
    MustChoose,
    Nobody,
    NoGrant,
    Presence,
    ProofMissing,
    Ready,
    TooOld,
    Unproven,
)
from idp.services.registry.clients import RegisteredClient
from idp.services.sign_in import fresh_proof
from idp.store.sso_sessions import LiveSession

PATH = "/oauth/authorize/"
RESUME_PATH = "/oauth/authorize/resume/"
SIGN_IN_PATH = "/login/"
STAFF_PATH = "/login/staff/"
PROOF_PATH = "/login/magic/proof/"
CONSENT_PATH = "/oauth/consent/"
_SILENCE: Mapping[type[Presence], OAuthError] = {
    Nobody: OAuthError("login_required", "Nobody is signed in."),
    MustChoose: OAuthError("interaction_required", "The staff member has not chosen to enter yet."),
    NoGrant: OAuthError("access_denied", "The staff member may not enter this account."),
    TooOld: OAuthError("login_required", "The last sign-in is too long ago."),
}
"""What ``prompt=none`` is answered with (OpenID Connect Core §3.1.2.6)."""
_UNPROVEN = OAuthError("login_required", "The sign-in did not bring the person or the proof that was asked for.")
_OF_ANOTHER_CLASS = OAuthError(
    "unmet_authentication_requirements", "The sign-in did not have the acr that was asked for."
)
_CONSENT_REQUIRED = OAuthError("consent_required", "The person has to allow this first.")
_CANCELLED = OAuthError("access_denied", "The person did not sign in.")

log = structlog.get_logger()
blueprint = Blueprint("authorize", __name__)


def described(issuer: str) -> dict[str, Any]:
    """Return what this endpoint adds to the metadata."""
    return {
        "authorization_endpoint": f"{issuer}{PATH}",
        "scopes_supported": list(BUILT),
        "response_types_supported": list(ResponseType),
        "response_modes_supported": list(ResponseMode),
        "code_challenge_methods_supported": [pkce.METHOD],
        "acr_values_supported": list(ACR_VALUES),
        "prompt_values_supported": list(Prompt),
        "ui_locales_supported": list(LANGUAGES),
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


@blueprint.route(PATH, methods=["GET", "POST"])
@spends
def authorize() -> ResponseReturnValue:
    """Take an authorization request."""
    try:
        sent = parameters.of_form(request) if request.method == "POST" else parameters.of_query(request)
        client = _client_of(sent)
        if (sent.get("request_uri") or "").startswith(pushed.PREFIX):
            return _answer(authorization_target.pushed_request(sent, client, context=context()), client)
        redirect_uri = authorization_target.registered_redirect_uri(sent, client)
    except Unreadable as unreadable:
        return _page(_unreadable(unreadable))
    except NotRedirectable as refused:
        return _page(refused)
    try:
        checked = authorization_checks.checked(sent, client, redirect_uri)
    except OAuthError as error:
        mode = authorization_checks.mode_of(sent)
        return authorization_response.failure(redirect_uri, mode, sent.get("state"), error)
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
        return _given_up(allowed, _CANCELLED, parked_id, browser)
    return _resumed(allowed, client, parked_id, browser)


def _resumed(
    allowed: AuthorizationRequest, client: RegisteredClient, parked_id: str, browser: str
) -> ResponseReturnValue:
    match presence.of(allowed, client, sso.sessions(), context=context()):
        case Ready(session=session):
            if _must_be_asked(allowed, client, session) and not _was_allowed(parked_id, browser, session):
                return redirect(f"{CONSENT_PATH}?r={parked_id}", 303)
            return _with_code(allowed, client, session, parked=(parked_id, browser))
        case Unproven(session=session):
            return _given_up(allowed, _unproven(allowed, session), parked_id, browser)
        case ProofMissing(session=session):
            if not fresh_proof.is_possible(session, parts()):
                return _given_up(allowed, _UNPROVEN, parked_id, browser)
            return redirect(f"{PROOF_PATH}?r={parked_id}", 303)
        case MustChoose() | NoGrant():
            return redirect(f"{STAFF_PATH}?r={parked_id}", 303)
        case _:
            return redirect(f"{SIGN_IN_PATH}?r={parked_id}", 303)


def _answer(checked: AuthorizationRequest, client: RegisteredClient) -> ResponseReturnValue:
    found = presence.of(checked, client, sso.sessions(), context=context())
    if isinstance(found, Ready) and not _must_be_asked(checked, client, found.session):
        return _with_code(checked, client, found.session)
    if checked.silent:
        return authorization_response.refusal(checked, _SILENCE.get(type(found), _CONSENT_REQUIRED))
    browser = bond.ensure()
    waiting = replace(checked, outlived=isinstance(found, TooOld))
    parked_id = authorize_service.park(waiting, browser=browser, context=context())
    response = make_response(redirect(f"{_next_page(found)}?r={parked_id}", 303))
    bond.keep(response, browser)
    return response


def _next_page(found: Presence) -> str:
    match found:
        case Ready():
            return CONSENT_PATH
        case MustChoose():
            return STAFF_PATH
        case NoGrant(wanted=True):
            return STAFF_PATH
        case _:
            return SIGN_IN_PATH


def _must_be_asked(checked: AuthorizationRequest, client: RegisteredClient, session: LiveSession) -> bool:
    return consent.needs_consent(checked, client, session.user_id, context=context())


def _was_allowed(parked_id: str, browser: str, session: LiveSession) -> bool:
    return consent.is_allowed(parked_id, browser=browser, user_id=session.user_id, context=context())


def _unproven(checked: AuthorizationRequest, session: LiveSession) -> OAuthError:
    is_of_class = not checked.acr or session.authentication.acr in checked.acr
    return _UNPROVEN if is_of_class else _OF_ANOTHER_CLASS


def _given_up(checked: AuthorizationRequest, error: OAuthError, parked_id: str, browser: str) -> ResponseReturnValue:
    authorize_service.give_up(parked_id, browser=browser, context=context())
    return authorization_response.refusal(checked, error)


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


def _client_of(sent: Parameters) -> RegisteredClient:
    """Return the client; a redirect URI that it does not seem to have may be a new one, which counts at once."""
    client = authorization_target.known_client(sent, _find)
    uri = sent.get("redirect_uri")
    if uri is None or matching(uri, client.metadata.redirect_uris):
        return client
    return parts().clients.again(client.client_id, context=context()) or client


def _find(client_id: str) -> RegisteredClient | None:
    return parts().clients.find(client_id, context=context())


def _again_by_get(sent: Parameters) -> ResponseReturnValue:
    """Ask ourselves once by GET: a cross-site POST carries no Lax cookie, so there may be a session all the same."""
    understood = [(name, value) for name, value in sent.values.items() if name in authorization_checks.UNDERSTOOD]
    picked = [(RESOURCE, value) for value in sent.resources]
    return redirect(f"{PATH}?{urlencode(understood + picked)}", 303)


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

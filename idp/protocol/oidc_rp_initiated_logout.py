"""The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0).

A hint that names this browser's own session signs it out at once. Without
one, or with somebody else's, the person is asked: no page elsewhere can sign
anybody out by a link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from idp.browser import headers, held_tokens, language, sso
from idp.browser.looking import spends
from idp.browser.runtime import context, parts
from idp.browser.verbatim import sent_to
from idp.domain.context import Actor, ActorKind
from idp.domain.errors import HintRefused
from idp.protocol import parameters
from idp.protocol.parameters import Parameters, Unreadable
from idp.services.sessions import logout
from idp.store.sso_sessions import LiveSession
from idp.tokens.id_token_hint import Hint, verify_hint

PATH = "/oauth/logout/"
CONFIRM_PATH = "/logout/"
DONE_PATH = "/logout/done/"
MAX_STATE_LENGTH = 2048
UNDERSTOOD = frozenset({"id_token_hint", "post_logout_redirect_uri", "state", "client_id", "ui_locales"})

log = structlog.get_logger()
blueprint = Blueprint("logout", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A logout request, read.

    :param hint: whom and which session it means; none where it says nothing that we believe.
    :param client_id: who asks, by the hint or by itself.
    :param return_to: an address that this client registered; none where it gave none, or another.
    """

    hint: Hint | None
    client_id: str | None
    return_to: str | None
    state: str | None

    @property
    def added(self) -> dict[str, str]:
        """What is added to the address."""
        return {} if self.state is None else {"state": self.state}


def described(issuer: str) -> dict[str, Any]:
    """Return what sign-out adds to the metadata (RP-Initiated Logout §2.1, Back-Channel Logout §2.1)."""
    return {
        "end_session_endpoint": f"{issuer}{PATH}",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


@blueprint.route(PATH, methods=["GET", "POST"])
@spends
def end_session() -> ResponseReturnValue:
    """Sign somebody out for a service."""
    try:
        sent = parameters.of_form(request) if request.method == "POST" else parameters.of_query(request)
    except Unreadable:
        abort(400)
    if request.method == "POST" and not sso.presented():
        # A cross-site POST carries no Lax cookie, so there may be a session all the same.
        understood = {name: value for name, value in sent.values.items() if name in UNDERSTOOD}
        return redirect(f"{PATH}?{urlencode(understood)}", 303)
    language.of_waiting(sent.get("ui_locales"))
    asked = _read(sent)
    people = sso.here()
    meant = [one for one in people if asked.hint is not None and one.sid == asked.hint.sid]
    if meant:
        return _sign_out(meant[0], asked)
    if people:
        return _ask(people, asked)
    return _nobody_here(asked)


def _read(sent: Parameters) -> Asked:
    hint = _hint(sent.get("id_token_hint"))
    client_id = sent.get("client_id")
    if hint is not None and client_id not in {None, hint.audience}:
        # It speaks for one service and was given to another: believe neither.
        log.warning("logout_contradicts_itself", client_id=client_id)
        hint, client_id = None, None
    client_id = client_id or (hint.audience if hint else None)
    state = sent.get("state")
    return Asked(
        hint=hint,
        client_id=client_id,
        return_to=_registered(sent.get("post_logout_redirect_uri"), client_id),
        state=state if state is not None and len(state) <= MAX_STATE_LENGTH else None,
    )


def _hint(token: str | None) -> Hint | None:
    if token is None:
        return None
    here = parts()
    try:
        return verify_hint(token, issuer=here.settings.issuer, keys=here.keys, now=here.clock.now())
    except HintRefused as refused:
        log.warning("logout_hint_refused", reason=str(refused))
        return None


def _registered(uri: str | None, client_id: str | None) -> str | None:
    if uri is None:
        return None
    if client_id is not None and logout.may_return_to(uri, client_id, parts=parts(), context=context()):
        return uri
    log.warning("logout_return_refused", client_id=client_id, uri=uri[:200])
    return None


def _sign_out(person: LiveSession, asked: Asked) -> Response:
    actor = Actor(kind=ActorKind.USER, id=person.user_id)
    ended = [person.sid, *held_tokens.sids_of(person.user_id)]
    reference = logout.sign_out(ended, context=context(actor))
    if asked.return_to is not None:
        response = sent_to(asked.return_to, asked.added)
    else:
        response = make_response(redirect(f"{DONE_PATH}?s={reference}", 303))
    sso.forget_account(response, person.account_code, ended=ended)
    return response


def _ask(people: Any, asked: Asked) -> Response:
    """Let the person decide, and remember in the form where the way leads then."""
    then = {"client_id": asked.client_id, "post_logout_redirect_uri": asked.return_to, "state": asked.state}
    carried = {name: value for name, value in then.items() if value is not None} if asked.return_to else {}
    response = make_response(render_template("logout.html", people=people, action=CONFIRM_PATH, carried=carried))
    if asked.return_to is not None:
        headers.let_forms_end_at(response, asked.return_to)
    return response


def _nobody_here(asked: Asked) -> ResponseReturnValue:
    """Somebody whose session is over already is not kept from the service that sent them."""
    if asked.hint is not None and asked.return_to is not None:
        return sent_to(asked.return_to, asked.added)
    return redirect(CONFIRM_PATH, 303)

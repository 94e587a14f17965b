"""Proving anew who one is, by a mailed code, for a service that asks for it (CONTRACT §6 rule 9)."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from idp.browser import bond, headers, language, sso
from idp.browser.runtime import context, parts
from idp.domain.context import Actor, ActorKind, Context
from idp.domain.secrets import digest
from idp.pages import blueprint
from idp.pages.magic_link import CODE_PROBLEMS as OF_SIGN_IN
from idp.pages.sign_in import go_on
from idp.services.oauth import authorize, presence
from idp.services.oauth.presence import ProofMissing
from idp.services.registry import clients
from idp.services.sign_in import fresh_proof
from idp.services.sign_in.mail_codes import Verdict
from idp.store.mail_proofs import MAX_SERVICE_NAME, Window
from idp.store.sso_sessions import LiveSession

PATH = "/login/magic/proof/"
CODE_PROBLEMS = {
    **OF_SIGN_IN,
    Verdict.NO_MORE_TODAY: _("Too many wrong codes were typed today. Go back to the service, and try again tomorrow."),
}


@blueprint.get(PATH)
def fresh_proof_page() -> ResponseReturnValue:
    """Offer to mail a code, or wait for it: ``r`` names the waiting request, ``m`` the mail."""
    person, service_name = _asked_for()
    if person is None:
        return _resume()
    if request.args.get("m") is None:
        return _offer(person, service_name)
    return _waiting(person, service_name, None)


@blueprint.post(PATH)
def send_or_take_code() -> ResponseReturnValue:
    """Mail the code; with ``m``, take what was typed."""
    person, service_name = _asked_for()
    if person is None:
        return _resume()
    if request.args.get("m") is None:
        return _send(person, service_name)
    outcome = fresh_proof.prove(
        request.args.get("m", ""),
        request.form.get("code", ""),
        person=person,
        browser=bond.current(),
        parts=parts(),
        context=_acting(person),
    )
    if isinstance(outcome, Verdict):
        return _waiting(person, service_name, outcome), HTTPStatus.UNPROCESSABLE_ENTITY
    return go_on(outcome, request.args.get("r", ""), None)


def _asked_for() -> tuple[LiveSession | None, str]:
    """Return who is to prove themselves for the waiting request, and for which service; nobody where none has to.

    :raises RequestNotParked: nothing waits in this browser.
    """
    waiting = authorize.waiting(request.args.get("r", ""), browser=bond.current(), context=context())
    language.of_waiting(waiting.ui_locales)
    client = clients.find(waiting.client_id, context=context())
    if client is None:
        return None, ""
    found = presence.of(waiting, client, sso.sessions(), context=context())
    person = found.session if isinstance(found, ProofMissing) else None
    return person, client.metadata.client_name


def _resume() -> Response:
    return make_response(redirect(url_for("authorize.resume", r=request.args.get("r")), 303))


def _send(person: LiveSession, service_name: str) -> Response:
    browser = bond.current()
    window = Window(
        browser_digest=digest(browser),
        parked_id=request.args.get("r"),
        service_name=service_name[:MAX_SERVICE_NAME],
        language=language.current(),
    )
    proof_id = fresh_proof.send(person, window, parts=parts(), context=_acting(person))
    return make_response(redirect(url_for("pages.fresh_proof_page", r=request.args.get("r"), m=proof_id), 303))


def _offer(person: LiveSession, service_name: str) -> str:
    return render_template(
        "fresh_proof.html",
        account_name=person.account_name,
        service_name=service_name,
        person=person,
        sent=False,
        action=url_for("pages.send_or_take_code", r=request.args.get("r")),
        cancel_href=url_for("authorize.resume", r=request.args.get("r"), cancel="1"),
    )


def _waiting(person: LiveSession, service_name: str, verdict: Verdict | None) -> Response:
    proof_id, parked_id = request.args.get("m", ""), request.args.get("r")
    asking = fresh_proof.asking(proof_id, person=person, browser=bond.current())
    left = asking.again_at - context().now
    page = render_template(
        "fresh_proof.html",
        account_name=asking.account_name,
        service_name=service_name,
        person=person,
        sent=True,
        email=asking.email,
        problem=None if verdict is None else CODE_PROBLEMS[verdict],
        action=url_for("pages.send_or_take_code", r=parked_id, m=proof_id),
        again_action=url_for("pages.send_or_take_code", r=parked_id),
        again_in_seconds=max(0, int(left / timedelta(seconds=1))),
        cancel_href=url_for("authorize.resume", r=parked_id, cancel="1"),
    )
    response = make_response(page)
    headers.let_forms_end_anywhere(response)
    return response


def _acting(person: LiveSession) -> Context:
    return context(Actor(kind=ActorKind.USER, id=person.user_id))

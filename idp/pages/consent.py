"""Consent: what a service will know about somebody, in words, and their answer."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.browser import bond, headers, language, sso
from idp.browser.runtime import context
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Actor, ActorKind
from idp.pages import blueprint
from idp.pages.sign_in import RESUME_PATH
from idp.services.oauth import authorize
from idp.services.oauth import consent as service
from idp.services.oauth.consent import Question

PATH = "/oauth/consent/"
ALLOW = "allow"


@blueprint.get(PATH)
def consent() -> ResponseReturnValue:
    """Ask. The waiting request is named by ``r``."""
    parked_id = request.args.get("r", "")
    asked = _asked(parked_id)
    if asked is None:
        return redirect(f"{RESUME_PATH}?r={parked_id}", 303)
    language.of_waiting(authorize.waiting(parked_id, browser=bond.current(), context=context()).ui_locales)
    return _shown(asked, parked_id)


@blueprint.post(PATH)
def answer_consent() -> ResponseReturnValue:
    """Take the answer; the waiting request is answered, or given up, where every sign-in ends."""
    parked_id = request.args.get("r", "")
    asked = _asked(parked_id)
    if asked is None:
        return redirect(f"{RESUME_PATH}?r={parked_id}", 303)
    if request.form.get("decision") != ALLOW:
        return redirect(f"{RESUME_PATH}?r={parked_id}&cancel=1", 303)
    person = asked.person
    actor = Actor(kind=ActorKind.USER, id=person.user_id)
    service.allow(parked_id, browser=bond.current(), session=person, context=context(actor))
    return redirect(f"{RESUME_PATH}?r={parked_id}", 303)


def _asked(parked_id: str) -> Question | None:
    """Return what is to be asked, or none where somebody has to sign in first.

    :raises RequestNotParked: shown as a page.
    """
    return service.question(parked_id, browser=bond.current(), sessions=sso.sessions(), context=context())


def _shown(asked: Question, parked_id: str) -> Response:
    response = make_response(
        render_template(
            "consent.html",
            account_name=asked.account_name,
            service_name=asked.service_name,
            third_party=asked.third_party,
            on_device=asked.on_device,
            host=urlsplit(asked.redirect_uri).hostname,
            disclosures=asked.disclosures,
            person=asked.person,
            staff=asked.person.account_code == STAFF_ACCOUNT,
            other_href=url_for("pages.sign_in", r=parked_id, account=asked.person.account_code),
        )
    )
    headers.let_forms_end_at(response, asked.redirect_uri)
    return response

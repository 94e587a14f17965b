"""Entering a customer's account as staff: which, as what, until when, and a button."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from idp.browser import bond, headers, sso
from idp.browser.runtime import context, parts
from idp.domain.context import Actor, ActorKind
from idp.domain.errors import NotAdmitted
from idp.domain.roles import groups_of
from idp.pages import blueprint
from idp.pages.errors import Return, page
from idp.pages.sign_in import RESUME_PATH
from idp.services.oauth import authorize
from idp.services.sign_in import staff_entry
from idp.store.sso_sessions import LiveSession


@blueprint.get("/login/staff/")
def staff() -> ResponseReturnValue:
    """Say what is about to be entered. The waiting request is named by ``r``."""
    person = staff_entry.staff_among(sso.sessions())
    parked_id = request.args.get("r", "")
    if person is None:
        return _to_sign_in(parked_id)
    try:
        invited = staff_entry.invitation(
            parked_id, browser=bond.current(), person=person, context=context(_actor(person))
        )
    except NotAdmitted as refused:
        return _refused(refused, parked_id, person)
    shown = render_template(
        "staff_enter.html",
        account_name=invited.account_name,
        service_name=invited.service_name,
        person=person,
        groups=groups_of(invited.roles),
        until=invited.until,
        last_day=last_day(invited.until),
        staff=True,
        other_href=url_for("pages.sign_in", r=parked_id, account=invited.account),
    )
    response = make_response(shown)
    headers.let_forms_end_at(response, invited.redirect_uri)
    return response


@blueprint.post("/login/staff/")
def enter_as_staff() -> ResponseReturnValue:
    """Enter, and answer the waiting request."""
    person = staff_entry.staff_among(sso.sessions())
    parked_id = request.args.get("r", "")
    if person is None:
        return _to_sign_in(parked_id)
    staff_entry.enter(parked_id, browser=bond.current(), person=person, parts=parts(), context=context(_actor(person)))
    return redirect(f"{RESUME_PATH}?r={parked_id}", 303)


def _refused(refused: NotAdmitted, parked_id: str, person: LiveSession) -> ResponseReturnValue:
    """Say who is refused where, and offer to be one of the company's people instead."""
    words = gettext("Sign in as one of the company's people")
    way_back = Return.to_waiting(parked_id, account=str(refused.evidence["account"]), again=words)
    return page(refused, way_back=way_back, person=person, staff=True)


def last_day(until: datetime | None) -> date | None:
    """Return the day at whose end a grant ends; none where it ends in between, or never."""
    return (until - timedelta(days=1)).date() if until is not None and until.time() == time() else None


def _to_sign_in(parked_id: str) -> ResponseReturnValue:
    """Send somebody whose staff session is over, or who has none, to sign in for what waits."""
    authorize.waiting(parked_id, browser=bond.current(), context=context())
    return redirect(url_for("pages.sign_in", r=parked_id), 303)


def _actor(person: LiveSession) -> Actor:
    return Actor(kind=ActorKind.USER, id=person.user_id)

"""The one way into a page under ``/manage/``: whose account, as what, and where whoever may not is sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from urllib.parse import urlencode

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.browser import sso
from idp.browser.runtime import context, request_id
from idp.domain.codes import CODE
from idp.domain.context import Actor, ActorKind, Context
from idp.domain.roles import groups_of
from idp.pages import blueprint
from idp.pages.messages import ERROR_TEXTS
from idp.pages.staff import last_day
from idp.services.people import management
from idp.services.people.management import Managing, MustEnter, NotManaging
from idp.store.sso_sessions import LiveSession

PATH = "/manage/access-requests/"


def managed(view: Callable[[Managing], ResponseReturnValue]) -> Callable[[], ResponseReturnValue]:
    """Let a view be reached by those who manage the account that ``account`` names, and by nobody else."""

    @wraps(view)
    def guarded() -> ResponseReturnValue:
        found = management.of(sso.sessions(), request.args.get("account"), context=context())
        match found:
            case Managing():
                return view(found)
            case MustEnter():
                return _ask_to_enter(found)
            case NotManaging(person=person):
                return _not_managing(person)
            case _:
                return _to_sign_in()

    return guarded


def acting(who: LiveSession) -> Context:
    """Return the circumstances of what a person does here."""
    return context(Actor(kind=ActorKind.USER, id=who.user_id))


@blueprint.post("/manage/enter/")
def enter_management() -> ResponseReturnValue:
    """Remember that a staff member chose to enter."""
    account = request.args.get("account", "")
    found = management.of(sso.sessions(), account, context=context())
    if isinstance(found, MustEnter):
        management.enter(found, context=acting(found.person))
    return redirect(url_for("pages.decide_access_requests", account=account), 303)


def _ask_to_enter(guest: MustEnter) -> ResponseReturnValue:
    return render_template(
        "manage_enter.html",
        account_name=guest.account_name,
        person=guest.person,
        groups=groups_of(guest.roles),
        until=guest.until,
        last_day=last_day(guest.until),
        action=url_for("pages.enter_management", account=guest.account),
        staff=True,
    )


def _not_managing(person: LiveSession) -> ResponseReturnValue:
    text = ERROR_TEXTS["not_managing"]
    shown = render_template(
        "error.html",
        title=text.title,
        sentence=text.sentence,
        advice=text.advice,
        code=request_id(),
        person=person,
        account_name=person.account_name,
        actions=[],
    )
    return shown, HTTPStatus.FORBIDDEN


def _to_sign_in() -> ResponseReturnValue:
    """Let somebody sign in, and come back to the same page."""
    account = request.args.get("account", "")
    code = account if CODE.fullmatch(account) else None
    after = PATH if code is None else f"{PATH}?{urlencode({'account': code})}"
    return make_response(redirect(url_for("pages.sign_in", account=code, after=after), 303))

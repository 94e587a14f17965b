"""My account: where somebody is signed in, which services they allowed, in which language they are spoken to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.browser import held_tokens, language, sso
from idp.browser.runtime import context
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Actor, ActorKind, Context
from idp.domain.identifiers import SessionId
from idp.pages import blueprint
from idp.services.people import own_account
from idp.services.people.own_account import EndedHere, OwnAccount
from idp.store.sso_sessions import LiveSession

PATH = "/account/"
NOTICES: Mapping[str, LazyString] = {
    "ended": _("That session has ended."),
    "withdrawn": _("It is withdrawn. The service asks you again the next time you use it."),
    "language": _("That is your language from now on."),
}
"""What an act is followed by, by the word in the address; constant words only."""


@blueprint.get(PATH)
def account() -> ResponseReturnValue:
    """Show what the people of this browser have open and allowed."""
    present = sso.sessions()
    if not present:
        return _to_sign_in()
    owned = own_account.overview(present, context=context())
    return render_template(
        "account.html",
        accounts=[_described(one) for one in owned],
        account_name=owned[0].person.account_name if len(owned) == 1 else None,
        staff=all(one.person.account_code == STAFF_ACCOUNT for one in owned),
        chosen=next((one.language for one in owned if one.language), None) or language.current(),
        languages_offered=language.LANGUAGES,
        notice=NOTICES.get(request.args.get("done", "")),
    )


@blueprint.post(f"{PATH}sessions/end/")
def end_own_session() -> ResponseReturnValue:
    """End one session, named by ``sid``."""
    present = sso.sessions()
    if not present:
        return _to_sign_in()
    sid = request.form.get("sid", "")
    ended_here = own_account.end_session(sid, present=present, context=_acting(present[0]))
    return _done("ended") if ended_here is None else _signed_out_of(ended_here)


@blueprint.get(f"{PATH}sign-out/")
def everywhere() -> ResponseReturnValue:
    """Ask before all that somebody has open ends: whose, ``account`` says."""
    return _of_one(
        request.args.get("account", ""),
        lambda own: render_template("sign_out_everywhere.html", **_described(own)),
    )


@blueprint.post(f"{PATH}sign-out/")
def sign_out_everywhere() -> ResponseReturnValue:
    """End all that somebody has open."""
    present = sso.sessions()
    if not present:
        return _to_sign_in()
    code = request.args.get("account", "")
    ended = own_account.sign_out_everywhere(code, present=present, context=_acting(present[0]))
    return _signed_out_of(ended, held_tokens.sids_of(ended.session.user_id))


@blueprint.post(f"{PATH}services/withdraw/")
def withdraw_consent() -> ResponseReturnValue:
    """Take back what somebody allowed a service: ``account`` says who, ``client`` which."""
    present = sso.sessions()
    if not present:
        return _to_sign_in()
    code, client_id = request.form.get("account", ""), request.form.get("client", "")
    own_account.withdraw(code, client_id, present=present, context=_acting(present[0]))
    return _done("withdrawn")


@blueprint.post(f"{PATH}language/")
def choose_language() -> ResponseReturnValue:
    """Keep a language for the people of this browser, and for the browser."""
    present = sso.sessions()
    if not present:
        return _to_sign_in()
    chosen = request.form.get("language", "")
    if chosen not in language.LANGUAGES:
        abort(400)
    own_account.choose_language(chosen, present=present)
    response = _done("language")
    language.keep(response, chosen)
    return response


def _of_one(code: str, show: Callable[[OwnAccount], str]) -> ResponseReturnValue:
    present = sso.sessions()
    if not present:
        return _to_sign_in()
    return show(own_account.of_account(code, present=present, context=context()))


def _acting(person: LiveSession) -> Context:
    return context(Actor(kind=ActorKind.USER, id=person.user_id))


def _to_sign_in() -> Response:
    """Let somebody sign in, and come back."""
    return make_response(redirect(url_for("pages.sign_in", after=PATH), 303))


def _done(what: str) -> Response:
    return make_response(redirect(url_for("pages.account", done=what), 303))


def _signed_out_of(ended: EndedHere, also: Sequence[SessionId] = ()) -> Response:
    """Let go of this browser's own session, which has ended; others of it stay.

    :param also: further sessions of the same person here, which have token cookies alone.
    """
    others = len(sso.sessions()) > 1
    done = redirect(url_for("pages.signed_out", s=ended.reference), 303)
    response = _done("ended") if others else make_response(done)
    sso.forget_account(response, ended.session.account_code, ended=[ended.session.sid, *also])
    return response


def _described(own: OwnAccount) -> dict[str, object]:
    return {
        "person": own.person,
        "account": own.person.account_code,
        "account_name": own.person.account_name,
        "staff": own.person.account_code == STAFF_ACCOUNT,
        "sessions": [
            {
                "sid": one.known.sid,
                "here": one.here,
                "signed_in_at": one.known.auth_time,
                "amr": one.known.amr,
                "last_seen_at": one.known.last_seen_at,
                "services": one.services,
            }
            for one in own.sessions
        ],
        "allowed": [
            {
                "client_id": one.client_id,
                "name": one.name,
                "since": one.since,
                "disclosures": one.disclosures,
            }
            for one in own.allowed
        ],
        "connected": own.connected,
    }

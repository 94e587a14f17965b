"""``GET /session/jwt/``: the link that opens a widget's session in another browser (DOMAIN.md; CONTRACT §6 rule 4)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from idp.browser import headers, sso
from idp.browser.held_tokens import genuine
from idp.browser.looking import spends
from idp.browser.runtime import context, parts
from idp.domain.context import Actor, ActorKind, Context
from idp.domain.errors import CookieExpired, CookieSessionOver, ExchangeTokenRefused
from idp.domain.identifiers import UserId
from idp.domain.landing import landing
from idp.services.widget import cookies, exchange
from idp.services.widget.exchange import Offered
from idp.tokens.cookie_token import CookieToken, CookieType
from idp.widget.answers import put

PATH = "/session/jwt/"
CONTINUE_PATH = "/session/jwt/continue/"
BY_HAND = frozenset({"none", None})
"""``Sec-Fetch-Site`` of an address that a person opened, or of a browser that does not say."""

blueprint = Blueprint("exchange_link", __name__)


@blueprint.get(PATH)
@spends
def open_link() -> ResponseReturnValue:
    """Open the session at once where nobody else is meant; otherwise ask."""
    token = request.args.get("jwt", "")
    offered = exchange.look(token, parts=parts(), context=context())
    target = _target(offered, request.args.get("redirect"))
    here = _people_here()
    if offered.is_used:
        if offered.user_id not in here:
            raise ExchangeTokenRefused("it was used before, and not by this person in this browser")
        return redirect(target, 303)
    if request.headers.get("Sec-Fetch-Site") in BY_HAND and here <= {offered.user_id}:
        return _opened(token, offered, target)
    response = make_response(
        render_template(
            "exchange_continue.html",
            account_name=offered.account_name,
            person=offered,
            token=token,
            path=request.args.get("redirect"),
            target=target,
        )
    )
    headers.let_forms_end_at(response, target)
    return response


@blueprint.post(CONTINUE_PATH)
def continue_as() -> ResponseReturnValue:
    """Open the session, as the person wants."""
    _require_same_origin()
    token = request.form.get("jwt", "")
    offered = exchange.look(token, parts=parts(), context=context())
    target = _target(offered, request.form.get("redirect"))
    if offered.is_used and offered.user_id in _people_here():
        return redirect(target, 303)
    return _opened(token, offered, target)


def _require_same_origin() -> None:
    """Refuse a form that another site sent, whatever is in it.

    Our pages send no referrer, and then a browser says ``Origin: null`` of its own form, too (Fetch §3.2).

    :raises CSRFError: the browser says that it comes from elsewhere.
    """
    origin, site = request.headers.get("Origin", "null"), request.headers.get("Sec-Fetch-Site", "same-origin")
    if origin not in {"null", parts().settings.issuer} or site != "same-origin":
        raise CSRFError("sent from another origin")


def _opened(token: str, offered: Offered, target: str) -> Response:
    others = [one for one in sso.sessions() if one.account_code == offered.account and one.user_id != offered.user_id]
    given = exchange.use(
        token,
        held=genuine(CookieType.ACCESS),
        replaced=[one.sid for one in others],
        parts=parts(),
        context=_acting(offered.user_id),
    )
    response = make_response(redirect(target, 303))
    if others:
        sso.forget_account(response, offered.account, ended=[one.sid for one in others])
    put(response, given)
    return response


def _target(offered: Offered, wanted: str | None) -> str:
    return landing(offered.base_url or parts().settings.issuer, wanted)


def _people_here() -> set[UserId]:
    """Return who has a session in this browser, of whatever account: by token cookies, or signed in."""
    signed_in = {one.user_id for one in sso.sessions()}
    return signed_in | {one.user_id for one in _alive(genuine(CookieType.ACCESS))}


def _alive(tokens: Sequence[CookieToken]) -> Sequence[CookieToken]:
    found = []
    for token in tokens:
        with suppress(CookieSessionOver):
            with suppress(CookieExpired):
                cookies.who_is_there(token, context=_acting(token.user_id))
            found.append(token)
    return found


def _acting(user_id: UserId) -> Context:
    return context(Actor(kind=ActorKind.USER, id=user_id))

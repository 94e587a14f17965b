"""``/auth/*``: the cookie session, who it is, renewing and ending it (CONTRACT §4, §6 rules 1 to 3)."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from idp.browser import token_cookies
from idp.browser.held_tokens import genuine
from idp.browser.looking import spends
from idp.browser.runtime import context, parts
from idp.browser.token_cookies import REFRESH_PATH
from idp.domain.context import Actor, ActorKind, Context
from idp.services.widget import cookies, exchange
from idp.settings import JWKS_MAX_AGE_SECONDS
from idp.tokens.cookie_token import CookieToken, CookieType
from idp.widget import cors
from idp.widget.answers import cookies_answer, json_answer, refusing, session_answer
from idp.widget.presented import with_one

JWKS_PATH = "/auth/jwks"
SESSION_PATH = "/auth/session/"
EXCHANGE_PATH = "/auth/exchange-token"
LOGOUT_PATH = "/auth/logout"

blueprint = Blueprint("auth", __name__)
keys = Blueprint("auth_keys", __name__)
blueprint.after_request(cors.finish)


@blueprint.get(f"{SESSION_PATH}", provide_automatic_options=False)
@refusing
def session() -> Response:
    """Say who is there."""
    who = with_one(CookieType.ACCESS, lambda token: cookies.who_is_there(token, context=_acting(token)), proven=False)
    return session_answer(who)


@blueprint.post(f"{REFRESH_PATH}/", provide_automatic_options=False)
@refusing
def refresh() -> Response:
    """Renew the cookies."""
    given = with_one(
        CookieType.REFRESH,
        lambda token: cookies.renew(token, parts=parts(), context=_acting(token)),
        proven=True,
    )
    return cookies_answer(given)


@blueprint.route(f"{EXCHANGE_PATH}/", methods=["GET", "POST"], provide_automatic_options=False)
@spends
@refusing
def exchange_token() -> Response:
    """Give a token for a link that opens this session in another browser."""
    minted = with_one(
        CookieType.ACCESS,
        lambda token: exchange.mint(token, parts=parts(), context=_acting(token)),
        proven=True,
    )
    return json_answer({"token": minted.token, "expires_in": minted.expires_in_seconds})


@blueprint.post(f"{LOGOUT_PATH}/", provide_automatic_options=False)
@refusing
def logout() -> Response:
    """End the session, with a cookie that may have expired."""
    ended = with_one(CookieType.ACCESS, _sign_out, proven=True)
    response = json_answer({"signed_out": True})
    # Another person's session in the other jar is theirs, and goes on.
    spared = {one.jar for one in genuine(CookieType.ACCESS) if one.user_id != ended.user_id}
    token_cookies.clear(response, parts().settings, spared=spared)
    return response


@blueprint.route(SESSION_PATH, methods=["OPTIONS"])
def session_preflight() -> ResponseReturnValue:
    """Let the pages of accounts ask."""
    return cors.preflight("GET")


@blueprint.route(f"{EXCHANGE_PATH}/", methods=["OPTIONS"])
def exchange_preflight() -> ResponseReturnValue:
    """Let the pages of accounts ask."""
    return cors.preflight("GET", "POST")


@blueprint.route(f"{REFRESH_PATH}/", methods=["OPTIONS"])
@blueprint.route(f"{LOGOUT_PATH}/", methods=["OPTIONS"])
def changing_preflight() -> ResponseReturnValue:
    """Let the pages of accounts call."""
    return cors.preflight("POST")


@keys.get(f"{JWKS_PATH}/", provide_automatic_options=False)
def jwks() -> ResponseReturnValue:
    """Publish the keys that verify cookie tokens; anybody may read them."""
    response = Response(parts().session_keys.jwks(now=parts().clock.now()), mimetype="application/json")
    response.headers["Cache-Control"] = f"public, max-age={JWKS_MAX_AGE_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _sign_out(token: CookieToken) -> CookieToken:
    # Clearing takes the same person's cookies from both jars, and each jar may hold a session of its own.
    theirs = [one for one in genuine(CookieType.ACCESS) if one.user_id == token.user_id]
    cookies.sign_out(theirs, context=_acting(token))
    return token


def _acting(token: CookieToken) -> Context:
    return context(Actor(kind=ActorKind.USER, id=token.user_id))

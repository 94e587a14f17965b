"""``/session/*``: what a platform's page posts to get session cookies (CONTRACT §4, §6 rules 2 and 4)."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from idp.browser.held_tokens import genuine
from idp.browser.runtime import context, parts
from idp.domain import pkce
from idp.domain.identifiers import AccountCode
from idp.domain.jars import Jar
from idp.services.widget import api_key, handoff, platform_jwt
from idp.services.widget.arrival import Caller
from idp.tokens.cookie_token import CookieToken, CookieType
from idp.tokens.platform_jwt import read
from idp.widget import cors
from idp.widget.answers import Refused, cookies_answer, refusing

API_KEY_PATH = "/session/api-key/"
JWT_PATH = "/session/jwt/"
HANDOFF_PATH = "/session/handoff/"
MAX_TEXT = 255
MAX_TOKEN = 16_384

blueprint = Blueprint("bridges", __name__)
blueprint.after_request(cors.finish)


@blueprint.post(API_KEY_PATH, provide_automatic_options=False)
@refusing
def by_api_key() -> Response:
    """Let an agent in by the account's API key."""
    sent = _sent()
    account = AccountCode(_text(sent, "account"))
    key, agent_id = _text(sent, "api_key", most=MAX_TOKEN), _text(sent, "agent_id")
    name = _text(sent, "agent_name", needed=False)
    given = api_key.enter(
        account,
        key,
        agent_id=agent_id,
        agent_name=name or None,
        caller=_caller(account),
        parts=parts(),
        context=context(),
    )
    return cookies_answer(given)


@blueprint.post(JWT_PATH, provide_automatic_options=False)
@refusing
def by_platform_jwt() -> Response:
    """Let an agent in by what the platform signed."""
    token = read(_text(_sent(), "jwt", most=MAX_TOKEN), issuer=parts().settings.issuer, now=parts().clock.now())
    given = platform_jwt.enter(token, caller=_caller(AccountCode(token.account)), parts=parts(), context=context())
    return cookies_answer(given)


@blueprint.post(HANDOFF_PATH, provide_automatic_options=False)
@refusing
def by_handoff() -> Response:
    """Give the widget the session that its sign-in window handed over."""
    sent = _sent()
    calling = cors.origin()
    if calling is None or not cors.is_embedded():
        raise cors.not_allowed()
    token, verifier = _text(sent, "handoff"), _text(sent, "verifier")
    if not pkce.is_verifier(verifier):
        raise Refused(HTTPStatus.BAD_REQUEST, "invalid_request", "The verifier is not well-formed.")
    account = handoff.account_of(token)
    if account is not None and not cors.allowed_account(account):
        raise cors.not_allowed()
    given = handoff.redeem(
        token,
        verifier,
        origin=calling,
        allowed=parts().origins.again(calling, now=parts().clock.now()),
        held=genuine(CookieType.ACCESS),
        parts=parts(),
        context=context(),
    )
    return cookies_answer(given)


@blueprint.route(API_KEY_PATH, methods=["OPTIONS"])
@blueprint.route(JWT_PATH, methods=["OPTIONS"])
@blueprint.route(HANDOFF_PATH, methods=["OPTIONS"])
def bridge_preflight() -> ResponseReturnValue:
    """Let the pages of accounts call."""
    return cors.preflight("POST")


def _sent() -> dict[str, Any]:
    """Return the JSON object that was sent, once the page may be some account's.

    :raises Refused: the page may not call, or it is no JSON object.
    """
    cors.require_listed()
    if request.mimetype != "application/json":
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Send JSON, as application/json.")
    try:
        sent = request.get_json()
    except (BadRequest, RecursionError):
        sent = None
    if not isinstance(sent, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "invalid_request", "The body is not a JSON object.")
    return sent


def _text(sent: dict[str, Any], name: str, *, most: int = MAX_TEXT, needed: bool = True) -> str:
    value = sent.get(name, None if needed else "")
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or len(value) > most or not value.isprintable() or (needed and not value):
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "invalid_request",
            f"The member {name} must be a text of {1 if needed else 0} to {most} printable characters.",
        )
    return value


def _caller(account: AccountCode) -> Caller:
    """Say from where the bridge is called: a page that the account lists, or a server, which is no browser.

    :raises Refused: another account's page, or one of ours.
    """
    if cors.origin() is None:
        return Caller(jar=Jar.TOP, held=_held(account))
    if not cors.is_embedded() or not cors.allowed_account(account):
        raise cors.not_allowed()
    return Caller(jar=Jar.PARTITIONED, held=_held(account))


def _held(account: AccountCode) -> Sequence[CookieToken]:
    return [one for one in genuine(CookieType.ACCESS) if one.account == account]

"""What the scripted provider answers: cookie sessions, bridges, and the windows of ``/platform/sso``.

A session is renewed by a token that works once; the one just spent works
again until its successor has (CONTRACT §6 rule 3).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Blueprint, Flask, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug import Response

from idp.widget import sdk
from tests.support.gallery import serving
from tests.widget_sdk.provider import ACCESS, API_KEY, PLATFORM_JWT, REFRESH, Provider, Session

calls = Blueprint("calls", __name__)


@contextmanager
def provider_running() -> Iterator[Provider]:
    """Serve a provider, and the script, while the block runs."""
    provider = Provider()
    app = Flask("scripted provider", static_folder=None)
    app.url_map.strict_slashes = False
    app.extensions["provider"] = provider
    app.register_blueprint(sdk.blueprint)
    app.register_blueprint(calls)
    with serving(app) as address:
        provider.issuer = address
        yield provider


def _provider() -> Provider:
    found: Provider = current_app.extensions["provider"]
    return found


# Around each call: it is counted, goes wrong as told, and is answered to the account's origins only (§6 rule 2).


@calls.before_request
def count_and_delay() -> None:
    if request.method != "OPTIONS":
        with _provider().lock:
            _provider().calls[f"{request.method} {request.path}"] += 1
        time.sleep(_provider().delays.get(request.path, 0))


@calls.before_request
def fail() -> ResponseReturnValue | None:
    if request.method == "OPTIONS":
        return None
    if _fails_with("half"):
        return Response('{"error": "exp', status=401, mimetype="application/json")
    return ("in trouble", 500) if _fails_with("500") else None


@calls.before_request
def admit() -> ResponseReturnValue | None:
    if not _is_for_the_widget():
        return None
    if request.headers.get("Origin") not in {*_provider().origins, None}:
        return "not of this account", 403
    if request.method == "OPTIONS":
        allowed = {"Methods": "GET, POST", "Headers": "X-CSRF-TOKEN, Content-Type"}
        return Response(status=204, headers={f"Access-Control-Allow-{what}": said for what, said in allowed.items()})
    return None


@calls.after_request
def let_the_page_read(response: Response) -> Response:
    origin = request.headers.get("Origin")
    if _is_for_the_widget() and origin in _provider().origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Vary"] = "Origin"
    return response


@calls.after_request
def lose(response: Response) -> Response:
    if request.method != "OPTIONS" and response.status_code != 500 and _fails_with("lost"):
        # Not HTTP at all: what only breaks off may be asked for again by the browser itself.
        connection = request.environ["werkzeug.socket"]
        connection.sendall(b"\0\0\0\0\0\0\0\0\r\n\r\n")
        connection.shutdown(socket.SHUT_RDWR)
    return response


def _is_for_the_widget() -> bool:
    return request.path.startswith(("/auth/", "/session/"))


def _fails_with(fault: str) -> bool:
    """Say whether this call is to go wrong so; it then counts as done."""
    waiting = _provider().faults.get(request.path, [])
    if waiting[:1] != [fault]:
        return False
    waiting.pop(0)
    return True


# Calls with cookies.


@calls.get("/auth/session/")
def who() -> ResponseReturnValue:
    session = _named(ACCESS)
    if session is None:
        return _error(401, "unauthorized", "Nobody is signed in.")
    if session.expires_at <= _provider().now():
        return jsonify(error="expired", csrf_refresh_token=session.csrf_refresh), 401
    return jsonify(_described(session))


@calls.post("/auth/refresh")
def refresh() -> ResponseReturnValue:
    session = _named(REFRESH)
    if session is None or request.headers.get("X-CSRF-TOKEN") != session.csrf_refresh:
        return _error(401, "unauthorized", "There is nothing to renew.")
    with _provider().lock:
        presented = int(request.cookies[REFRESH].partition(":")[2])
        if presented not in {session.generation, session.generation - 1}:
            session.ended = True
            return _error(401, "unauthorized", "There is nothing to renew.")
        session.generation = presented + 1
        session.expires_at = _provider().now() + _provider().access_seconds
    return _with_cookies(jsonify(_described(session)), session)


@calls.route("/auth/exchange-token", methods=["GET", "POST"])
def exchange() -> ResponseReturnValue:
    session = _named(ACCESS)
    if session is None or session.expires_at <= _provider().now():
        return _error(401, "unauthorized", "Nobody is signed in.")
    return _wrong_csrf(session) or jsonify(token="one.time.token", expires_in=3600)


@calls.post("/auth/logout")
def logout() -> ResponseReturnValue:
    session = _named(ACCESS)
    if session is None:
        return _error(401, "unauthorized", "Nobody is signed in.")
    if refused := _wrong_csrf(session):
        return refused
    session.ended = True
    response = jsonify(signed_out=True)
    response.delete_cookie(ACCESS)
    response.delete_cookie(REFRESH, path="/auth/refresh")
    return response


def _named(cookie: str) -> Session | None:
    session = _provider().sessions.get(request.cookies.get(cookie, "").partition(":")[0])
    return None if session is None or session.ended else session


def _wrong_csrf(session: Session) -> ResponseReturnValue | None:
    if request.headers.get("X-CSRF-TOKEN") == session.csrf_access:
        return None
    return _error(403, "access_denied", "X-CSRF-TOKEN does not match.")


# Bridges.


@calls.before_request
def take_json_only() -> ResponseReturnValue | None:
    if request.method != "POST" or not request.path.startswith("/session/"):
        return None
    if request.mimetype != "application/json":
        return _error(415, "invalid_request", "Send JSON.")
    _provider().bodies.append(request.get_json())
    return None


@calls.post("/session/api-key/")
def api_key() -> ResponseReturnValue:
    said = request.get_json()
    if said.get("api_key") != API_KEY or said.get("account") != _provider().account:
        return _error(403, "access_denied", "This API key is not in use.")
    return _signed_in(said["agent_id"])


@calls.post("/session/jwt/")
def platform_jwt() -> ResponseReturnValue:
    if request.get_json().get("jwt") != PLATFORM_JWT:
        return _error(401, "invalid_token", "The JWT is not signed by this account's platform.")
    return _signed_in("8001")


@calls.post("/session/handoff/")
def handoff() -> ResponseReturnValue:
    said = request.get_json()
    challenge, person = _provider().handoffs.pop(said.get("handoff", ""), ("", ""))
    if not challenge or _s256(said.get("verifier", "")) != challenge:
        return _error(400, "invalid_grant", "This hand-off cannot be used.")
    return _signed_in(person)


def _s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


# Windows.


@calls.get("/platform/sso")
def sso() -> ResponseReturnValue:
    provider = _provider()
    provider.departures.append(request.args.to_dict())
    if "handoff" not in request.args:
        return _with_cookies(
            Response("Return to your platform.", mimetype="text/html"), provider.signs_in(provider.at_desk)
        )
    token = secrets.token_urlsafe(16)
    provider.handoffs[token] = (request.args["handoff"], provider.at_desk)
    script = provider.windows.pop(0) if len(provider.windows) > 1 else provider.windows[0]
    known = f"const TOKEN = {token!r}, ORIGIN = {request.args['origin']!r};"
    return f"<title>Signed in</title><script>{known}{script}</script>"


@calls.get("/frame/")
def frame() -> ResponseReturnValue:
    """Say a hand-off to the window around this one, which did not open it."""
    return "<script>parent.postMessage({type: 'deepdesk:handoff', handoff: 'planted'}, '*')</script>"


@calls.get("/favicon.ico")
def icon() -> ResponseReturnValue:
    return "", 204


@calls.get("/upstream/")
def upstream() -> ResponseReturnValue:
    """Cut this window from the one that opened it, as some upstreams' pages do."""
    return Response("Sign in.", headers={"Cross-Origin-Opener-Policy": "same-origin"})


# Answers.


def _signed_in(person: str) -> Response:
    session = _provider().signs_in(person)
    return _with_cookies(jsonify(_described(session)), session)


def _described(session: Session) -> dict[str, Any]:
    provider = _provider()
    return {
        "csrf_access_token": session.csrf_access,
        "csrf_refresh_token": session.csrf_refresh,
        "expires_in": round(session.expires_at - provider.now()),
        "account": provider.account,
        "identity": {
            "account": provider.account,
            "user_id": session.person,
            "user_name": f"Agent {session.person}",
            "user_email": f"{session.person}@acme.example",
        },
        "roles": ["deepdesk.agent"],
        "role_name": "deepdesk.agent",
        "acr": "urn:deepdesk:acr:bridge",
        "auth_time": int(provider.now()),
    }


def _with_cookies(response: Response, session: Session) -> Response:
    token = f"{session.sid}:{session.generation}"
    response.set_cookie(ACCESS, token, httponly=True, samesite="Lax")
    response.set_cookie(REFRESH, token, httponly=True, samesite="Lax", path="/auth/refresh")
    return response


def _error(status: int, error: str, description: str) -> ResponseReturnValue:
    return jsonify(error=error, error_description=description), status

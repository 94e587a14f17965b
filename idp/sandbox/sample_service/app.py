"""The sample service's application: five addresses, and one cookie of its own.

After a sign-in the cookie holds the verified claims and the token's header,
nothing secret and no token. It is signed with a key that lasts as long as the
process.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from joserfc import jws
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug import Response

from idp.sandbox.sample_service.claims import rows
from idp.sandbox.sample_service.problems import meaning_of

SCOPE = "openid profile email roles"
LEEWAY_SECONDS = 60
TIMEOUT_SECONDS = 10
STAFF_HINT = "staff:google"
"""How a service asks for Deepdesk's own people: by the provider with which they sign in."""
COOKIE = "sample_service"
"""Cookies are shared between ports, so the provider's own name must not be used."""
_ATTEMPTS_KEPT = 4
"""Sign-ins that may be open at once, in several tabs; more would outgrow the cookie."""


class AnswerRefused(Exception):
    """The answer from the provider does not belong to a sign-in of this browser, or is not the provider's."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.description = description


def create_sample_service(*, issuer: str, client_id: str, client_secret: str, base_url: str) -> Flask:
    """Return the service; nothing is fetched before somebody signs in.

    :param issuer: the provider's issuer identifier, without a trailing slash.
    :param base_url: where this service answers, without a trailing slash; its redirect URI is
        ``base_url + "/callback/"``.
    """
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secrets.token_hex(32),
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=base_url.startswith("https:"),
    )
    provider = OAuth(app).register(
        "deepdesk",
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": SCOPE,
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT_SECONDS,
        },
    )
    _add_pages(app, provider, issuer=issuer, client_id=client_id, base_url=base_url)
    _add_errors(app)
    _add_policy(app, issuer)
    return app


def _add_pages(app: Flask, provider: Any, *, issuer: str, client_id: str, base_url: str) -> None:
    app.context_processor(lambda: {"issuer": issuer, "client_id": client_id})

    @app.get("/")
    def home() -> ResponseReturnValue:
        if "claims" not in session:
            return render_template("sample/start.html")
        claims, header = session["claims"], session["header"]
        return render_template("sample/signed_in.html", rows=rows(claims), claims=claims, header=header)

    @app.get("/sign-in/")
    def sign_in() -> ResponseReturnValue:
        _forget_oldest_attempts()
        answer: Response = provider.authorize_redirect(f"{base_url}/callback/")
        return answer

    @app.get("/sign-in/staff/")
    def sign_in_as_staff() -> ResponseReturnValue:
        _forget_oldest_attempts()
        answer: Response = provider.authorize_redirect(f"{base_url}/callback/", idp_hint=STAFF_HINT)
        return answer

    @app.get("/callback/")
    def callback() -> ResponseReturnValue:
        _check_belongs_here(provider, issuer)
        tokens = provider.authorize_access_token(
            # Authlib takes options out of this mapping, so it is made anew for each sign-in.
            claims_options={
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": client_id},
            },
            leeway=LEEWAY_SECONDS,
        )
        session["claims"] = dict(tokens["userinfo"])
        session["header"] = _header(tokens["id_token"])
        return redirect(url_for("home"), code=303)

    @app.post("/sign-out/")
    def sign_out() -> ResponseReturnValue:
        session.clear()
        return redirect(f"{issuer}/logout/", code=303)


def _check_belongs_here(provider: Any, issuer: str) -> None:
    """Look at ``state`` and ``iss`` first: even an error counts only as the answer to a question of ours.

    :raises AnswerRefused: the answer is a stranger's, or an old one. RFC 6749 §10.12, RFC 9207 §2.4.
    """
    state = request.args.get("state", "")
    if not provider.framework.get_state_data(session, state):
        raise AnswerRefused("state_unknown")
    if request.args.get("iss") != issuer:
        raise AnswerRefused("issuer_unknown")
    if error := request.args.get("error"):
        provider.framework.clear_state_data(session, state)
        raise AnswerRefused(error, request.args.get("error_description", ""))


def _forget_oldest_attempts() -> None:
    """Keep room in the cookie: Authlib leaves abandoned attempts in the session for an hour."""
    attempts = [key for key in session if key.startswith("_state_")]
    attempts.sort(key=lambda key: float(session[key]["exp"]))
    for key in attempts[: -_ATTEMPTS_KEPT + 1]:
        del session[key]


def _header(id_token: str) -> dict[str, Any]:
    """Return the header of a token whose signature has been verified."""
    return dict(jws.extract_compact(id_token.encode()).headers())


def _add_errors(app: Flask) -> None:
    def problem(error: str, description: str, status: int) -> ResponseReturnValue:
        page = render_template("sample/problem.html", error=error, description=description, meaning=meaning_of(error))
        return page, status

    @app.errorhandler(AnswerRefused)
    def refused(problem_met: AnswerRefused) -> ResponseReturnValue:
        return problem(problem_met.error, problem_met.description, 400)

    @app.errorhandler(AuthlibBaseError)
    def answered_with_error(problem_met: AuthlibBaseError) -> ResponseReturnValue:
        return problem(problem_met.error or "unknown", problem_met.description or "", 502)

    @app.errorhandler(JoseError)
    def not_verified(problem_met: JoseError) -> ResponseReturnValue:
        return problem("id_token_not_verified", str(problem_met), 502)

    @app.errorhandler(RequestException)
    def not_reached(_: RequestException) -> ResponseReturnValue:
        return problem("provider_not_reached", "", 502)


def _add_policy(app: Flask, issuer: str) -> None:
    # Signing out posts here and is redirected to the provider, which browsers check against form-action as well.
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        f"form-action 'self' {issuer}; base-uri 'none'; frame-ancestors 'none'"
    )

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response

    app.jinja_env.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)

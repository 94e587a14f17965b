"""The platform page's application: the page, and the platform's signature on who works there."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from idp.domain.clock import Clock, SystemClock
from idp.sandbox.widget_page.agents import AGENTS, Agent
from idp.sandbox.widget_page.platform_jwt import platform_jwt


def create_widget_page(
    *,
    issuer: str,
    account: str,
    provider: str,
    api_key: str,
    platform_secret: str,
    agents: Iterable[Agent] = AGENTS,
    clock: Clock | None = None,
) -> Flask:
    """Return the application; it keeps nothing.

    :param issuer: whose widget is embedded, without a trailing slash.
    :param provider: code of the account's provider that signs the agents in.
    :param platform_secret: which the platform shares with Deepdesk, 32 bytes or more.
    """
    app = Flask(__name__)
    working = {agent.key: agent for agent in agents}
    time = clock or SystemClock()

    @app.get("/")
    def desk() -> ResponseReturnValue:
        return render_template(
            "desk/desk.html",
            issuer=issuer,
            account=account,
            provider=provider,
            api_key=api_key,
            agents=working.values(),
        )

    @app.post("/platform-jwt/<key>/")
    def sign(key: str) -> ResponseReturnValue:
        if key not in working:
            abort(404)
        return jsonify(
            jwt=platform_jwt(working[key], issuer=issuer, account=account, secret=platform_secret, now=time.now())
        )

    _add_policy(app, issuer)
    return app


def _add_policy(app: Flask, issuer: str) -> None:
    # What a platform has to allow so that the widget runs: its script, and calls to the provider.
    policy = (
        f"default-src 'none'; script-src 'self' {issuer}; connect-src 'self' {issuer}; style-src 'self'; "
        "img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "strict-origin"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response

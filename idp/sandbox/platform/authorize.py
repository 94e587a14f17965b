"""The platform's authorization endpoint: always a page with people to choose from (OpenID Connect Core §3.1.2)."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Blueprint, abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from idp.sandbox.platform.faults import ELSEWHERE, Fault
from idp.sandbox.platform.people import Person
from idp.sandbox.platform.state import CODE_LIFETIME, Grant, Platform, platform_of

blueprint = Blueprint("authorize", __name__)

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@blueprint.get("/")
def start() -> ResponseReturnValue:
    """Say what this is to whoever looks."""
    return render_template("platform/start.html", platform=_platform())


@blueprint.get("/authorize")
def ask() -> ResponseReturnValue:
    """Show the people."""
    platform = _platform()
    _check_destination(platform)
    problem = _problem()
    if problem is not None:
        return _return(platform, Fault.NONE, error=problem)
    return render_template(
        "platform/choose.html", platform=platform, faults=tuple(Fault), hint=request.args.get("login_hint")
    )


@blueprint.post("/authorize")
def answer() -> ResponseReturnValue:
    """Send the browser back with a code for the person chosen, or as the fault says."""
    platform = _platform()
    _check_destination(platform)
    problem = _problem()
    if problem is not None:
        return _return(platform, Fault.NONE, error=problem)
    fault = _chosen_fault(platform)
    if "cancel" in request.form or fault is Fault.REFUSAL:
        return _return(platform, fault, error="access_denied")
    person = platform.people.get(request.form.get("person", ""))
    if person is None:
        abort(400, "Nobody of that name works here.")
    return _return(platform, fault, code=platform.issue_code(_grant(platform, person, fault)))


@blueprint.errorhandler(400)
def refuse(error: BadRequest) -> ResponseReturnValue:
    """Explain, to a developer, a request that cannot be answered by sending the browser back."""
    return render_template("platform/refused.html", platform=_platform(), problem=error.description), 400


def _platform() -> Platform:
    return platform_of(current_app)


def _check_destination(platform: Platform) -> None:
    client = platform.clients.get(request.args.get("client_id", ""))
    if client is None:
        abort(400, "The parameter client_id names no application that is registered here.")
    if not client.accepts(request.args.get("redirect_uri", "")):
        abort(400, "The parameter redirect_uri is neither registered nor on this machine.")


def _problem() -> str | None:
    """Return the error code for a request that is answered with one (RFC 6749 §4.1.2.1)."""
    if request.args.get("response_type") != "code":
        return "unsupported_response_type"
    if "openid" not in request.args.get("scope", "").split():
        return "invalid_scope"
    challenge = request.args.get("code_challenge", "")
    if request.args.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        return "invalid_request"
    return None


def _chosen_fault(platform: Platform) -> Fault:
    chosen = request.form.get("fault")
    if chosen is None:
        return platform.fault
    try:
        return Fault.of(chosen)
    except ValueError:
        abort(400, "The parameter fault names none of the faults.")


def _grant(platform: Platform, person: Person, fault: Fault) -> Grant:
    now = platform.now()
    return Grant(
        client_id=request.args["client_id"],
        redirect_uri=request.args["redirect_uri"],
        challenge=request.args["code_challenge"],
        nonce=request.args.get("nonce"),
        scopes=tuple(request.args["scope"].split()),
        person=person,
        fault=fault,
        authenticated_at=now,
        expires_at=now + CODE_LIFETIME,
    )


def _return(platform: Platform, fault: Fault, **params: str) -> ResponseReturnValue:
    params["iss"] = ELSEWHERE if fault is Fault.WRONG_CALLBACK_ISS else platform.issuer
    if "state" in request.args:
        params["state"] = request.args["state"]
    parts = urlsplit(request.args["redirect_uri"])
    query = "&".join(filter(None, (parts.query, urlencode(params))))
    return redirect(urlunsplit(parts._replace(query=query)), 303)

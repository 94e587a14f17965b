"""A platform's authorization endpoint: always a page with people to choose from (OpenID Connect Core §3.1.2)."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Blueprint, abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from idp.sandbox.platform.faults import ELSEWHERE, Fault
from idp.sandbox.platform.people import Person
from idp.sandbox.platform.spoiling import arriving
from idp.sandbox.platform.state import CODE_LIFETIME, Grant, Platform, platform_of

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def offer(blueprint: Blueprint, path: str) -> None:
    """Give ``blueprint`` an authorization endpoint at ``path``, and a page about the platform at its start."""
    blueprint.add_url_rule("/", view_func=start)
    blueprint.add_url_rule(path, view_func=ask)
    blueprint.add_url_rule(path, view_func=answer, methods=["POST"])
    blueprint.register_error_handler(400, refuse)


def start() -> ResponseReturnValue:
    """Say what this is to whoever looks."""
    addresses = sorted({rule.rule for rule in current_app.url_map.iter_rules() if rule.endpoint != "static"} - {"/"})
    return render_template("platform/start.html", platform=_platform(), addresses=addresses)


def ask(**_address: str) -> ResponseReturnValue:
    """Show the people."""
    platform = _platform()
    _check_destination(platform)
    problem = _problem(platform)
    if problem is not None:
        return _return(platform, Fault.NONE, error=problem)
    return render_template(
        "platform/choose.html",
        platform=platform,
        faults=[fault for fault in Fault if fault.applies_to(platform.kind)],
        is_hinted=_is_hinted,
    )


def answer(**_address: str) -> ResponseReturnValue:
    """Send the browser back with a code for the person chosen, or as the fault says."""
    platform = _platform()
    _check_destination(platform)
    problem = _problem(platform)
    if problem is not None:
        return _return(platform, Fault.NONE, error=problem)
    fault = _chosen_fault(platform)
    if not fault.applies_to(platform.kind):
        # Whoever set the switch must not believe that this sign-in went wrong as wished.
        return _return(platform, Fault.NONE, error="server_error")
    if "cancel" in request.form or fault is Fault.REFUSAL:
        return _return(platform, fault, error="access_denied")
    chosen = platform.people.get(request.form.get("person", ""))
    if chosen is None:
        abort(400, "Nobody of that name works here.")
    person = _sent_on(arriving(chosen, fault, platform.people.values()))
    more = platform.kind.adds_to_callback(person, request.args)
    return _return(platform, fault, code=platform.issue_code(_grant(platform, person, fault)), **more)


def refuse(error: BadRequest) -> ResponseReturnValue:
    """Explain, to a developer, a request that cannot be answered by sending the browser back."""
    return render_template("platform/refused.html", platform=_platform(), problem=error.description), 400


def _platform() -> Platform:
    return platform_of(current_app)


def _check_destination(platform: Platform) -> None:
    client = platform.clients.get(request.args.get("client_id", ""))
    if client is None:
        abort(400, "The parameter client_id names no application that is registered here.")
    if client.accepts(request.args.get("redirect_uri", ""), registered_only=platform.strict_redirects):
        return
    if platform.strict_redirects:
        abort(400, "The parameter redirect_uri is not registered.")
    abort(400, "The parameter redirect_uri is neither registered nor on this machine.")


def _problem(platform: Platform) -> str | None:
    """Return the error code for a request that is answered with one (RFC 6749 §4.1.2.1)."""
    if request.args.get("response_type") != "code":
        return "unsupported_response_type"
    if not _is_scope_granted(platform):
        return "invalid_scope"
    if not _is_challenge_right(platform):
        return "invalid_request"
    if platform.kind.issues_id_tokens and "none" in request.args.get("prompt", "").split():
        return "login_required"
    return None


def _is_scope_granted(platform: Platform) -> bool:
    scopes = request.args.get("scope", "").split()
    if platform.kind.issues_id_tokens and "openid" not in scopes:
        return False
    # At Genesys scopes belong to the application; its API is what refuses.
    return platform.kind.code == "genesys" or platform.grants(scopes)


def _is_challenge_right(platform: Platform) -> bool:
    challenge = request.args.get("code_challenge")
    if challenge is None:
        return not platform.kind.needs_pkce
    return request.args.get("code_challenge_method") == "S256" and _CHALLENGE.fullmatch(challenge) is not None


def _is_hinted(person: Person) -> bool:
    """Say whether the request suggests this person; at Genesys the hint may go on with an organisation's name."""
    hint, domain = request.args.get("login_hint", "").partition(":")[0], request.args.get("hd")
    if domain is not None and person.hosted_domain is not None:
        return domain in ("*", person.hosted_domain)
    return bool(hint) and hint in (person.email, person.login)


def _chosen_fault(platform: Platform) -> Fault:
    chosen = request.form.get("fault")
    if chosen is None:
        return platform.fault
    try:
        return Fault.of(chosen)
    except ValueError:
        abort(400, "The parameter fault names none of the faults.")


def _sent_on(person: Person) -> Person:
    """Return the person as they arrive in the organisation that Genesys' ``target`` names: as a clone."""
    target = request.args.get("target") if _platform().kind.code == "genesys" else None
    if target in (None, person.tenant):
        return person
    return replace(person, tenant=target, home_tenant=person.tenant)


def _grant(platform: Platform, person: Person, fault: Fault) -> Grant:
    now = platform.now()
    return Grant(
        client_id=request.args["client_id"],
        redirect_uri=request.args["redirect_uri"],
        challenge=request.args.get("code_challenge"),
        nonce=request.args.get("nonce"),
        scopes=tuple(request.args.get("scope", "").split()),
        person=person,
        fault=fault,
        authenticated_at=now,
        expires_at=now + CODE_LIFETIME,
    )


def _return(platform: Platform, fault: Fault, **params: str) -> ResponseReturnValue:
    if fault is Fault.WRONG_CALLBACK_ISS:
        params["iss"] = ELSEWHERE
    elif platform.kind.names_itself_in_callbacks:
        params["iss"] = platform.issuer
    if "state" in request.args:
        params["state"] = request.args["state"]
    parts = urlsplit(request.args["redirect_uri"])
    query = "&".join(filter(None, (parts.query, urlencode(params))))
    return redirect(urlunsplit(parts._replace(query=query)), 303)

"""Signing out of this provider, and how far the services have been told."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.browser import held_tokens, sso
from idp.browser.runtime import context, parts
from idp.browser.verbatim import sent_to
from idp.pages import blueprint
from idp.services.sessions import logout
from idp.services.sessions.logout import Progress


@blueprint.get("/logout/")
def sign_out() -> ResponseReturnValue:
    """Ask first: a page elsewhere must not be able to sign somebody out by a link."""
    people = sso.here()
    if people:
        return render_template("logout.html", people=people)
    return render_template("signed_out.html", nobody_was_here=not sso.has_signed_out())


@blueprint.post("/logout/")
def confirm_sign_out() -> ResponseReturnValue:
    """End this browser's sessions and all that hangs on them; go on to the service that asked, if one did."""
    reference = logout.sign_out_of_everything(sso.presented(), held_tokens.sids(), context=context())
    response = _back_to_the_service() or make_response(redirect(url_for("pages.signed_out", s=reference), 303))
    sso.forget(response)
    return response


@blueprint.get("/logout/done/")
def signed_out() -> ResponseReturnValue:
    """Tell where somebody was signed out, and where not yet."""
    services = logout.progress_of(request.args.get("s", ""), context=context())
    if services is None:
        return redirect(url_for("pages.sign_out"), 303)
    some_wait = any(one.progress is Progress.WAITING for one in services)
    still_here = sso.here()
    return render_template("signed_out.html", services=services, some_wait=some_wait, people=still_here)


def _back_to_the_service() -> Response | None:
    """Return the redirect to an address that a service registered for this, where the form carries one."""
    uri, client_id = request.form.get("post_logout_redirect_uri"), request.form.get("client_id")
    if not uri or not client_id or not logout.may_return_to(uri, client_id, parts=parts(), context=context()):
        return None
    state = request.form.get("state")
    return sent_to(uri, {"state": state} if state else {})

"""Signing out of this provider."""

from __future__ import annotations

from flask import make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.browser import sso
from idp.browser.runtime import context
from idp.pages import blueprint
from idp.services.sessions import sso as sessions_service


@blueprint.get("/logout/")
def sign_out() -> ResponseReturnValue:
    """Ask first: a page elsewhere must not be able to sign somebody out by a link."""
    people = sessions_service.unended(sso.presented())
    if people:
        return render_template("logout.html", people=people)
    return render_template("signed_out.html", nobody_was_here=not sso.has_signed_out())


@blueprint.post("/logout/")
def confirm_sign_out() -> ResponseReturnValue:
    """End this browser's sessions and all that hangs on them."""
    sessions_service.end_all(sso.presented(), context=context())
    response = make_response(redirect(url_for("pages.sign_out"), 303))
    sso.forget(response)
    return response

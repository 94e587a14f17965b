"""Asking an account's managers for access, and looking how the request stands."""

from __future__ import annotations

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.browser.runtime import context, parts
from idp.domain.access_requests import MAX_MESSAGE_LENGTH
from idp.domain.errors import MailLinkSpent
from idp.pages import blueprint
from idp.pages.magic_link import spent_link
from idp.services.mailing.links import ACCESS_PATH, STATUS_PATH
from idp.services.sign_in import access_requests as service


@blueprint.get(ACCESS_PATH)
def ask_for_access() -> ResponseReturnValue:
    """Say what the button asks of whom; ``t`` is what the mail carries."""
    token = request.args.get("t", "")
    try:
        question = service.question(token, parts=parts(), context=context())
    except MailLinkSpent as spent:
        return spent_link(spent)
    if question.pending is not None:
        return redirect(url_for("pages.access_status", t=question.pending), 303)
    return render_template(
        "access_request.html",
        account_name=question.account_name,
        service_name=question.service_name,
        email=question.email,
        max_message_length=MAX_MESSAGE_LENGTH,
        action=url_for("pages.confirm_access_request", t=token),
    )


@blueprint.post(ACCESS_PATH)
def confirm_access_request() -> ResponseReturnValue:
    """Put the request before the managers."""
    token = request.args.get("t", "")
    try:
        status = service.confirm(token, request.form.get("message", ""), parts=parts(), context=context())
    except MailLinkSpent as spent:
        return spent_link(spent)
    return make_response(redirect(url_for("pages.access_status", t=status), 303))


@blueprint.get(STATUS_PATH)
def access_status() -> ResponseReturnValue:
    """Tell whoever asked how it stands."""
    standing = service.status(request.args.get("t", ""), parts=parts(), context=context())
    return render_template(
        "access_status.html",
        account_name=standing.account_name,
        standing=standing,
        sign_in_href=url_for("pages.magic", account=standing.account),
    )

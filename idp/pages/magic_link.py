"""Signing in by mail: asking for one, waiting for its code, and the page behind its link (CONTRACT §6 rule 10).

Opening any of these pages changes nothing; programs open every link of a mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.browser import afterwards, bond, headers, language, sso
from idp.browser.runtime import context, parts
from idp.domain.errors import AddressRefused, MailLinkSpent, MailNotOffered
from idp.domain.secrets import digest
from idp.pages import blueprint
from idp.pages.sign_in import find_ways, go_on, to_what_waits
from idp.services.mailing.links import CONFIRM_PATH
from idp.services.sign_in import magic_link, mail_use, mail_windows
from idp.services.sign_in.mail_codes import Verdict
from idp.services.sign_in.mail_use import Offered, SignedIn
from idp.services.sign_in.mail_windows import Waiting
from idp.services.sign_in.ways_in import WaysIn
from idp.store.mail_proofs import MAX_SERVICE_NAME, Window

CODE_PROBLEMS: Mapping[Verdict, LazyString] = {
    Verdict.NO_CODE: _("Please type the code from the mail. It has eight letters and digits."),
    Verdict.WRONG: _("That is not the code from the mail. Please look at the mail again."),
    Verdict.NO_MORE_TRIES: _("That code was tried too often, was used, or is too old. Ask for a new mail."),
    Verdict.NO_MORE_TODAY: _(
        "Too many wrong codes were typed for this address today. Open the link in the mail in the browser "
        "in which you asked for it, or try again tomorrow."
    ),
}


@blueprint.get("/login/magic/")
def magic() -> ResponseReturnValue:
    """Offer the email form alone."""
    found = _ways()
    if found is None:
        return redirect(url_for("pages.sign_in", r=request.args.get("r"), after=afterwards.path()), 303)
    return _form(found)


@blueprint.post("/login/magic/")
def ask_for_mail() -> ResponseReturnValue:
    """Mail whoever was named; the answer is the same for everybody."""
    found = _ways()
    if found is None:
        return redirect(url_for("pages.sign_in", r=request.args.get("r"), after=afterwards.path()), 303)
    browser = bond.ensure()
    typed = request.form.get("email", "")
    try:
        proof_id = magic_link.ask(
            typed, found.account, window=_window(found, browser), parts=parts(), context=context()
        )
    except AddressRefused:
        return _form(found, typed=typed, problem=True), HTTPStatus.UNPROCESSABLE_ENTITY
    return _sent(proof_id, browser)


@blueprint.get("/login/magic/sent/")
def mail_sent() -> ResponseReturnValue:
    """Wait for the code, in the window that asked; ``m`` names the mail."""
    waiting = mail_windows.waiting(request.args.get("m", ""), browser=bond.current())
    if waiting.is_used and any(one.account_code == waiting.account for one in sso.sessions()):
        # The link was used in another tab.
        return to_what_waits(waiting.parked_id, waiting.after)
    return _waiting(waiting, None)


@blueprint.post("/login/magic/sent/")
def type_mail_code() -> ResponseReturnValue:
    """Take the code."""
    proof_id, browser = request.args.get("m", ""), bond.current()
    outcome = mail_use.type_code(
        proof_id,
        request.form.get("code", ""),
        browser=browser,
        cookies=sso.presented(),
        parts=parts(),
        context=context(),
    )
    if isinstance(outcome, Verdict):
        return _waiting(mail_windows.waiting(proof_id, browser=browser), outcome), HTTPStatus.UNPROCESSABLE_ENTITY
    return _signed_in(outcome)


@blueprint.post("/login/magic/again/")
def mail_again() -> ResponseReturnValue:
    """Send another mail for the same window."""
    browser = bond.current()
    proof_id = mail_windows.again(request.args.get("m", ""), browser=browser, parts=parts(), context=context())
    return _sent(proof_id, browser)


@blueprint.get(CONFIRM_PATH)
def confirm_sign_in() -> ResponseReturnValue:
    """Say who is about to sign in where; ``t`` is what the mail carries."""
    token = request.args.get("t", "")
    try:
        return _confirm(mail_use.look(token, browser=bond.current(), parts=parts(), context=context()), None)
    except MailLinkSpent as spent:
        return spent_link(spent)


@blueprint.post(CONFIRM_PATH)
def press_sign_in() -> ResponseReturnValue:
    """Sign in."""
    token, browser = request.args.get("t", ""), bond.current()
    try:
        outcome = mail_use.press(
            token,
            request.form.get("code", ""),
            browser=browser,
            cookies=sso.presented(),
            parts=parts(),
            context=context(),
        )
        if isinstance(outcome, SignedIn):
            return _signed_in(outcome)
        offered = mail_use.look(token, browser=browser, parts=parts(), context=context())
    except MailLinkSpent as spent:
        return spent_link(spent)
    return _confirm(offered, outcome), HTTPStatus.UNPROCESSABLE_ENTITY


@blueprint.post("/login/magic/afresh/")
def mail_afresh() -> ResponseReturnValue:
    """Send another mail to whom an older one went; from now on this is the browser that asked."""
    browser = bond.ensure()
    token = request.args.get("t", "")
    try:
        proof_id = mail_windows.afresh(
            token,
            request.form.get("email", ""),
            browser=browser,
            language=language.current(),
            parts=parts(),
            context=context(),
        )
    except AddressRefused:
        return _spent(None, token, problem=True), HTTPStatus.UNPROCESSABLE_ENTITY
    return _sent(proof_id, browser)


def spent_link(spent: MailLinkSpent) -> ResponseReturnValue:
    """Say that a link cannot be used any more, and offer another mail."""
    return _spent(spent.used, spent.token), HTTPStatus.GONE


def _spent(used: bool | None, token: str | None, *, problem: bool = False) -> str:
    """Show the page of a link that opens nothing any more.

    :param used: it was used, or else is too old; none where that was said before.
    """
    return render_template(
        "magic_spent.html",
        used=used,
        action=url_for("pages.mail_afresh", t=token) if token else None,
        signed_in=bool(sso.sessions()),
        problem=problem,
    )


def _ways() -> WaysIn | None:
    """Return the ways in for what waits or for the account; none where neither says which account it is.

    :raises MailNotOffered: mail is none of them.
    """
    parked_id, account = request.args.get("r"), request.args.get("account")
    if parked_id is None and account is None:
        return None
    found = find_ways(parked_id, account)
    if not isinstance(found, WaysIn):
        return None
    if not found.email:
        raise MailNotOffered
    return found


def _window(found: WaysIn, browser: str) -> Window:
    parked_id = request.args.get("r")
    return Window(
        browser_digest=digest(browser),
        parked_id=parked_id if found.request is not None else None,
        after=None if found.request is not None else afterwards.path(),
        service_name=(found.service_name or "")[:MAX_SERVICE_NAME] or None,
        language=language.current(),
    )


def _form(found: WaysIn, *, typed: str | None = None, problem: bool = False) -> str:
    hint = found.request.login_hint if found.request else None
    return render_template(
        "magic_link.html",
        account_name=found.account_name,
        service_name=found.service_name,
        email=typed if typed is not None else hint,
        problem=problem,
        action=url_for(
            "pages.ask_for_mail",
            r=request.args.get("r"),
            account=request.args.get("account"),
            after=afterwards.path(),
        ),
        other_ways_href=_other_ways(found),
    )


def _other_ways(found: WaysIn) -> str | None:
    """Return the sign-in page with all ways in, where there are others."""
    if not found.providers:
        return None
    parked_id, account = request.args.get("r"), request.args.get("account")
    return url_for("pages.sign_in", r=parked_id, account=account, after=afterwards.path())


def _sent(proof_id: str, browser: str) -> Response:
    # The waiting request stands in the address, so that every refusal on the way knows the way back.
    where = url_for("pages.mail_sent", m=proof_id, r=request.args.get("r"))
    response = make_response(redirect(where, 303))
    bond.keep(response, browser)
    return response


def _waiting(waiting: Waiting, verdict: Verdict | None) -> Response:
    left = waiting.again_at - context().now
    proof_id = request.args.get("m", "")
    page = render_template(
        "magic_sent.html",
        account_name=waiting.account_name,
        service_name=waiting.service_name,
        email=waiting.email,
        problem=None if verdict is None else CODE_PROBLEMS[verdict],
        action=url_for("pages.type_mail_code", m=proof_id, r=waiting.parked_id),
        again_action=url_for("pages.mail_again", m=proof_id, r=waiting.parked_id),
        again_in_seconds=max(0, int(left / timedelta(seconds=1))),
        other_address_href=url_for(
            "pages.sign_in",
            r=waiting.parked_id,
            account=None if waiting.parked_id else waiting.account,
            after=waiting.after,
        ),
    )
    response = make_response(page)
    _let_it_complete(response, waiting.parked_id)
    return response


def _confirm(offered: Offered, verdict: Verdict | None) -> Response:
    page = render_template(
        "magic_confirm.html",
        account_name=offered.account_name,
        service_name=offered.service_name,
        email=offered.email,
        here=offered.here,
        asked_at=offered.asked_at,
        network=offered.network,
        problem=None if verdict is None else CODE_PROBLEMS[verdict],
        action=url_for("pages.press_sign_in", t=request.args.get("t", ""), r=offered.parked_id),
        now=context().now,
    )
    response = make_response(page)
    _let_it_complete(response, offered.parked_id)
    return response


def _let_it_complete(response: Response, parked_id: str | None) -> None:
    """Let the form's answer lead on to the service whose request it completes."""
    if parked_id is not None:
        headers.let_forms_end_anywhere(response)


def _signed_in(outcome: SignedIn) -> Response:
    if outcome.session is None:
        return to_what_waits(outcome.parked_id, outcome.after)
    return go_on(outcome.session, outcome.parked_id, outcome.after)

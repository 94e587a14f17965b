"""A fresh proof before a sensitive act: by a mailed code, or by signing in again, and back (CONTRACT §6 rule 11)."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.browser import afterwards, bond, language, sso
from idp.browser.runtime import context, parts
from idp.domain.codes import CODE
from idp.domain.errors import NotFound
from idp.domain.secrets import digest
from idp.pages import blueprint
from idp.pages.fresh_proof import CODE_PROBLEMS
from idp.pages.manage.door import PROOF_PATH, acting
from idp.pages.sign_in import go_on
from idp.services.people import management
from idp.services.people.management import Managing
from idp.services.sign_in import fresh_proof
from idp.services.sign_in.mail_codes import Verdict
from idp.store.mail_proofs import Window
from idp.store.sso_sessions import LiveSession

SERVICE_NAME = "Deepdesk"
"""Who wants the proof, in the words of page and mail."""


@blueprint.get(PROOF_PATH)
def prove_again() -> ResponseReturnValue:
    """Offer the ways to prove it, or wait for the code: ``m`` names the mail, ``after`` the page that wants it."""
    person, after = _who_and_why()
    if person is None:
        return _in_again(None, after)
    if request.args.get("m") is None:
        return _offer(person, after) if fresh_proof.is_possible(person, parts()) else _in_again(person, after)
    return _waiting(person, after, None)


@blueprint.post(PROOF_PATH)
def take_proof() -> ResponseReturnValue:
    """Mail the code; with ``m``, take what was typed."""
    person, after = _who_and_why()
    if person is None:
        return _in_again(None, after)
    if request.args.get("m") is None:
        return _send(person, after)
    outcome = fresh_proof.prove(
        request.args.get("m", ""),
        request.form.get("code", ""),
        person=person,
        browser=bond.current(),
        parts=parts(),
        context=acting(person),
    )
    if isinstance(outcome, Verdict):
        return _waiting(person, after, outcome), HTTPStatus.UNPROCESSABLE_ENTITY
    return go_on(outcome, None, after)


def _who_and_why() -> tuple[LiveSession | None, str]:
    """Return who is to prove themselves, nobody where they do not manage, and the page that waits.

    :raises NotFound: no page of management waits.
    """
    after = afterwards.path()
    if after is None or not afterwards.is_management():
        raise NotFound("no page waits for a proof")
    found = management.of(sso.sessions(), request.args.get("account"), context=context())
    return (found.person if isinstance(found, Managing) else None), after


def _in_again(person: LiveSession | None, after: str) -> ResponseReturnValue:
    """Let somebody sign in again: nobody is there, or there is no address to which a code could go."""
    named = request.args.get("account", "")
    account = person.account_code if person else (named if CODE.fullmatch(named) else None)
    return redirect(url_for("pages.sign_in", account=account, after=after, again="1" if person else None), 303)


def _send(person: LiveSession, after: str) -> Response:
    browser = bond.ensure()
    window = Window(browser_digest=digest(browser), service_name=SERVICE_NAME, language=language.current())
    mail = fresh_proof.send(person, window, parts=parts(), context=acting(person))
    response = make_response(redirect(_here("pages.prove_again", after, m=mail), 303))
    bond.keep(response, browser)
    return response


def _offer(person: LiveSession, after: str) -> str:
    return render_template(
        "fresh_proof.html",
        account_name=person.account_name,
        service_name=SERVICE_NAME,
        person=person,
        sent=False,
        action=_here("pages.take_proof", after),
        cancel_href=_overview(),
    )


def _waiting(person: LiveSession, after: str, verdict: Verdict | None) -> Response:
    mail = request.args.get("m", "")
    asking = fresh_proof.asking(mail, person=person, browser=bond.current())
    left = asking.again_at - context().now
    page = render_template(
        "fresh_proof.html",
        account_name=asking.account_name,
        service_name=SERVICE_NAME,
        person=person,
        sent=True,
        email=asking.email,
        problem=None if verdict is None else CODE_PROBLEMS[verdict],
        action=_here("pages.take_proof", after, m=mail),
        again_action=_here("pages.take_proof", after),
        again_in_seconds=max(0, int(left / timedelta(seconds=1))),
        cancel_href=_overview(),
    )
    return make_response(page)


def _here(endpoint: str, after: str, m: str | None = None) -> str:
    return url_for(endpoint, account=request.args.get("account"), after=after, m=m)


def _overview() -> str:
    return url_for("pages.manage", account=request.args.get("account"))

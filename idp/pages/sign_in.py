"""The sign-in page, the way to an upstream provider, and the way back."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from idp.browser import bond, sso
from idp.browser.looking import spends
from idp.browser.runtime import context, parts
from idp.domain.identifiers import ProviderCode
from idp.pages import blueprint
from idp.pages.errors import Return, page
from idp.services.registry.providers import CALLBACK_PATH
from idp.services.sign_in import federated, ways_in
from idp.services.sign_in.federated import NotSignedIn, SignedIn
from idp.services.sign_in.ways_in import WaysIn
from idp.upstream.connector import Hints

RESUME_PATH = "/oauth/authorize/resume/"
"""Where every sign-in ends; it writes the answer to the waiting client."""


@blueprint.get("/login/")
@spends
def sign_in() -> ResponseReturnValue:
    """Offer the ways in for a waiting request; the one that is hinted at, or the only one, is taken at once."""
    parked_id = request.args.get("r")
    if parked_id is None:
        return _without_request()
    found = ways_in.of_waiting(parked_id, browser=bond.current(), context=context())
    if any(one.account_code == found.account for one in sso.sessions()):
        # Signed in meanwhile, in another tab.
        return redirect(f"{RESUME_PATH}?r={parked_id}", 303)
    straight = found.hinted or (None if sso.has_signed_out() else found.only)
    if straight is not None:
        return _away(found, straight.code, parked_id)
    return render_template(
        "sign_in.html",
        account_name=found.account_name,
        service_name=found.service_name,
        login_hint=found.request.login_hint,
        providers=[
            {
                "code": choice.code,
                "display_name": choice.display_name,
                "href": url_for("pages.go", code=choice.code, r=parked_id),
            }
            for choice in found.providers
        ],
    )


@blueprint.get("/login/with/<code>/")
@spends
def go(code: str) -> ResponseReturnValue:
    """Send the person to the upstream provider that they chose."""
    parked_id = request.args.get("r", "")
    found = ways_in.of_waiting(parked_id, browser=bond.current(), context=context())
    return _away(found, ProviderCode(code), parked_id)


@blueprint.get(CALLBACK_PATH)
@blueprint.get(f"{CALLBACK_PATH}<own_part>/")
@spends
def callback(own_part: str | None = None) -> ResponseReturnValue:
    """Take the person back from an upstream provider."""
    path = CALLBACK_PATH if own_part is None else f"{CALLBACK_PATH}{own_part}/"
    outcome = federated.finish(
        {name: values[0] for name, values in request.args.lists() if len(values) == 1},
        callback_uri=f"{parts().settings.issuer}{path}",
        browser=bond.current(),
        cookies=sso.presented(),
        parts=parts(),
        context=context(),
    )
    match outcome:
        case SignedIn():
            return _signed_in(outcome)
        case NotSignedIn():
            return page(outcome.error, way_back=Return.to_waiting(outcome.parked_id))


def _signed_in(outcome: SignedIn) -> Response:
    response = make_response(redirect(f"{RESUME_PATH}?r={outcome.parked_id}", 303))
    sso.remember(response, outcome.session)
    return response


def _away(found: WaysIn, code: ProviderCode, parked_id: str) -> ResponseReturnValue:
    hints = Hints(login_hint=found.request.login_hint, ui_locales=found.request.ui_locales)
    url = federated.begin(
        found.account,
        code,
        parked_id=parked_id,
        browser=bond.current(),
        hints=hints,
        parts=parts(),
        context=context(),
    )
    return Response(status=303, headers={"Location": url})


def _without_request() -> str:
    if current_user.is_authenticated:
        session = current_user.session
        return render_template("already_signed_in.html", person=session, account_name=session.account_name)
    return render_template("sign_in_nowhere.html")

"""The sign-in page, the way to an upstream provider, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from idp.browser import afterwards, bond, headers, language, sso
from idp.browser.looking import spends
from idp.browser.runtime import context, parts
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.identifiers import ProviderCode
from idp.pages import blueprint
from idp.pages.errors import BackTo, Return, page
from idp.services.oauth import presence
from idp.services.oauth.presence import MustChoose, Ready
from idp.services.people import own_account
from idp.services.registry import clients
from idp.services.registry.providers import CALLBACK_PATH
from idp.services.sessions.sso import Begun
from idp.services.sign_in import federated, home_realm, ways_in
from idp.services.sign_in.federated import NotSignedIn, SignedIn, hints_of
from idp.services.sign_in.ways_in import ProviderChoice, WaysIn, WhichAccount
from idp.upstream.connector import Hints

AGAIN = "again"
"""Parameter of a sign-in that has to be a new proof, which one of our own pages wants."""
RESUME_PATH = "/oauth/authorize/resume/"
"""Where every sign-in ends; it writes the answer to the waiting client."""


@blueprint.get("/login/")
@spends
def sign_in() -> ResponseReturnValue:
    """Offer the ways in; the one that is hinted at, or the only one, is taken at once."""
    parked_id, account = request.args.get("r"), request.args.get("account")
    after = afterwards.path()
    if parked_id is None and account is None and current_user.is_authenticated:
        if after is not None:
            return redirect(after, 303)
        session = current_user.session
        return render_template("already_signed_in.html", person=session, account_name=session.account_name)
    if parked_id is None and account is None:
        return _which_account()
    found = find_ways(parked_id, account)
    if parked_id is not None and account is None and _can_be_answered(found):
        # Signed in meanwhile, in another tab.
        return redirect(f"{RESUME_PATH}?r={parked_id}", 303)
    if isinstance(found, WhichAccount):
        return _which_account(
            service_name=found.service_name,
            email=found.request.login_hint,
            staff_href=_to_staff(found.staff, parked_id),
        )
    asks = sso.has_signed_out() or found.asks or (afterwards.is_management() and bool(found.staff))
    straight = found.hinted or (None if asks else found.only)
    return _offer(found, parked_id) if straight is None else _away(found, straight.code, parked_id)


@blueprint.post("/login/")
def choose_account() -> ResponseReturnValue:
    """Take the address or account that somebody typed, and go to its sign-in page."""
    parked_id = request.args.get("r")
    email, account = request.form.get("email", ""), request.form.get("account", "")
    found = find_ways(parked_id, None) if parked_id is not None else None
    among = found.among if isinstance(found, WhichAccount) else None
    code = home_realm.account_of(email, account, among=among)
    if code is None:
        service = found.service_name if found else None
        return _which_account(
            service_name=service, email=email, account=account, not_found=True, empty=not (email + account).strip()
        )
    return redirect(url_for("pages.sign_in", r=parked_id, account=code, after=afterwards.path()), 303)


@blueprint.get("/login/with/<code>/")
@spends
def go(code: str) -> ResponseReturnValue:
    """Send the person to the upstream provider that they chose."""
    parked_id, account = request.args.get("r"), request.args.get("account")
    found = find_ways(parked_id if parked_id or not account else None, account)
    if isinstance(found, WhichAccount):
        return redirect(url_for("pages.sign_in", r=parked_id, after=afterwards.path()), 303)
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
            way_back = Return.to_waiting(outcome.parked_id, account=outcome.account) or BackTo.page(outcome.after)
            return page(outcome.error, way_back=way_back, staff=outcome.account == STAFF_ACCOUNT)


def find_ways(parked_id: str | None, account: str | None) -> WaysIn | WhichAccount:
    """Return the ways in for a request that waits in this browser, or for an account.

    :raises RequestNotParked: nothing waits; and what else :mod:`idp.services.sign_in.ways_in` raises.
    """
    if parked_id is None and account is not None:
        return ways_in.of_account(account, with_staff=afterwards.is_management(), parts=parts())
    found = ways_in.of_waiting(
        parked_id or "", browser=bond.current(), account=account, parts=parts(), context=context()
    )
    language.of_waiting(found.request.ui_locales if found.request else None)
    return found


def _offer(found: WaysIn, parked_id: str | None) -> str:
    return render_template(
        "sign_in.html",
        account_name=found.account_name,
        service_name=found.service_name,
        login_hint=found.request.login_hint if found.request else None,
        providers=[
            {"code": choice.code, "display_name": choice.display_name, "href": _to(choice, found, parked_id)}
            for choice in found.providers
        ],
        staff_href=_to_staff(found.staff, parked_id),
        other_company_href=url_for("pages.sign_in", r=parked_id) if found.is_one_of_several else None,
        email_action=_mail_action(found, parked_id) if found.email else None,
    )


def _which_account(**known: object) -> Response:
    """Ask for an address or an account; where only one way in follows, the form leads straight to an upstream."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if known.get("not_found") else HTTPStatus.OK
    response = make_response(render_template("which_account.html", **known), status)
    headers.let_forms_end_anywhere(response)
    return response


def _can_be_answered(found: WaysIn | WhichAccount) -> bool:
    if found.request is None:
        return False
    client = clients.find(found.request.client_id, context=context())
    if client is None:
        return False
    here = presence.of(found.request, client, sso.sessions(), context=context())
    return isinstance(here, Ready | MustChoose)


def _to(choice: ProviderChoice, found: WaysIn, parked_id: str | None) -> str:
    account = request.args.get("account") or _named(found)
    again = request.args.get(AGAIN)
    return url_for("pages.go", code=choice.code, r=parked_id, account=account, after=afterwards.path(), again=again)


def _mail_action(found: WaysIn, parked_id: str | None) -> str:
    account = request.args.get("account") or _named(found)
    return url_for("pages.ask_for_mail", r=parked_id, account=account, after=afterwards.path())


def _named(found: WaysIn) -> str | None:
    """Return the account for an address of ours, where the waiting request does not settle it."""
    return found.account if found.request is None else None


def _to_staff(staff: Sequence[ProviderChoice], parked_id: str | None) -> str | None:
    """Return where the quiet link leads: straight to the staff's only provider, or to the choice of them."""
    if not staff:
        return None
    if len(staff) == 1:
        return url_for("pages.go", code=staff[0].code, r=parked_id, account="staff", after=afterwards.path())
    return url_for("pages.sign_in", r=parked_id, account="staff", after=afterwards.path())


def _signed_in(outcome: SignedIn) -> Response:
    return go_on(outcome.session, outcome.parked_id, outcome.after)


def go_on(begun: Begun, parked_id: str | None, after: str | None) -> Response:
    """Hand the browser its session, and send it on to what waits."""
    response = to_what_waits(parked_id, after)
    sso.remember(response, begun)
    language.keep(response, own_account.language_of(begun.sid))
    return response


def to_what_waits(parked_id: str | None, after: str | None) -> Response:
    """Send the browser on: to the answer of a waiting request, to a page of ours, or to the page that says so."""
    where = f"{RESUME_PATH}?r={parked_id}" if parked_id else after or url_for("pages.sign_in")
    return make_response(redirect(where, 303))


def _away(found: WaysIn, code: ProviderCode, parked_id: str | None) -> ResponseReturnValue:
    browser = bond.ensure()
    # Somebody who has to prove anew who they are: an upstream that still knows them must ask again.
    hints = Hints(new_proof=AGAIN in request.args)
    if found.request is not None:
        hints = hints_of(found.request)
    url = federated.begin(
        found.account,
        code,
        parked_id=parked_id,
        after=None if parked_id else afterwards.path(),
        browser=browser,
        hints=hints,
        parts=parts(),
        context=context(),
    )
    response = Response(status=303, headers={"Location": url})
    bond.keep(response, browser)
    return response

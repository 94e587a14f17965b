"""The one way into a page under ``/manage/``: whose account, as what, and where whoever may not is sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.browser import sso
from idp.browser.guards import marked
from idp.browser.runtime import context, parts, request_id
from idp.domain.codes import CODE
from idp.domain.context import Actor, ActorKind, Context
from idp.domain.errors import PermissionMissing, ProofTooOld
from idp.domain.guarding import Guard, wants_proof
from idp.domain.roles import groups_of
from idp.pages import blueprint
from idp.pages.messages import ERROR_TEXTS
from idp.pages.staff import last_day
from idp.services.people import management
from idp.services.people.management import Managing, MustEnter, NotManaging
from idp.store.sso_sessions import LiveSession

PATH = "/manage/"
PROOF_PATH = "/manage/proof/"
_NOT_KEPT = frozenset({"csrf_token", "account", "client_secret", "own_secret"})
"""Fields of a form that do not come along when its sender has to prove first who they are: a secret stands in no
address.
"""


def managed(
    permission: str, *, sensitive: bool = False
) -> Callable[[Callable[..., ResponseReturnValue]], Callable[..., ResponseReturnValue]]:
    """Let a view be reached by those who may do this in the account that ``account`` names, and by nobody else.

    The view's first argument is who they are (:class:`Managing`).

    :param permission: of ``idp/domain/roles.py``.
    :param sensitive: they must have proven who they are within 15 minutes (CONTRACT §6 rule 11). A form whose
        sender has to do so first comes back as the page of the same address, with what was typed in its query.
    """
    guard = Guard.of(permission, sensitive=sensitive)

    def guarding(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            found = management.of(sso.sessions(), request.args.get("account"), context=context())
            match found:
                case Managing():
                    return _admitted(view, found, guard, args, kwargs)
                case MustEnter():
                    return _ask_to_enter(found)
                case NotManaging(person=person):
                    return _not_managing(person)
                case _:
                    return _to_sign_in()

        return marked(guarded, guard)

    return guarding


def acting(who: LiveSession) -> Context:
    """Return the circumstances of what a person does here."""
    return context(Actor(kind=ActorKind.USER, id=who.user_id))


@blueprint.post("/manage/enter/")
def enter_management() -> ResponseReturnValue:
    """Remember that a staff member chose to enter."""
    account = request.args.get("account", "")
    found = management.of(sso.sessions(), account, context=context())
    if isinstance(found, MustEnter):
        management.enter(found, parts=parts(), context=acting(found.person))
    return redirect(url_for("pages.manage", account=account), 303)


def _admitted(
    view: Callable[..., ResponseReturnValue], who: Managing, guard: Guard, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> ResponseReturnValue:
    try:
        management.admit(who, guard, context=acting(who.person))
    except PermissionMissing:
        return _refused("permission_missing", who.person)
    except ProofTooOld:
        return _to_proof(who)
    return view(who, *args, **kwargs)


def proof_first(who: Managing) -> ResponseReturnValue | None:
    """Send somebody to prove who they are, where only some of what a form can do is sensitive; none where they did."""
    return _to_proof(who) if wants_proof(who.auth_time, now=context().now) else None


def _to_proof(who: Managing) -> ResponseReturnValue:
    return redirect(url_for("pages.prove_again", account=who.account, after=_this_page(who)), 303)


def _this_page(who: Managing) -> str:
    """Return the path of this page, with what was typed into its form."""
    known = request.form if request.method == "POST" else request.args
    pairs = [(name, value) for name, value in known.items(multi=True) if name not in _NOT_KEPT]
    return f"{request.path}?{urlencode([('account', who.account), *pairs])}"


def _ask_to_enter(guest: MustEnter) -> ResponseReturnValue:
    return render_template(
        "manage_enter.html",
        account_name=guest.account_name,
        person=guest.person,
        groups=groups_of(guest.roles),
        until=guest.until,
        last_day=last_day(guest.until),
        action=url_for("pages.enter_management", account=guest.account),
        staff=True,
    )


def _not_managing(person: LiveSession) -> ResponseReturnValue:
    return _refused("not_managing", person)


def _refused(name: str, person: LiveSession) -> ResponseReturnValue:
    text = ERROR_TEXTS[name]
    shown = render_template(
        "error.html",
        title=text.title,
        sentence=text.sentence,
        advice=text.advice,
        code=request_id(),
        person=person,
        account_name=person.account_name,
        actions=[],
    )
    return shown, HTTPStatus.FORBIDDEN


def _to_sign_in() -> ResponseReturnValue:
    """Let somebody sign in, and come back to the same page."""
    account = request.args.get("account", "")
    code = account if CODE.fullmatch(account) else None
    page = request.path if request.method == "GET" else PATH
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "account"]
    query = urlencode([("account", code), *kept] if code else kept)
    return make_response(
        redirect(url_for("pages.sign_in", account=code, after=f"{page}?{query}" if query else page), 303)
    )

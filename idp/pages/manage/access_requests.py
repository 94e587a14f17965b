"""Deciding who comes in, and whose sign-in a colliding one is: the list, and a form for each request."""

from __future__ import annotations

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.browser.runtime import context, parts
from idp.domain.errors import DecisionTooLate, Invalid
from idp.domain.roles import DEFAULT_ROLE, GROUPS, Role, parse_role
from idp.pages import blueprint
from idp.pages.manage.door import acting, managed, proof_first
from idp.pages.manage.frame import render
from idp.services.people import deciding, time_to_access
from idp.services.people.management import Managing
from idp.store.access_requests import RequestKind

PATH = "/manage/access-requests/"
RECENT = 20
"""So many decided requests are shown below those that wait."""
SHOWN = 8
"""So many of those that wait are shown, the oldest; the next ones follow as these are decided."""


@blueprint.get("/manage/")
@managed("access_requests.view_accessrequest")
def manage(who: Managing) -> ResponseReturnValue:
    """Lead to what there is to look after: whoever waits, else the people."""
    waiting = deciding.board(who.authority, most=0, context=context()).waiting
    endpoint = "pages.decide_access_requests" if waiting or not who.may("users.view_user") else "pages.manage_people"
    return redirect(url_for(endpoint, account=who.account), 303)


@blueprint.get(PATH)
@managed("access_requests.view_accessrequest")
def decide_access_requests(who: Managing) -> ResponseReturnValue:
    """List what waits, and what was decided lately."""
    return _list(who, done=request.args.get("done"), about=request.args.get("about"))


@blueprint.post(PATH)
@managed("access_requests.change_accessrequest")
def decide(who: Managing) -> ResponseReturnValue:
    """Approve, deny, or take back: ``id`` names the request, the button says which."""
    request_id = request.form.get("id", "")
    decision = request.form.get("decision", "")
    if decision == "approve" and parse_role(request.form.get("role", "")) not in {None, DEFAULT_ROLE}:
        detour = proof_first(who)
        if detour is not None:
            return detour
    try:
        _decide(who, request_id, decision)
    except (DecisionTooLate, Invalid) as refused:
        problem = "too_late" if isinstance(refused, DecisionTooLate) else "not_possible"
        return make_response(_list(who, done=problem, about=request_id), 409)
    where = url_for("pages.decide_access_requests", account=who.account, done=decision, about=request_id)
    return redirect(where, 303)


def _decide(who: Managing, request_id: str, decision: str) -> None:
    circumstances = acting(who.person)
    if decision == "approve":
        role = _role(request.form.get("role", ""))
        deciding.approve(request_id, role, by=who.authority, parts=parts(), context=circumstances)
    elif decision == "deny":
        reason = " ".join(request.form.get("reason", "").split()) or None
        deciding.deny(request_id, reason, by=who.authority, parts=parts(), context=circumstances)
    elif decision == "undo":
        deciding.undo(request_id, by=who.authority, context=circumstances)
    else:
        raise Invalid("the form says neither approve nor deny")


def _role(text: str) -> Role | None:
    """Return the role that was chosen; none where the form has no such field.

    :raises Invalid: the form was made by somebody else.
    """
    role = parse_role(text)
    if text and role is None:
        raise Invalid("the form names a role that does not exist")
    return role


def _list(who: Managing, *, done: str | None, about: str | None) -> str:
    now = context().now
    board = deciding.board(who.authority, most=RECENT, context=context())
    return render(
        "manage_access_requests.html",
        who,
        "requests",
        waiting=board.waiting[:SHOWN],
        more=max(0, len(board.waiting) - SHOWN),
        decided=board.settled,
        kinds=RequestKind,
        roles=[(role.value, GROUPS[role]) for role in reversed(who.authority.decider.grantable())],
        groups={role.value: group for role, group in GROUPS.items()},
        done=done,
        about=next((one for one in (*board.settled, *board.waiting) if one.request.id == about), None),
        time_to_access=time_to_access.typical(who.account, context=context()),
        now=now,
        action=url_for("pages.decide", account=who.account),
    )

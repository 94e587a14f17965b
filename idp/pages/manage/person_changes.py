"""Changing somebody of an account: their roles, whether they may sign in, and their end."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.browser.runtime import context, parts
from idp.domain.errors import ChangedMeanwhile, Invalid, LastManager
from idp.domain.roles import GROUPS, Role, effective, outranks, parse_role
from idp.pages import blueprint
from idp.pages.manage import receipts, words
from idp.pages.manage.door import acting, managed
from idp.pages.manage.frame import render
from idp.pages.manage.people import PATH
from idp.pages.manage.person import confirmation, decided_by, to_person
from idp.services.people import roster, users
from idp.services.people.care import Care
from idp.services.people.management import Managing
from idp.services.people.roster import Person

MAX_SEEN = 64
"""Longer than any version."""


@blueprint.get(f"{PATH}<user_id>/roles/")
@managed("users.change_user", sensitive=True)
def roles_of(who: Managing, user_id: str) -> ResponseReturnValue:
    """Offer somebody's roles; what was chosen before a proof of who they are comes back with it."""
    person = roster.person(who.account, user_id, context=context())
    chosen = [role for role in map(parse_role, request.args.getlist("role")) if role is not None]
    return _roles(who, person, chosen=chosen or None, seen=request.args.get("seen", "")[:MAX_SEEN] or None)


@blueprint.post(f"{PATH}<user_id>/roles/")
@managed("users.change_user", sensitive=True)
def set_roles_of(who: Managing, user_id: str) -> ResponseReturnValue:
    """Give somebody the roles that were chosen; none means agent."""
    person = roster.person(who.account, user_id, context=context())
    chosen, before = _chosen(who), person.shown.user.roles
    if _ends_own_management(who, person, chosen) and not request.form.get("own"):
        return _roles(who, person, chosen=chosen, problem="own"), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        users.set_roles(
            user_id, chosen, account=who.account, care=_care(who), parts=parts(), context=acting(who.person)
        )
    except (ChangedMeanwhile, LastManager, Invalid) as refused:
        found = roster.person(who.account, user_id, context=context())
        return _roles(who, found, chosen=chosen, problem=_problem(refused)), HTTPStatus.CONFLICT
    if _ends_own_management(who, person, chosen):
        return redirect(url_for("pages.account"), 303)
    changed = roster.person(who.account, user_id, context=context())
    return to_person(who, user_id, "roles", changed.version, *before)


@blueprint.get(f"{PATH}<user_id>/state/")
@managed("users.change_user")
def state_of(who: Managing, user_id: str) -> ResponseReturnValue:
    """Ask before somebody is kept out, or let in again."""
    return _state(who, roster.person(who.account, user_id, context=context()))


@blueprint.post(f"{PATH}<user_id>/state/")
@managed("users.change_user")
def set_state_of(who: Managing, user_id: str) -> ResponseReturnValue:
    """Keep somebody out, or let them in again: ``to`` says which."""
    roster.person(who.account, user_id, context=context())
    to = request.form.get("to")
    if to not in {"enabled", "disabled"}:
        abort(HTTPStatus.BAD_REQUEST)
    enabled = to == "enabled"
    try:
        users.set_enabled(user_id, enabled=enabled, account=who.account, care=_care(who), context=acting(who.person))
    except (ChangedMeanwhile, LastManager) as refused:
        found = roster.person(who.account, user_id, context=context())
        return _state(who, found, problem=_problem(refused)), HTTPStatus.CONFLICT
    changed = roster.person(who.account, user_id, context=context())
    return to_person(who, user_id, "let_in" if enabled else "kept_out", changed.version)


@blueprint.get(f"{PATH}<user_id>/delete/")
@managed("users.delete_user", sensitive=True)
def deletion_of(who: Managing, user_id: str) -> ResponseReturnValue:
    """Say what goes with somebody and what stays, and ask."""
    return _deletion(who, roster.person(who.account, user_id, context=context()))


@blueprint.post(f"{PATH}<user_id>/delete/")
@managed("users.delete_user", sensitive=True)
def delete_person(who: Managing, user_id: str) -> ResponseReturnValue:
    """Remove somebody."""
    person = roster.person(who.account, user_id, context=context())
    try:
        users.delete(user_id, account=who.account, care=_care(who), context=acting(who.person))
    except (ChangedMeanwhile, LastManager) as refused:
        found = roster.person(who.account, user_id, context=context())
        return _deletion(who, found, problem=_problem(refused)), HTTPStatus.CONFLICT
    receipt = receipts.issue(who, "deleted", PATH, words.name_of(person.shown.user))
    return redirect(url_for("pages.manage_people", account=who.account, done=receipt), 303)


def _care(who: Managing) -> Care:
    """Return what is looked at before a change: a form that does not say whom it showed changes nobody."""
    return Care(seen=request.form.get("seen", "")[:MAX_SEEN], highest=who.authority.decider.roles[0])


def _problem(refused: Exception) -> str:
    if isinstance(refused, LastManager):
        return "last_manager"
    return "changed" if isinstance(refused, ChangedMeanwhile) else "decided_elsewhere"


def _chosen(who: Managing) -> Sequence[Role]:
    """Return the roles that a form names; one that does not exist, or is above their own, was put there by hand."""
    named = [parse_role(text) for text in request.form.getlist("role")]
    chosen = [role for role in named if role is not None]
    if len(chosen) != len(named):
        abort(HTTPStatus.BAD_REQUEST)
    if not set(chosen) <= set(who.authority.decider.grantable()):
        abort(HTTPStatus.FORBIDDEN)
    return effective(chosen)


def _ends_own_management(who: Managing, person: Person, chosen: Sequence[Role]) -> bool:
    user = person.shown.user
    return user.id == who.user_id and Role.MANAGER in user.roles and Role.MANAGER not in chosen


def _roles(
    who: Managing,
    person: Person,
    *,
    chosen: Sequence[Role] | None,
    seen: str | None = None,
    problem: str | None = None,
) -> str:
    user = person.shown.user
    ticked = set(chosen) if chosen is not None else set(user.roles)
    grantable = who.authority.decider.grantable()
    return render(
        "manage_roles.html",
        who,
        "people",
        name=words.name_of(user),
        email=words.address_of(user),
        present=words.groups(user.roles),
        is_me=user.id == who.user_id,
        roles=[(one.value, GROUPS[one], words.ROLES[one], one in ticked) for one in grantable],
        is_above=any(outranks(Role(role), grantable[0]) for role in user.roles),
        decided_by=decided_by(person),
        problem=problem,
        seen=seen or person.version,
        action=url_for("pages.set_roles_of", user_id=user.id, account=who.account),
        back_href=url_for("pages.manage_person", user_id=user.id, account=who.account),
    )


def _state(who: Managing, person: Person, *, problem: str | None = None) -> str:
    user = person.shown.user
    act, to = ("keep_out", "disabled") if user.enabled else ("let_in", "enabled")
    action = url_for("pages.set_state_of", user_id=user.id, account=who.account)
    return confirmation(who, person, act, action=action, problem=problem, to=to)


def _deletion(who: Managing, person: Person, *, problem: str | None = None) -> str:
    action = url_for("pages.delete_person", user_id=person.shown.user.id, account=who.account)
    return confirmation(who, person, "delete", action=action, problem=problem)

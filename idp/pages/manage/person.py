"""One person of an account: who they are, why they may what they may, where they are signed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.browser.runtime import context
from idp.domain.explanation import ByOperator, BySignIn, Reason
from idp.domain.role_mapping import Rule, Step
from idp.domain.roles import GROUPS, highest_first
from idp.mails import foreign
from idp.pages import blueprint
from idp.pages.manage import receipts, sentences, words
from idp.pages.manage.door import acting, managed
from idp.pages.manage.frame import render
from idp.pages.manage.people import PATH
from idp.services.people import explain, roster, users
from idp.services.people.management import Managing
from idp.services.people.roster import Person
from idp.store.sessions_of_people import SessionOfUser
from idp.store.sign_ins import SignIn

MOST_VALUES = 20
"""So many values that an upstream sent are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one value that an upstream sent, or a role on record, came to.

    :param group: the role's name; none where it came to nothing.
    """

    value: str
    rule: str
    group: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why somebody has their roles.

    :param provider: where the sign-in was that gave them; none where a person gave them.
    :param by: the name of that person; none where nobody is on record.
    :param follows: each sign-in gives them anew.
    :param lines: those that came to a role.
    :param others: how many values came to none.
    :param claim: in which the upstream sends them.
    :param values: as they were sent; foreign words.
    """

    at: datetime | None
    provider: str | None = None
    by: str | None = None
    follows: bool = False
    lines: Sequence[Line] = ()
    others: int = 0
    claim: str = ""
    values: Sequence[str] = ()


@blueprint.get(f"{PATH}<user_id>/")
@managed("users.view_user")
def manage_person(who: Managing, user_id: str) -> ResponseReturnValue:
    """Show one person."""
    person = roster.person(who.account, user_id, context=context())
    explained = explain.explain(user_id, account=who.account, context=context())
    user = person.shown.user
    reason = explained.standings[0].reason
    return render(
        "manage_person.html",
        who,
        "people",
        one=user,
        name=words.name_of(user),
        email=words.address_of(user),
        is_me=user.id == who.user_id,
        receipt=receipts.presented(who, user.id),
        version=person.version,
        groups=[(GROUPS[role], words.ROLES[role]) for role in highest_first(explained.standings[0].roles)],
        why=_why(who, reason, person),
        decided_by=decided_by(person),
        links=links_of(person),
        refused=_refusal(explained.refused),
        sessions=[_session(one, person, who) for one in person.sessions],
        may_change=who.may("users.change_user"),
        may_delete=who.may("users.delete_user"),
        may_end=who.may("sessions.delete_session"),
        hrefs=_addresses(who, user.id),
    )


@blueprint.post(f"{PATH}<user_id>/sessions/end/")
@managed("sessions.delete_session")
def end_session_of(who: Managing, user_id: str) -> ResponseReturnValue:
    """End one session of theirs, named by ``sid``."""
    roster.person(who.account, user_id, context=context())
    users.end_session(user_id, request.form.get("sid", ""), account=who.account, context=acting(who.person))
    return to_person(who, user_id, "ended")


@blueprint.get(f"{PATH}<user_id>/sign-out/")
@managed("sessions.delete_session")
def sign_out_of(who: Managing, user_id: str) -> ResponseReturnValue:
    """Ask before all that somebody has open ends."""
    person = roster.person(who.account, user_id, context=context())
    return confirmation(who, person, "sign_out", action=url_for("pages.sign_out_person", **_named(who, user_id)))


@blueprint.post(f"{PATH}<user_id>/sign-out/")
@managed("sessions.delete_session")
def sign_out_person(who: Managing, user_id: str) -> ResponseReturnValue:
    """End all that somebody has open, in every browser and at every service."""
    roster.person(who.account, user_id, context=context())
    users.sign_out(user_id, account=who.account, context=acting(who.person))
    return to_person(who, user_id, "signed_out")


def confirmation(
    who: Managing, person: Person, act: str, *, action: str, problem: str | None = None, to: str | None = None
) -> str:
    """Return the page that says what an act on a person leads to, and asks for it.

    :param act: ``sign_out``, ``keep_out``, ``let_in`` or ``delete``.
    :param problem: ``changed`` or ``last_manager``, where it was tried and refused.
    :param to: what the form says to become of them, where it says something.
    """
    user = person.shown.user
    return render(
        "manage_confirm.html",
        who,
        "people",
        act=act,
        action=action,
        problem=problem,
        to=to,
        version=person.version,
        name=words.name_of(user),
        email=words.address_of(user),
        roles=words.groups(user.roles),
        enabled=user.enabled,
        is_me=user.id == who.user_id,
        sessions=len(person.sessions),
        links=len(person.shown.links),
        back_href=url_for("pages.manage_person", **_named(who, user.id)),
    )


def to_person(who: Managing, user_id: str, what: str, *facts: str) -> ResponseReturnValue:
    """Lead back to somebody's page, which says what was done."""
    receipt = receipts.issue(who, what, user_id, *facts)
    return redirect(url_for("pages.manage_person", **_named(who, user_id), done=receipt), 303)


def decided_by(person: Person) -> Sequence[str]:
    """Return the names of the providers that decide somebody's roles at each sign-in (CONTRACT §6 rule 7)."""
    return [provider.display_name for provider, _ in person.shown.links if provider and provider.role_based_iam]


def links_of(person: Person) -> Sequence[Mapping[str, object]]:
    """Return the ways by which an upstream makes somebody known."""
    return [
        {
            "name": provider.display_name if provider else link.issuer,
            "since": link.created_at,
            "last_seen_at": link.last_seen_at,
            "subject": foreign.one_line(link.subject),
        }
        for provider, link in person.shown.links
    ]


def _named(who: Managing, user_id: str) -> dict[str, Any]:
    return {"user_id": user_id, "account": who.account}


def _addresses(who: Managing, user_id: str) -> Mapping[str, str]:
    named = _named(who, user_id)
    endpoints = {
        "roles": "pages.roles_of",
        "state": "pages.state_of",
        "delete": "pages.deletion_of",
        "sign_out": "pages.sign_out_of",
        "end": "pages.end_session_of",
        "set_roles": "pages.set_roles_of",
        "set_state": "pages.set_state_of",
    }
    known = {name: url_for(endpoint, **named) for name, endpoint in endpoints.items()}
    known["people"] = url_for("pages.manage_people", account=who.account)
    if who.may("audit.view_auditevent"):
        known["audit"] = url_for("pages.manage_audit", account=who.account, user=user_id)
    return known


def _session(one: SessionOfUser, person: Person, who: Managing) -> Mapping[str, object]:
    return {
        "sid": one.sid,
        "here": one.sid == who.person.sid,
        "signed_in_at": one.auth_time,
        "amr": one.amr,
        "last_seen_at": one.last_seen_at,
        "services": person.services[one.sid],
    }


def _why(who: Managing, reason: Reason, person: Person) -> Why:
    match reason:
        case BySignIn():
            return _by_sign_in(reason, person)
        case ByOperator(by=by, at=at):
            known = roster.known(who.account, [by] if by else [])
            return Why(at=at, by=words.actor_name(known.get(by or "")) if by else None)
        case _:
            return Why(at=None)


def _by_sign_in(reason: BySignIn, person: Person) -> Why:
    providers = {provider.code: provider.display_name for provider, _ in person.shown.links if provider}
    gave = [step for step in reason.steps if step.role is not None]
    return Why(
        at=reason.at,
        provider=providers.get(reason.provider, reason.provider),
        follows=reason.rules.role_based_iam,
        lines=[_line(step) for step in gave[:MOST_VALUES]],
        others=sum(step.rule is Rule.UNKNOWN_VALUE for step in reason.steps),
        claim=reason.evidence.claim,
        values=[foreign.name(value) for value in reason.evidence.values[:MOST_VALUES]],
    )


def _line(step: Step) -> Line:
    return Line(value=foreign.name(step.value), rule=step.rule.value, group=GROUPS[step.role] if step.role else None)


def _refusal(row: SignIn | None) -> Mapping[str, object] | None:
    return None if row is None else {"at": row.at, "outcome": sentences.outcome(row.outcome)}

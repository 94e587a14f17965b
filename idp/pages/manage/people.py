"""The people of an account: the list, with a search; and adding somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.browser import cursors
from idp.browser.runtime import parts
from idp.domain.addresses import parse_address, parse_mailable
from idp.domain.errors import AlreadyExists, Invalid
from idp.domain.identifiers import AccountCode
from idp.domain.new_user import MAX_NAME_LENGTH, NewUser
from idp.domain.roles import DEFAULT_ROLE, GROUPS, Role, parse_role
from idp.pages import blueprint
from idp.pages.manage import exports, receipts, words
from idp.pages.manage.door import acting, managed, proof_first
from idp.pages.manage.frame import render
from idp.services.people import roster, users
from idp.services.people.management import Managing
from idp.store.user_terms import Position
from idp.store.users import User

PATH = "/manage/people/"
SHOWN = 25
"""So many people stand on one page, which weighs no more than every other page then."""
MAX_SEARCH = 200
DISABLED = "disabled"
PROBLEMS: Mapping[str, LazyString] = {
    "no_address": _("That is not an email address. One looks like mia@example.com."),
    "no_mail": _("We cannot send a mail to this address. Check it, or add them without an invitation."),
    "no_name": _("A name has at most 255 letters, and none that cannot be seen."),
    "taken": _("Somebody here has this address already."),
    "staff": _("This address cannot be used here: it belongs to Deepdesk's own people."),
}
"""What can be wrong with what was typed."""
_NO_ROLE = "-"
"""Stands in a list's name for a role that does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Who is looked for, as the page's address says it.

    :param role: empty for every role; a text that is no role finds nobody.
    """

    q: str
    role: str
    state: str

    @classmethod
    def of_request(cls) -> Filters:
        """Read the address; what it says of the state and is not known narrows nothing."""
        state = request.args.get("state", "")
        return cls(
            q=request.args.get("q", "")[:MAX_SEARCH].strip(),
            role=request.args.get("role", ""),
            state=state if state == DISABLED else "",
        )

    @property
    def narrow(self) -> bool:
        """Say whether they leave anybody out."""
        return bool(self.q or self.role or self.state)

    def in_address(self) -> Mapping[str, Any]:
        """Return those that narrow, for links."""
        given = {"q": self.q, "role": self.role, "state": self.state}
        return {name: value for name, value in given.items() if value}

    def page(self, account: AccountCode, after: Position | None, *, most: int) -> roster.Page:
        """Return those who fit."""
        role = parse_role(self.role)
        if self.role and role is None:
            return roster.Page(people=(), next=None)
        disabled = self.state == DISABLED
        return roster.page(account, text=self.q, role=role, disabled=disabled, after=after, most=most)

    def list_of(self, account: AccountCode) -> str:
        """Return the list's name, for its cursors."""
        role = self.role if parse_role(self.role) else _NO_ROLE
        return f"people-page:{account}:{role}:{self.state}:{self.q}"


@blueprint.get(PATH)
@managed("users.view_user")
def manage_people(who: Managing) -> ResponseReturnValue:
    """List the account's people, narrowed by what the address says."""
    filters = Filters.of_request()
    cursor, known = request.args.get("after", ""), filters.list_of(who.account)
    after, is_lost = _place(known, cursor)
    page = filters.page(who.account, after, most=SHOWN)
    onwards = None if page.next is None else cursors.cursor_of(known, page.next)
    return render(
        "manage_people.html",
        who,
        "people",
        people=[_row(one, who) for one in page.people],
        filters=filters,
        roles=[(role.value, GROUPS[role]) for role in Role],
        receipt=receipts.presented(who, PATH),
        is_lost=is_lost,
        next_href=onwards and _address(who, filters, after=onwards),
        first_href=_address(who, filters) if after else None,
        all_href=url_for("pages.manage_people", account=who.account),
        export_href=url_for("pages.export_people", account=who.account, **filters.in_address()),
        new_href=url_for("pages.new_person", account=who.account) if who.may("users.add_user") else None,
        max_search=MAX_SEARCH,
    )


@blueprint.get(f"{PATH}export/")
@managed("users.view_user")
def export_people(who: Managing) -> ResponseReturnValue:
    """Give the list as a file, narrowed in the same way."""
    page = Filters.of_request().page(who.account, None, most=exports.MOST)
    heads = ("name", "email", "roles", "state", "last_sign_in", "added", "id")
    rows = (
        (
            *(one.name, one.email, " ".join(one.roles), "enabled" if one.enabled else DISABLED),
            *(one.last_sign_in_at, one.created_at, one.id),
        )
        for one in page.people
    )
    return exports.answer(f"people-{who.account}.csv", heads, rows)


@blueprint.get(f"{PATH}new/")
@managed("users.add_user")
def new_person(who: Managing) -> ResponseReturnValue:
    """Offer the form; what was typed before a proof of who they are comes back with it."""
    return _form(who, request.args, is_sent=bool(request.args.get("email")))


@blueprint.post(f"{PATH}new/")
@managed("users.add_user")
def add_person(who: Managing) -> ResponseReturnValue:
    """Make somebody; ``invite`` mails them a link."""
    typed = request.form
    role = parse_role(typed.get("role", "")) or abort(HTTPStatus.BAD_REQUEST)
    if role not in who.authority.decider.grantable():
        abort(HTTPStatus.FORBIDDEN)
    if role is not DEFAULT_ROLE and (detour := proof_first(who)) is not None:
        return detour
    problems = _problems(typed)
    if problems:
        return _form(who, typed, is_sent=True, problems=problems), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        made = _made(who, typed, role)
    except AlreadyExists:
        problem = {"email": PROBLEMS["taken"]}
        found = url_for("pages.manage_people", account=who.account, q=typed["email"].strip())
        return _form(who, typed, is_sent=True, problems=problem, taken_href=found), HTTPStatus.CONFLICT
    except Invalid:
        problem = {"email": PROBLEMS["staff"]}
        return _form(who, typed, is_sent=True, problems=problem), HTTPStatus.UNPROCESSABLE_ENTITY
    what = "invited" if typed.get("invite") else "added"
    receipt = receipts.issue(who, what, made.id)
    return redirect(url_for("pages.manage_person", user_id=made.id, account=who.account, done=receipt), 303)


def _made(who: Managing, typed: Mapping[str, str], role: Role) -> User:
    new = NewUser.parse(typed["email"].strip(), name=_name(typed), roles=(role,))
    invite = bool(typed.get("invite"))
    return users.create(who.account, new, invite=invite, parts=parts(), context=acting(who.person))


def _name(typed: Mapping[str, str]) -> str:
    return " ".join(typed.get("name", "").split())


def _problems(typed: Mapping[str, str]) -> Mapping[str, LazyString]:
    """Return what cannot be accepted, by the field's name."""
    email, problems = typed.get("email", "").strip(), {}
    if parse_address(email) is None:
        problems["email"] = PROBLEMS["no_address"]
    elif typed.get("invite") and parse_mailable(email) is None:
        problems["email"] = PROBLEMS["no_mail"]
    name = _name(typed)
    if len(name) > MAX_NAME_LENGTH or not name.isprintable():
        problems["name"] = PROBLEMS["no_name"]
    return problems


def _form(
    who: Managing,
    typed: Mapping[str, str],
    *,
    is_sent: bool,
    problems: Mapping[str, LazyString] | None = None,
    taken_href: str | None = None,
) -> str:
    can_invite = roster.can_invite(who.account, parts())
    return render(
        "manage_person_new.html",
        who,
        "people",
        email=typed.get("email", ""),
        name=typed.get("name", ""),
        role=typed.get("role") or DEFAULT_ROLE.value,
        invite=bool(typed.get("invite")) if is_sent else can_invite,
        can_invite=can_invite,
        roles=[(one.value, GROUPS[one], words.ROLES[one]) for one in reversed(who.authority.decider.grantable())],
        problems=problems or {},
        taken_href=taken_href,
        action=url_for("pages.add_person", account=who.account),
        back_href=url_for("pages.manage_people", account=who.account),
    )


def _row(user: User, who: Managing) -> Mapping[str, object]:
    return {
        "href": url_for("pages.manage_person", user_id=user.id, account=who.account),
        "name": words.name_of(user),
        "email": words.address_of(user),
        "roles": words.groups(user.roles),
        "last_sign_in_at": user.last_sign_in_at,
        "enabled": user.enabled,
        "is_me": user.id == who.user_id,
    }


def _place(known: str, cursor: str) -> tuple[Position | None, bool]:
    """Return where the page begins, and whether its address names a place that is none of this list."""
    if not cursor:
        return None, False
    try:
        term, user_id = cursors.place_of(known, cursor)
    except Invalid:
        return None, True
    return Position(str(term), str(user_id)), False


def _address(who: Managing, filters: Filters, **more: Any) -> str:
    return url_for("pages.manage_people", account=who.account, **filters.in_address(), **more)

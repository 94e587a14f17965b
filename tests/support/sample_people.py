"""People of an account and its records, as pages of the gallery show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import LazyString

from idp.audit.events import OK
from idp.domain.roles import GROUPS, Role
from idp.pages.manage import sentences, words
from idp.pages.manage.frame import SECTIONS, Entry
from idp.pages.manage.people import MAX_SEARCH, PROBLEMS, SHOWN, Filters
from idp.pages.manage.person import Line, Why
from idp.pages.manage.sentences import OUTCOMES
from idp.store.audit_events import AuditEvent
from idp.store.users import User
from tests.support.sample_requests import CASEY, MANAGER, NOW, Deciding

LONG_NAME = "Wilhelmina Catharina van den Oudenrijn-Vleuterweide"
LONG_ADDRESS = "wilhelmina.van-den-oudenrijn.customer-contact@long-name-of-a-company.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was just done."""

    what: str
    facts: tuple[str, ...] = ()
    can_be_undone: bool = True


def frame(section: str, *, person: Deciding | None = None, staff: bool = False) -> dict[str, Any]:
    """Return what every page is given; staff see more sections."""
    return {
        "account": "acme",
        "account_name": "Acme",
        "person": person or Deciding(),
        "staff": staff,
        "sections": [
            Entry(href=f"/manage/{one.name}/?account=acme", title=one.title, current=one.name == section)
            for one in SECTIONS
            if staff or one.name != "keys"
        ],
    }


def _row(name: str, email: str, roles: str = "Agent", *, at: datetime | None = NOW, **known: Any) -> dict[str, Any]:
    return {
        "href": "/manage/people/uX3kq0F8T5q1pQ2Vb7Zc9w/?account=acme",
        "name": name,
        "email": email,
        "roles": roles,
        "last_sign_in_at": at,
        "enabled": True,
        "is_me": False,
        **known,
    }


ROWS = (
    _row("Ana Agent", "ana.agent@acme.example"),
    _row("bea.bounced@acme.example", "bea.bounced@acme.example", at=None),
    _row("Eli Editor", "eli.editor@acme.example", "Studio Editor, Assistants Editor", at=NOW - timedelta(days=40)),
    _row("Mia Manager", "mia.manager@acme.example", "Manager", is_me=True),
    _row("Olly Other", "olly@acme.example", enabled=False, at=NOW - timedelta(days=400)),
    _row(LONG_NAME, LONG_ADDRESS),
)
EVERYBODY = Filters(q="", role="", state="")
PEOPLE: dict[str, Any] = {
    **frame("people"),
    "people": ROWS,
    "filters": EVERYBODY,
    "roles": [(role.value, GROUPS[role]) for role in Role],
    "all_href": "/manage/people/?account=acme",
    "export_href": "/manage/people/export/?account=acme",
    "new_href": "/manage/people/new/?account=acme",
    "max_search": MAX_SEARCH,
}
A_WHOLE_PAGE: dict[str, Any] = {
    **PEOPLE,
    "people": [ROWS[number % len(ROWS)] for number in range(SHOWN)],
    "first_href": "/manage/people/?account=acme",
    "next_href": f"/manage/people/?account=acme&after={'x' * 90}",
}
NEW: dict[str, Any] = {
    **frame("people"),
    "email": "",
    "name": "",
    "role": Role.AGENT.value,
    "invite": True,
    "can_invite": True,
    "roles": [(role.value, GROUPS[role], words.ROLES[role]) for role in reversed(Role)],
    "problems": {},
    "action": "/manage/people/new/?account=acme",
    "back_href": "/manage/people/?account=acme",
}
_HREFS = {
    name: f"/manage/people/kQ1/{name}/?account=acme"
    for name in ("roles", "state", "delete", "sign_out", "end", "set_roles", "set_state", "people", "audit")
}
BY_SIGN_IN = Why(
    at=NOW,
    provider="Genesys Cloud",
    follows=True,
    lines=(
        Line(value="Studio", rule="mapped", group="Studio Editor"),
        Line(value="Admin", rule="capped", group="Studio Editor"),
        Line(value="deepdesk.agent", rule="literal", group="Agent"),
    ),
    others=3,
    claim="https://acme.example/roles",
    values=("Studio", "Admin", "deepdesk.agent", "Evening team", "Supervisors of the customer contact centre", "7"),
)
LEFT_AS_THEY_WERE = Why(
    at=NOW,
    provider="Acme platform",
    lines=(
        Line(value="", rule="ours", group="Studio Editor"),
        Line(value="", rule="capped", group="Assistants Editor"),
        Line(value="", rule="default", group="Agent"),
    ),
    claim="roles",
)


def _user(name: str | None, email: str, *roles: Role, **known: Any) -> User:
    given = {"id": "kQ1", "created_at": NOW - timedelta(days=300), "last_sign_in_at": NOW, "enabled": True, **known}
    return User(name=name, email=email, roles=list(roles), **given)


def _session(amr: tuple[str, ...], **known: Any) -> Mapping[str, Any]:
    times = {"signed_in_at": NOW - timedelta(hours=3), "last_seen_at": NOW - timedelta(minutes=4)}
    return {"sid": "Zk8wq1T0b7H2nD5xR4uYpA", "here": False, "amr": amr, "services": (), **times, **known}


def _person(user: User, **known: Any) -> dict[str, Any]:
    return {
        **frame("people"),
        "one": user,
        "name": user.name or user.email,
        "email": user.email,
        "is_me": False,
        "version": "0123456789abcdef",
        "groups": [(GROUPS[Role(role)], words.ROLES[Role(role)]) for role in user.roles],
        "why": Why(at=NOW - timedelta(days=20), by="Mia Manager"),
        "decided_by": [],
        "links": [],
        "sessions": [],
        "may_change": True,
        "may_delete": True,
        "may_end": True,
        "hrefs": _HREFS,
        **known,
    }


_PLATFORM = {"name": "Genesys Cloud", "since": NOW - timedelta(days=300), "last_seen_at": NOW, "subject": "g-0001"}
PERSON = _person(
    _user("Ana Agent", "ana.agent@acme.example", Role.EDITOR, Role.AGENT),
    links=[_PLATFORM],
    sessions=[_session(("fed", "mfa"), services=("Studio", "Admin dashboard")), _session(("fed",)), _session(())],
)
SEEN_BY_STAFF = _person(
    _user("Eli Editor", "eli.editor@acme.example", Role.EDITOR, platform_id="genesys-4711"),
    **frame("people", person=CASEY, staff=True),
    why=BY_SIGN_IN,
    decided_by=["Genesys Cloud"],
    links=[_PLATFORM],
    sessions=[_session(("email",))],
)
MYSELF = _person(
    _user("Mia Manager", "mia.manager@acme.example", Role.MANAGER, id=MANAGER),
    is_me=True,
    why=Why(at=NOW - timedelta(days=90)),
    sessions=[_session(("fed", "hwk"), here=True)],
)
KEPT_OUT = _person(
    _user(None, LONG_ADDRESS, Role.AGENT, enabled=False, last_sign_in_at=None),
    why=Why(at=None),
    refused={"at": NOW - timedelta(hours=1), "outcome": OUTCOMES["user_disabled"]},
    receipt=Done(what="kept_out", facts=("0123456789abcdef",)),
)
RAISED = _person(
    _user(LONG_NAME, LONG_ADDRESS, Role.MANAGER),
    why=LEFT_AS_THEY_WERE,
    receipt=Done(what="roles", facts=("0123456789abcdef", "deepdesk.agent")),
)
ROLES: dict[str, Any] = {
    **frame("people"),
    "name": "Ana Agent",
    "email": "ana.agent@acme.example",
    "present": "Agent",
    "is_me": False,
    "roles": [(role.value, GROUPS[role], words.ROLES[role], role is Role.AGENT) for role in Role],
    "is_above": False,
    "decided_by": [],
    "seen": "0123456789abcdef",
    "action": "/manage/people/kQ1/roles/?account=acme",
    "back_href": "/manage/people/kQ1/?account=acme",
}
CONFIRM: dict[str, Any] = {
    **frame("people"),
    "name": "Ana Agent",
    "email": "ana.agent@acme.example",
    "roles": "Studio Editor, Agent",
    "enabled": True,
    "is_me": False,
    "sessions": 2,
    "links": 1,
    "version": "0123456789abcdef",
    "action": "/manage/people/kQ1/state/?account=acme",
    "back_href": "/manage/people/kQ1/?account=acme",
    "to": "disabled",
}


def _event(kind: str, minutes: int, about: User | None = None, **known: Any) -> dict[str, Any]:
    given = {
        "outcome": OK,
        "details": {},
        **{name: known.pop(name) for name in ("outcome", "details") if name in known},
    }
    event = AuditEvent(kind=kind, user_id=about and about.id, **given)
    return {
        "sentence": LazyString(sentences.of, event, about),
        "href": "/manage/people/kQ1/?account=acme" if about else None,
        "by": None,
        "at": NOW - timedelta(minutes=minutes),
        "network": "2001:db8:85a3:8d3:1319:8a2e:370:7348",
        "code": "Zk8wq1T0b7H2nD5xR4uYpA",
        "kind": kind,
        "is_alarm": sentences.is_alarm(event),
        **known,
    }


_ANA = _user("Ana Agent", "ana.agent@acme.example", Role.AGENT, account_code="acme")
_CASEY = _user("Casey Staff", "casey.staff@deepdesk.example", Role.AGENT, account_code="staff", id="cA5")
_LONG = _user(LONG_NAME, LONG_ADDRESS, Role.AGENT, account_code="acme")
EVENTS = (
    _event(
        "user.changed",
        2,
        _ANA,
        by="Mia Manager",
        details={"change": "updated", "settings": {"roles": ["deepdesk.editor"]}},
    ),
    _event("mail.guessing", 9, _ANA),
    _event("sign_in.finished", 70, _ANA, network="192.0.2.7", outcome="no_valid_role", details={"provider": "genesys"}),
    _event("staff.manages", 900, _CASEY, href=None, network="192.0.2.7", details={"roles": ["deepdesk.manager"]}),
    _event("provider.changed", 3000, by="Deepdesk", network=None, details={"change": "updated", "provider": "genesys"}),
    _event("sign_in.finished", 3001, _LONG, details={"provider": "genesys"}),
    _event("outbox.retried", 4000, by="Deepdesk", network=None),
)
RECORDS: dict[str, Any] = {
    **frame("audit"),
    "events": EVENTS,
    "user": "",
    "code": "",
    "all_href": "/manage/audit/?account=acme",
    "export_href": "/manage/audit/export/?account=acme",
    "max_code": 64,
}
A_WHOLE_PAGE_OF_RECORDS: dict[str, Any] = {
    **RECORDS,
    "events": [EVENTS[number % len(EVENTS)] for number in range(SHOWN)],
    "first_href": "/manage/audit/?account=acme",
    "next_href": f"/manage/audit/?account=acme&before={'x' * 60}",
}
SAMPLES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "manage_people": ("manage_people.html", {**A_WHOLE_PAGE, "receipt": Done(what="deleted", facts=("Sam Agent",))}),
    "manage_people_few": ("manage_people.html", {**PEOPLE, **frame("people", person=CASEY, staff=True)}),
    "manage_people_nobody_found": (
        "manage_people.html",
        {**PEOPLE, "people": (), "filters": Filters(q="zoë", role="deepdesk.editor", state="disabled")},
    ),
    "manage_people_nobody_yet": ("manage_people.html", {**PEOPLE, "people": (), "is_lost": True, "new_href": None}),
    "manage_person_new": ("manage_person_new.html", NEW),
    "manage_person_new_problems": (
        "manage_person_new.html",
        {
            **NEW,
            "email": "mia@",
            "can_invite": False,
            "role": Role.EDITOR.value,
            "problems": {
                "email": PROBLEMS["no_address"],
                "name": PROBLEMS["no_name"],
            },
            "taken_href": "/manage/people/?account=acme&q=mia",
        },
    ),
    "manage_person": ("manage_person.html", PERSON),
    "manage_person_by_staff": ("manage_person.html", SEEN_BY_STAFF),
    "manage_person_myself": ("manage_person.html", MYSELF),
    "manage_person_kept_out": ("manage_person.html", KEPT_OUT),
    "manage_person_raised": ("manage_person.html", RAISED),
    "manage_roles": ("manage_roles.html", ROLES),
    "manage_roles_own": ("manage_roles.html", {**ROLES, "is_me": True, "problem": "own"}),
    "manage_roles_of_myself": ("manage_roles.html", {**ROLES, "is_me": True}),
    "manage_roles_changed": ("manage_roles.html", {**ROLES, "problem": "changed"}),
    "manage_roles_last_manager": ("manage_roles.html", {**ROLES, "problem": "last_manager"}),
    "manage_roles_elsewhere": ("manage_roles.html", {**ROLES, "decided_by": ["Genesys Cloud"]}),
    "manage_roles_above": ("manage_roles.html", {**ROLES, "is_above": True}),
    "manage_confirm_keep_out": ("manage_confirm.html", {**CONFIRM, "act": "keep_out"}),
    "manage_confirm_let_in": (
        "manage_confirm.html",
        {**CONFIRM, "act": "let_in", "enabled": False, "to": "enabled", "problem": "changed"},
    ),
    "manage_confirm_delete": ("manage_confirm.html", {**CONFIRM, "act": "delete", "to": None}),
    "manage_confirm_delete_myself": (
        "manage_confirm.html",
        {**CONFIRM, "act": "delete", "to": None, "is_me": True, "problem": "last_manager"},
    ),
    "manage_confirm_keep_myself_out": ("manage_confirm.html", {**CONFIRM, "act": "keep_out", "is_me": True}),
    "manage_confirm_sign_out": ("manage_confirm.html", {**CONFIRM, "act": "sign_out", "to": None, "is_me": True}),
    "manage_audit": ("manage_audit.html", A_WHOLE_PAGE_OF_RECORDS),
    "manage_audit_of_one": (
        "manage_audit.html",
        {**RECORDS, "events": EVENTS[:3], "user": "kQ1", "about": "Ana Agent", "code": ""},
    ),
    "manage_audit_nothing_found": (
        "manage_audit.html",
        {**RECORDS, "events": (), "user": "kQ1", "about": None, "code": "7KQ-M2X", "is_lost": True},
    ),
    "manage_audit_empty": ("manage_audit.html", {**RECORDS, "events": ()}),
}
"""Template and facts, by the sample's name."""

"""The records of an account: what happened, latest first, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from idp.browser import cursors
from idp.domain.context import ActorKind
from idp.domain.errors import Invalid
from idp.domain.identifiers import AccountCode
from idp.pages import blueprint
from idp.pages.manage import exports, sentences, words
from idp.pages.manage.door import managed
from idp.pages.manage.frame import render
from idp.services.operations import audit
from idp.services.people import roster
from idp.services.people.management import Managing
from idp.store.audit_events import AuditEvent
from idp.store.users import User

PATH = "/manage/audit/"
SHOWN = 25
MAX_CODE = 64
"""Longer than any code of a request, and any id of a person."""
_NAMED = frozenset({ActorKind.USER, ActorKind.CLIENT})


@blueprint.get(PATH)
@managed("audit.view_auditevent")
def manage_audit(who: Managing) -> ResponseReturnValue:
    """List what happened, narrowed to a person or to the code that an error page showed."""
    narrowed = _narrowed()
    cursor, known = request.args.get("before", ""), _list_of(who.account, narrowed)
    before, is_lost = _place(known, cursor)
    page = audit.page(who.account, before=before, most=SHOWN, **narrowed)
    people = _people(who.account, page.events, narrowed)
    onwards = None if page.next is None else cursors.cursor_of(known, [page.next])
    about = people.get(narrowed.get("user", ""))
    return render(
        "manage_audit.html",
        who,
        "audit",
        events=[_entry(one, people, who) for one in page.events],
        user=narrowed.get("user", ""),
        about=words.name_of(about) if about else None,
        code=narrowed.get("request", ""),
        is_lost=is_lost,
        next_href=onwards and url_for("pages.manage_audit", account=who.account, **narrowed, before=onwards),
        first_href=url_for("pages.manage_audit", account=who.account, **narrowed) if before else None,
        all_href=url_for("pages.manage_audit", account=who.account),
        export_href=url_for("pages.export_audit", account=who.account, **narrowed),
        max_code=MAX_CODE,
    )


@blueprint.get(f"{PATH}export/")
@managed("audit.view_auditevent")
def export_audit(who: Managing) -> ResponseReturnValue:
    """Give the records as a file, narrowed in the same way, the latest first."""
    page = audit.page(who.account, before=None, most=exports.MOST, **_narrowed())
    heads = ("at", "kind", "outcome", "user", "client", "actor_kind", "actor", "network", "code")
    rows = (
        (
            *(one.at, one.kind, one.outcome, one.user_id, one.client_id, one.actor_kind),
            # Who of Deepdesk did it on the command line is not the customer's to know.
            *(one.actor_id if one.actor_kind in _NAMED else None, one.network, one.request_id),
        )
        for one in page.events
    )
    return exports.answer(f"records-{who.account}.csv", heads, rows)


def _narrowed() -> dict[str, Any]:
    given = {"user": request.args.get("user", "").strip(), "request": request.args.get("request", "").strip()}
    return {name: value[:MAX_CODE] for name, value in given.items() if value}


def _list_of(account: AccountCode, narrowed: Mapping[str, str]) -> str:
    return f"records-page:{account}:{narrowed.get('user', '')}:{narrowed.get('request', '')}"


def _place(known: str, cursor: str) -> tuple[int | None, bool]:
    """Return before which event the page begins, and whether its address names a place that is none of this list."""
    if not cursor:
        return None, False
    try:
        (before,) = cursors.place_of(known, cursor)
    except Invalid:
        return None, True
    return int(before), False


def _people(account: AccountCode, events: Sequence[AuditEvent], narrowed: Mapping[str, str]) -> Mapping[str, User]:
    ids = {one.user_id for one in events} | {one.actor_id for one in events if one.actor_kind == "user"}
    return roster.known(account, [one for one in (*ids, narrowed.get("user")) if one])


def _entry(event: AuditEvent, people: Mapping[str, User], who: Managing) -> Mapping[str, object]:
    about = people.get(event.user_id or "")
    is_ours = about is not None and about.account_code == who.account and who.may("users.view_user")
    return {
        "sentence": sentences.of(event, about),
        "href": url_for("pages.manage_person", user_id=event.user_id, account=who.account) if is_ours else None,
        "by": sentences.actor(event, people),
        "at": event.at,
        "network": event.network,
        "code": event.request_id,
        "kind": event.kind,
        "is_alarm": sentences.is_alarm(event),
    }

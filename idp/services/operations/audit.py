"""Reading the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from idp.domain.identifiers import AccountCode, UserId
from idp.store import audit_events
from idp.store.audit_events import AuditEvent
from idp.store.unit_of_work import reading


def events(
    after: int,
    *,
    account: str | None = None,
    user: str | None = None,
    request: str | None = None,
    since: datetime | None = None,
) -> Sequence[AuditEvent]:
    """Return the events after one, the oldest first.

    The account is not looked up: the trail outlives it.

    :param after: an event's id; zero for all.
    :param request: the code that an error page shows.
    :param since: aware.
    """
    with reading() as session:
        return audit_events.after(
            session,
            after,
            account=None if account is None else AccountCode(account),
            user=None if user is None else UserId(user),
            request=request,
            since=since,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some events of an account, the latest first.

    :param next: before which id the next page goes on; none at the end.
    """

    events: Sequence[AuditEvent]
    next: int | None


def page(
    account: AccountCode,
    *,
    before: int | None,
    most: int,
    user: str | None = None,
    kind: str | None = None,
    request: str | None = None,
) -> Page:
    """Return events of an account, narrowed where asked.

    :param before: where the page before ended.
    :param request: the code of a request, as error pages show it.
    """
    with reading() as session:
        found = audit_events.page(
            session,
            account,
            before=before,
            most=most + 1,
            user=None if user is None else UserId(user),
            kind=kind,
            request=request,
        )
    shown = found[:most]
    return Page(events=shown, next=shown[-1].id if len(found) > most else None)

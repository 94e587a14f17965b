"""Reading the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
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

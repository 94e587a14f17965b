"""That somebody who had asked for access is in at last, in whichever way they first came."""

from __future__ import annotations

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import AccessUsed
from idp.domain.context import Context
from idp.domain.identifiers import UserId
from idp.store import access_requests
from idp.store.users import User


def note_first(session: Session, user: User, *, context: Context) -> None:
    """Note how long it took from asking until the person was in; once, in the transaction that lets them in."""
    request_id = access_requests.approved_for(session, UserId(user.id))
    asked_at = None if request_id is None else access_requests.note_arrival(session, request_id, now=context.now)
    if request_id is not None and asked_at is not None:
        seconds = int((context.now - asked_at).total_seconds())
        event = AccessUsed(account=user.account_code, user=user.id, request=request_id, seconds=seconds)
        trail.record(session, event, context)

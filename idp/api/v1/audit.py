"""``audit``: what happened in an account."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from idp.api.v1.models import List, Moment, Nothing, Paged, Told
from idp.api.v1.operations import Call, Reply, cursor_unknown, operation
from idp.api.v1.paging import page_of
from idp.browser.cursors import place_of
from idp.domain.errors import Invalid
from idp.services.operations import audit as service
from idp.store.audit_events import AuditEvent as Row


class AuditEvent(Told):
    """One event, with what is particular to its kind."""

    id: int
    at: Moment
    kind: str
    outcome: str
    account: str | None
    user: str | None
    client: str | None
    actor: str = Field(description="What kind of somebody acted, and who: `user:ID`.")
    network: str | None
    request_id: str
    details: dict[str, Any]


class Events(Paged):
    """Which to list."""

    user: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = Field(
        None, description="Only events about this user's `id`."
    )
    kind: Annotated[str, Field(pattern=r"^[a-z_.]{1,60}$")] | None = Field(
        None, description="Only events of this kind."
    )
    request: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = Field(
        None, description="Only events of the request with this code, as error pages show it."
    )


@operation(
    "GET",
    "/accounts/{account}/audit",
    "audit.view_auditevent",
    tag="audit",
    summary="List what happened",
    query=Events,
    answer=List[AuditEvent],
    tells=("Link",),
)
def list_audit_events(call: Call[Events, Nothing]) -> Reply:
    """The latest first."""
    query = call.query
    what = f"audit:{call.account}:{query.user or ''}:{query.kind or ''}:{query.request or ''}"
    found = service.page(
        call.account,
        before=_place(what, query.cursor),
        most=query.limit,
        user=query.user,
        kind=query.kind,
        request=query.request,
    )
    following = None if found.next is None else (found.next,)
    return page_of(List[AuditEvent], [_shown(row) for row in found.events], what, following)


def _shown(row: Row) -> AuditEvent:
    return AuditEvent(
        id=row.id,
        at=row.at,
        kind=row.kind,
        outcome=row.outcome,
        account=row.account_code,
        user=row.user_id,
        client=row.client_id,
        actor=row.actor_kind if row.actor_id is None else f"{row.actor_kind}:{row.actor_id}",
        network=row.network,
        request_id=row.request_id,
        details=row.details,
    )


def _place(what: str, cursor: str | None) -> int | None:
    if cursor is None:
        return None
    try:
        (before,) = place_of(what, cursor)
        return int(before)
    except (Invalid, ValueError):
        raise cursor_unknown() from None

"""``access-requests``: who asks to be let in, and sign-ins whose address another person holds."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from pydantic import Field

from idp.api.v1.models import List, Moment, Nothing, Paged, Sent, Told, in_query
from idp.api.v1.operations import Call, Reply, cursor_unknown, operation
from idp.api.v1.paging import page_of
from idp.browser.cursors import place_of
from idp.browser.runtime import parts
from idp.domain.access_requests import MAX_REASON_LENGTH
from idp.domain.errors import Invalid
from idp.domain.roles import DEFAULT_ROLE, Role
from idp.services.people import deciding
from idp.services.people.deciding import Listed
from idp.store.access_requests import RequestKind, RequestStatus

TAG = "access requests"
_PATH = "/accounts/{account}/access-requests"
_ONE = f"{_PATH}/{{request_id}}"
_VIEW, _CHANGE = "access_requests.view_accessrequest", "access_requests.change_accessrequest"


class AccessRequest(Told):
    """One request; `kind` link is about a sign-in that met somebody else's address."""

    id: str
    account: str
    kind: RequestKind
    status: RequestStatus
    email: str
    email_vouched: bool | None = Field(description="Of kind link.")
    name: str | None
    message: str | None
    service: str | None
    provider: str | None
    issuer: str | None
    subject: str | None
    user: str | None = Field(description="Whom the sign-in met, or whom the approval made.")
    role: Role | None
    reason: str | None
    attempts: int
    created_at: Moment
    expires_at: Moment | None
    decided_at: Moment | None
    decided_by: str | None
    undo_until: Moment | None = Field(description="When the decision can be taken back no more; null where it cannot.")
    bounced: bool = Field(description="The mail about the decision could not be delivered.")
    arrived_at: Moment | None = Field(description="When they first signed in.")


class Requests(Paged):
    """Which to list."""

    status: Annotated[RequestStatus, in_query(RequestStatus)] | None = Field(
        None, description="Only those that have come so far."
    )


class Approval(Sent):
    """As what somebody is let in."""

    role: Role | None = Field(None, description="Agent when null. Of kind link there is none: the person's roles stay.")


class Denial(Sent):
    """Why somebody is not let in."""

    reason: str | None = Field(
        None,
        max_length=MAX_REASON_LENGTH,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Whoever asked for access reads it.",
    )


@operation(
    "GET",
    _PATH,
    _VIEW,
    tag=TAG,
    summary="List requests",
    query=Requests,
    answer=List[AccessRequest],
    tells=("Link",),
)
def list_access_requests(call: Call[Requests, Nothing]) -> Reply:
    """The oldest first. A deputy sees what is theirs to decide, so a page may be shorter than `limit`, or empty."""
    query = call.query
    what = f"access-requests:{call.account}:{query.status or ''}"
    found = deciding.page(
        call.who.authority,
        status=query.status,
        after=_place(what, query.cursor),
        most=query.limit,
        context=call.context,
    )
    following = None if found.next is None else (found.next[0].isoformat(), found.next[1])
    return page_of(List[AccessRequest], [_shown(one) for one in found.requests], what, following)


@operation("GET", _ONE, _VIEW, tag=TAG, summary="Show a request", answer=AccessRequest)
def show_access_request(call: Call[Nothing, Nothing], request_id: str) -> AccessRequest:
    """One request, with whose turn it is."""
    return _again(call, request_id)


@operation(
    "POST",
    f"{_ONE}/approval",
    _CHANGE,
    tag=TAG,
    summary="Approve a request",
    body=Approval,
    answer=AccessRequest,
    refusals=(HTTPStatus.CONFLICT,),
)
def approve_access_request(call: Call[Nothing, Approval], request_id: str) -> AccessRequest:
    """The person is mailed a link that signs them in. A role above agent wants a fresh proof."""
    if call.body.role not in {None, DEFAULT_ROLE}:
        call.require_fresh_proof()
    deciding.approve(request_id, call.body.role, by=call.who.authority, parts=parts(), context=call.context)
    return _again(call, request_id)


@operation(
    "POST",
    f"{_ONE}/denial",
    _CHANGE,
    tag=TAG,
    summary="Deny a request",
    body=Denial,
    answer=AccessRequest,
    refusals=(HTTPStatus.CONFLICT,),
)
def deny_access_request(call: Call[Nothing, Denial], request_id: str) -> AccessRequest:
    """The person is mailed a kind sentence. Of kind link: that sign-in is refused from now on."""
    reason = " ".join((call.body.reason or "").split()) or None
    deciding.deny(request_id, reason, by=call.who.authority, parts=parts(), context=call.context)
    return _again(call, request_id)


@operation(
    "DELETE",
    f"{_ONE}/decision",
    _CHANGE,
    tag=TAG,
    summary="Take a decision back",
    answer=None,
    status=HTTPStatus.NO_CONTENT,
    refusals=(HTTPStatus.CONFLICT,),
)
def undo_access_decision(call: Call[Nothing, Nothing], request_id: str) -> None:
    """By whoever made it, until `undo_until`."""
    deciding.undo(request_id, by=call.who.authority, context=call.context)


def _again(
    call: Call[Nothing, Nothing] | Call[Nothing, Approval] | Call[Nothing, Denial], request_id: str
) -> AccessRequest:
    return _shown(deciding.one(request_id, by=call.who.authority, context=call.context))


def _shown(one: Listed) -> AccessRequest:
    row = one.request
    return AccessRequest(
        id=row.id,
        account=row.account_code,
        kind=RequestKind(row.kind),
        status=RequestStatus(row.status),
        email=row.email,
        email_vouched=row.email_vouched if row.kind == RequestKind.LINK else None,
        name=row.name,
        message=row.message,
        service=row.service_name,
        provider=None if one.provider is None else one.provider.code,
        issuer=row.issuer,
        subject=row.subject,
        user=row.user_id,
        role=None if row.role is None else Role(row.role),
        reason=row.reason,
        attempts=row.attempts,
        created_at=row.created_at,
        expires_at=row.expires_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        undo_until=one.undo_until,
        bounced=one.bounced,
        arrived_at=row.arrived_at,
    )


def _place(what: str, cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    try:
        made, request_id = place_of(what, cursor)
        return datetime.fromisoformat(str(made)), str(request_id)
    except (Invalid, ValueError):
        raise cursor_unknown() from None

"""``staff-grants``: which of Deepdesk's own people may enter the account, and as what."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from pydantic import Field

from idp.api.v1.models import Ahead, Email, List, Moment, Nothing, Sent, Told, example
from idp.api.v1.operations import Call, operation
from idp.api.v1.paging import whole
from idp.domain.roles import Role
from idp.services.people import staff as service
from idp.services.people.staff import MAX_REASON_LENGTH, GrantTerms
from idp.services.registry import within
from idp.store.staff_grants import StaffGrant as Row

TAG = "staff grants"
_PATH = "/accounts/{account}/staff-grants"


class StaffGrant(Told):
    """One grant."""

    id: str
    email: str
    user: str | None = Field(description="Null until the person's first sign-in.")
    account: str | None = Field(description="Null for every account.")
    all: bool = Field(description="For every account; such a grant is not made or ended here.")
    roles: list[Role]
    until: Moment | None
    reason: str | None
    granted_at: Moment
    granted_by: str | None


class NewGrant(Sent):
    """Whom to let in, and on which terms."""

    model_config = example(email="casey@deepdesk.example", roles=[Role.MANAGER], until="2099-01-31T17:00:00Z")

    email: Email
    roles: Annotated[list[Role], Field(min_length=1, max_length=len(Role))]
    until: Ahead | None = Field(None, description="The first moment at which they may no longer enter.")
    reason: Annotated[str, Field(max_length=MAX_REASON_LENGTH, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None


@operation("GET", _PATH, "staff.view_staffgrant", tag=TAG, summary="List staff grants", answer=List[StaffGrant])
def list_staff_grants(call: Call[Nothing, Nothing]) -> List[StaffGrant]:
    """Those that nobody revoked, those for every account included."""
    return whole(List[StaffGrant], [_shown(row) for row in service.list_all(call.account)])


@operation(
    "POST",
    _PATH,
    "staff.add_staffgrant",
    tag=TAG,
    summary="Let a staff member enter",
    body=NewGrant,
    answer=StaffGrant,
    status=HTTPStatus.CREATED,
    sensitive=True,
    refusals=(HTTPStatus.CONFLICT,),
    links={"revoke_staff_grant": {"account": "$response.body#/account", "grant_id": "$response.body#/id"}},
)
def create_staff_grant(call: Call[Nothing, NewGrant]) -> StaffGrant:
    """This account alone; never as more than the caller is here, nor for longer. Replaces what they had for it."""
    sent = call.body
    terms = GrantTerms(roles=tuple(sent.roles), until=sent.until, reason=sent.reason)
    return _shown(service.pass_on(sent.email, call.account, terms, by=call.who.user_id, context=call.context))


@operation(
    "DELETE",
    f"{_PATH}/{{grant_id}}",
    "staff.delete_staffgrant",
    tag=TAG,
    summary="Revoke a staff grant",
    answer=None,
    status=HTTPStatus.NO_CONTENT,
    sensitive=True,
)
def revoke_staff_grant(call: Call[Nothing, Nothing], grant_id: str) -> None:
    """What is open through it ends at once."""
    within.staff_grant(call.account, grant_id)
    service.end(grant_id, context=call.context)


def _shown(row: Row) -> StaffGrant:
    return StaffGrant(
        id=row.id,
        email=row.email,
        user=row.user_id,
        account=row.account_code,
        all=row.account_code is None,
        roles=[Role(role) for role in row.roles],
        until=row.until,
        reason=row.reason,
        granted_at=row.granted_at,
        granted_by=row.granted_by,
    )

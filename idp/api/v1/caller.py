"""Who calls, and what there is to be allowed."""

from __future__ import annotations

from flask import request
from flask_wtf.csrf import generate_csrf
from pydantic import BaseModel, Field

from idp.api.v1.models import Code, List, Moment, Nothing, Told
from idp.api.v1.operations import Call, operation
from idp.api.v1.paging import whole
from idp.domain.roles import ALL_PERMISSIONS, OF_ROLE, Role, permissions_of

TAG = "caller"
_ANYBODY = "access_requests.view_accessrequest"
"""Whoever looks after anything in an account has this, deputies included."""


class Where(BaseModel):
    """In which account."""

    account: Code | None = Field(None, description="None for that in which the caller is met.")


class Caller(Told):
    """Who calls, and what they may."""

    user: str
    account: str
    account_name: str
    staff: bool
    roles: list[Role]
    permissions: list[str]
    auth_time: Moment = Field(description="When they last proved who they are.")
    csrf_token: str | None = Field(description="For the header X-CSRF-Token of a browser's calls; null with a token.")


class RoleTold(Told):
    """A role, with its group and what that may."""

    role: Role
    group: str
    permissions: list[str]


@operation("GET", "/session", _ANYBODY, tag=TAG, summary="Who am I", query=Where, answer=Caller)
def show_session(call: Call[Where, Nothing]) -> Caller:
    """The permissions are those of this moment."""
    who = call.who
    return Caller(
        user=who.user_id,
        account=who.account,
        account_name=who.account_name,
        staff=who.staff,
        roles=list(who.authority.decider.roles),
        permissions=[one for one in ALL_PERMISSIONS if who.may(one)],
        auth_time=who.auth_time,
        csrf_token=None if "Authorization" in request.headers else generate_csrf(),
    )


@operation("GET", "/roles", _ANYBODY, tag=TAG, summary="List roles", query=Where, answer=List[RoleTold])
def list_roles(_call: Call[Where, Nothing]) -> List[RoleTold]:
    """The highest first."""
    told = [
        RoleTold(role=role, group=group.name, permissions=list(permissions_of((role,))))
        for role, group in OF_ROLE.items()
    ]
    return whole(List[RoleTold], told)

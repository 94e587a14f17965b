"""``users``: the people of an account."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from pydantic import Field

from idp.api.v1.models import (
    Email,
    Flag,
    List,
    Moment,
    Name,
    Nothing,
    Paged,
    Roles,
    Sent,
    Text,
    Told,
    example,
    in_query,
)
from idp.api.v1.operations import Call, Reply, cursor_unknown, operation
from idp.api.v1.paging import page_of
from idp.api.v1.problems import Problem
from idp.browser.cursors import place_of
from idp.browser.runtime import parts
from idp.domain.errors import DecisionNotYours, Invalid
from idp.domain.new_user import NewUser
from idp.domain.roles import Role, outranks
from idp.services.people import roster
from idp.services.people import users as service
from idp.services.people.care import Care, version_of
from idp.store.user_terms import Position
from idp.store.users import User as Row

TAG = "users"
_PATH = "/accounts/{account}/users"
_ONE = f"{_PATH}/{{user_id}}"
_CONDITIONAL = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.PRECONDITION_REQUIRED, HTTPStatus.CONFLICT)
_LINKS = {
    name: {"account": "$response.body#/account", "user_id": "$response.body#/id"}
    for name in ("show_user", "explain_user", "list_user_sessions", "sign_user_out")
} | {
    name: {
        "account": "$response.body#/account",
        "user_id": "$response.body#/id",
        "header.If-Match": "$response.header.ETag",
    }
    for name in ("change_user", "set_user_roles", "delete_user")
}


class User(Told):
    """One person of an account."""

    id: str
    account: str
    email: str | None
    email_vouched: bool = Field(description="A provider vouched for the address.")
    email_proved: bool = Field(description="The person used a mail of ours to it.")
    name: str | None
    roles: list[Role] = Field(description="The highest first, never none.")
    platform_id: str | None
    enabled: bool
    created_at: Moment
    last_sign_in_at: Moment | None
    version: str = Field(description="Changes with the person; the `ETag` of the person without its quotes.")


class UpstreamIdentity(Told):
    """By what somebody is recognised at an upstream provider."""

    provider: str | None
    issuer: str
    subject: str


class UserInFull(User):
    """One person with all by which they are recognised."""

    upstream_identities: list[UpstreamIdentity]


class People(Paged):
    """Whom to list."""

    q: Text | None = Field(None, description="Words; each begins a word of name, address or platform id.")
    role: Annotated[Role, in_query(Role)] | None = Field(None, description="Only those who have this role.")
    disabled: Flag = Field(False, description="Only those who are kept out.")


class NewPerson(Sent):
    """Somebody who has not signed in yet."""

    model_config = example(email="mia@acme.example", name="Mia Manager", roles=[Role.EDITOR])

    email: Email
    name: Name = ""
    roles: Roles = Field(default=[], description="None means agent.")
    platform_id: Name = ""
    invite: bool = Field(False, description="Mail them a link that signs them in.")


class PersonChange(Sent):
    """What is to change; what is not given stays."""

    name: Name | None = Field(None, description="An empty text takes it away.")
    enabled: bool | None = Field(None, description="False keeps them out; what they have open ends.")


class NewRoles(Sent):
    """All roles that somebody has from now on."""

    roles: Roles = Field(description="None means agent.")


@operation(
    "GET",
    _PATH,
    "users.view_user",
    tag=TAG,
    summary="List people",
    query=People,
    answer=List[User],
    tells=("Link",),
)
def list_users(call: Call[People, Nothing]) -> Reply:
    """In the order of names; of a search by words, in that of the words found."""
    query = call.query
    what = f"people:{call.account}:{query.q or ''}:{query.role or ''}:{query.disabled}"
    found = roster.page(
        call.account,
        text=query.q or "",
        role=query.role,
        disabled=query.disabled,
        after=_place(what, query.cursor),
        most=query.limit,
    )
    return page_of(List[User], [shown(row) for row in found.people], what, found.next)


@operation(
    "POST",
    _PATH,
    "users.add_user",
    tag=TAG,
    summary="Make a person beforehand",
    body=NewPerson,
    answer=User,
    status=HTTPStatus.CREATED,
    refusals=(HTTPStatus.CONFLICT,),
    tells=("ETag", "Location"),
    links=_LINKS,
)
def create_user(call: Call[Nothing, NewPerson]) -> Reply:
    """The first sign-in with the address, vouched for, or the platform id is theirs.

    A role above agent wants a fresh proof of the caller.
    """
    sent = call.body
    new = NewUser.parse(sent.email, name=sent.name, roles=sent.roles, platform_id=sent.platform_id)
    _refuse_above(call, new.roles)
    if any(role is not Role.AGENT for role in new.roles):
        call.require_fresh_proof()
    row = service.create(call.account, new, invite=sent.invite, parts=parts(), context=call.context)
    return _reply(row, Location=f"/api/v1/accounts/{row.account_code}/users/{row.id}")


@operation(
    "GET",
    _ONE,
    "users.view_user",
    tag=TAG,
    summary="Show a person",
    answer=UserInFull,
    tells=("ETag",),
    links=_LINKS,
)
def show_user(call: Call[Nothing, Nothing], user_id: str) -> Reply:
    """With the identities by which they are recognised. The `ETag` is what a change names."""
    found = roster.person(call.account, user_id, context=call.context).shown
    links = [
        UpstreamIdentity(provider=None if provider is None else provider.code, issuer=link.issuer, subject=link.subject)
        for provider, link in found.links
    ]
    body = UserInFull(**shown(found.user).model_dump(), upstream_identities=links)
    return Reply(body=body, headers={"ETag": f'"{body.version}"'})


@operation(
    "PATCH",
    _ONE,
    "users.change_user",
    tag=TAG,
    summary="Rename a person, keep them out or let them in",
    body=PersonChange,
    answer=User,
    conditional=True,
    refusals=_CONDITIONAL,
    tells=("ETag",),
)
def change_user(call: Call[Nothing, PersonChange], user_id: str) -> Reply:
    """Both at once or neither. The last manager of an account cannot be kept out."""
    sent = call.body
    return _reply(
        service.change(
            user_id,
            name=sent.name,
            enabled=sent.enabled,
            account=call.account,
            care=_care(call, user_id),
            context=call.context,
        )
    )


@operation(
    "DELETE",
    _ONE,
    "users.delete_user",
    tag=TAG,
    summary="Remove a person",
    answer=None,
    status=HTTPStatus.NO_CONTENT,
    sensitive=True,
    conditional=True,
    refusals=_CONDITIONAL,
)
def delete_user(call: Call[Nothing, Nothing], user_id: str) -> None:
    """With all they have open. Should they sign in again, they are somebody new."""
    service.delete(user_id, account=call.account, care=_care(call, user_id), context=call.context)


@operation(
    "PUT",
    f"{_ONE}/roles",
    "users.change_user",
    tag=TAG,
    summary="Give a person other roles",
    body=NewRoles,
    answer=User,
    sensitive=True,
    conditional=True,
    refusals=_CONDITIONAL,
    tells=("ETag",),
)
def set_user_roles(call: Call[Nothing, NewRoles], user_id: str) -> Reply:
    """Nobody gives or takes a role above their own. Refused where the roles follow the upstream (Role based IAM)."""
    row = service.set_roles(
        user_id,
        call.body.roles,
        account=call.account,
        care=_care(call, user_id),
        parts=parts(),
        context=call.context,
    )
    return _reply(row)


def shown(row: Row) -> User:
    """Return a person as they are answered."""
    return User(
        id=row.id,
        account=row.account_code,
        email=row.email,
        email_vouched=row.email_vouched,
        email_proved=row.email_proved,
        name=row.name,
        roles=[Role(role) for role in row.roles],
        platform_id=row.platform_id,
        enabled=row.enabled,
        created_at=row.created_at,
        last_sign_in_at=row.last_sign_in_at,
        version=version_of(row),
    )


def _reply(row: Row, **headers: str) -> Reply:
    body = shown(row)
    return Reply(body=body, headers={"ETag": f'"{body.version}"', **headers})


def _care(call: Call[Nothing, NewRoles] | Call[Nothing, PersonChange] | Call[Nothing, Nothing], user_id: str) -> Care:
    """Return the care of a change that names what it changes.

    :raises NotFound: there is nobody of that id.
    :raises Problem: it names no version of them (RFC 6585 §3).
    """
    if not call.seen:
        roster.person(call.account, user_id, context=call.context)
        detail = "Read the person first, and send the ETag as If-Match."
        raise Problem(HTTPStatus.PRECONDITION_REQUIRED, "if_match_missing", detail)
    return call.care


def _refuse_above(call: Call[Nothing, NewPerson], roles: tuple[Role, ...]) -> None:
    if any(outranks(role, call.care.highest) for role in roles):
        raise DecisionNotYours("a role above their own")


def _place(what: str, cursor: str | None) -> Position | None:
    if cursor is None:
        return None
    try:
        term, user_id = place_of(what, cursor)
    except (Invalid, ValueError):
        raise cursor_unknown() from None
    return Position(str(term), str(user_id))

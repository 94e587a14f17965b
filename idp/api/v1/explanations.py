"""``users/{user_id}/explanation``: why somebody has each role, and what was decided at their last sign-in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from idp.api.v1.models import Moment, Nothing, Told
from idp.api.v1.operations import Call, operation
from idp.domain.explanation import ByGrants, ByOperator, BySignIn
from idp.domain.explanation import Standing as Explained
from idp.domain.role_mapping import Rule
from idp.domain.roles import Role
from idp.services.people import roster
from idp.services.people.explain import explain
from idp.store.sign_ins import SignIn


class Step(Told):
    """What one value of the upstream gave, and by which rule."""

    value: str | None
    rule: Rule
    role: Role | None


class BecauseOfSignIn(Told):
    """A sign-in gave the roles."""

    basis: Literal["sign_in"] = "sign_in"
    at: Moment
    provider: str
    claim: str
    values: list[str]
    roles_before: list[Role]
    steps: list[Step]


class BecauseOfOperator(Told):
    """Somebody gave the roles, and no sign-in has changed them since."""

    basis: Literal["operator"] = "operator"
    at: Moment | None
    by: str | None


class BecauseOfGrants(Told):
    """Grants make a staff member what they are."""

    basis: Literal["staff_grant"] = "staff_grant"
    grants: list[str]


class Standing(Told):
    """What somebody is in one account, and why."""

    account: str
    roles: list[Role]
    replayed: list[Role] = Field(description="The roles, derived again from what is shown.")
    because: BecauseOfSignIn | BecauseOfOperator | BecauseOfGrants


class FinishedSignIn(Told):
    """How a sign-in ended."""

    at: Moment
    provider: str
    outcome: str = Field(description="`ok`, or why nobody was let in.")
    issuer: str | None
    subject: str
    email: str | None
    email_vouched: bool
    claim: str
    values: list[str]
    roles: list[str]
    request_id: str


class Undecided(Told):
    """A sign-in that met the person and is not theirs."""

    id: str
    status: str
    subject: str | None


class Explanation(Told):
    """All that is known about why somebody may what they may."""

    id: str
    account: str
    standings: list[Standing]
    last_sign_in: FinishedSignIn | None = Field(description="The latest that let them in.")
    refused: FinishedSignIn | None = Field(description="The latest that did not, when nothing better came after it.")
    access_requests: list[Undecided]


@operation(
    "GET",
    "/accounts/{account}/users/{user_id}/explanation",
    "users.view_user",
    tag="users",
    summary="Explain a person's roles",
    answer=Explanation,
)
def explain_user(call: Call[Nothing, Nothing], user_id: str) -> Explanation:
    """What the upstream said, the rules by which roles came of it, and the last sign-ins."""
    user = roster.person(call.account, user_id, context=call.context).shown.user
    found = explain(user_id, account=call.account, context=call.context)
    return Explanation(
        id=user.id,
        account=user.account_code,
        standings=[_standing(one) for one in found.standings],
        last_sign_in=_sign_in(found.last_sign_in),
        refused=_sign_in(found.refused),
        access_requests=[Undecided(id=row.id, status=row.status, subject=row.subject) for row in found.requests],
    )


def _standing(one: Explained) -> Standing:
    return Standing(
        account=one.account,
        roles=list(one.roles),
        replayed=list(one.reason.replayed()),
        because=_because(one.reason),
    )


def _because(reason: BySignIn | ByOperator | ByGrants) -> BecauseOfSignIn | BecauseOfOperator | BecauseOfGrants:
    match reason:
        case BySignIn():
            return BecauseOfSignIn(
                at=reason.at,
                provider=reason.provider,
                claim=reason.evidence.claim,
                values=list(reason.evidence.values),
                roles_before=list(reason.roles_before),
                steps=[Step(value=step.value, rule=step.rule, role=step.role) for step in reason.steps],
            )
        case ByOperator():
            return BecauseOfOperator(at=reason.at, by=reason.by)
        case ByGrants():
            return BecauseOfGrants(grants=[one.id for one in reason.grants])


def _sign_in(row: SignIn | None) -> FinishedSignIn | None:
    if row is None:
        return None
    return FinishedSignIn(
        at=row.at,
        provider=row.provider_code,
        outcome=row.outcome,
        issuer=row.issuer,
        subject=row.subject,
        email=row.email,
        email_vouched=row.email_vouched,
        claim=row.role_claim,
        values=row.role_values,
        roles=row.roles,
        request_id=row.request_id,
    )

"""``idp users explain``: why somebody has each role, or was refused, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from idp.cli import show as shown
from idp.cli.runtime import context, refusing
from idp.cli.users import account_option, group
from idp.domain.errors import Refusal
from idp.domain.explanation import ByGrants, ByOperator, BySignIn, Standing
from idp.domain.role_mapping import Rule, Step
from idp.services.people.explain import Explanation
from idp.services.people.explain import explain as explained
from idp.services.sign_in.record import WRONG_ORGANISATION
from idp.store.access_requests import AccessRequest, RequestStatus
from idp.store.sign_ins import SignIn

_REFUSED: dict[str, str] = {
    Refusal.NO_VALID_ROLE: "the provider requires a valid role (--require-roles), and none came along: give one there",
    Refusal.USER_DISABLED: "the user is disabled; see: idp users enable --help",
    Refusal.ACCOUNT_DISABLED: "the account is disabled; see: idp accounts enable --help",
    Refusal.STAFF_ADDRESS: "the address is of a staff domain; staff enter by grant, see: idp staff grant --help",
    Refusal.ADDRESS_TAKEN: "another person holds the address; decide with: idp access-requests list",
    Refusal.PROOF_NEEDED: (
        "another person, above agent, holds the address: they can sign in the existing way first in the same browser, "
        "or you decide with: idp access-requests list"
    ),
    Refusal.LINK_DENIED: "it was denied that this sign-in is the address's holder; see: idp access-requests list",
    Refusal.NOT_ON_TRIAL: "the account is on trial and does not know the person; see: idp users create --help",
    WRONG_ORGANISATION: "the person came from an organisation that is not pinned (--tenant or --hosted-domain)",
}
_RULES: dict[Rule, str] = {
    Rule.LITERAL: "the value is a role of ours",
    Rule.MAPPED: "the role map (--role-map) says so",
    Rule.CAPPED: "the value gives more, but --role-ceiling caps it",
    Rule.UNKNOWN_VALUE: "the value gives no role",
    Rule.DEFAULT: "nothing gave a role, so agent is given",
    Rule.OURS: "the role stood in our records already, and this provider leaves it as it is",
}


@group.command()
@click.argument("user")
@account_option
@shown.json_option
@refusing
def explain(user: str, account: str | None, as_json: bool) -> None:
    """Say why a user has each role, and what was decided at the last sign-in; also about somebody who was refused.

    \b
    Example: idp users explain mia@acme.example --account acme
    """
    found = explained(user, account=account, context=context())
    if as_json:
        shown.facts(facts_of(found), as_json=True)
        return
    for sentence in sentences(found):
        click.echo(shown.printable(sentence))


def facts_of(found: Explanation) -> dict[str, Any]:
    """Return an explanation for programs; ``replayed`` derives the roles again from what is shown."""
    return {
        "id": found.user.id if found.user else None,
        "account": found.user.account_code if found.user else found.refused.account_code if found.refused else None,
        "standings": [_standing(one) for one in found.standings],
        "last_sign_in": _sign_in(found.last_sign_in),
        "refused": _sign_in(found.refused),
        "access_requests": [{"id": row.id, "status": row.status, "subject": row.subject} for row in found.requests],
        "no_grant": found.no_grant,
    }


def sentences(found: Explanation) -> Iterator[str]:
    """Tell an explanation to a person."""
    if found.user is not None:
        named = " ".join(filter(None, (found.user.name, f"<{found.user.email}>" if found.user.email else "")))
        yield f"{named or 'Somebody without a name'} of {found.user.account_code} (user {found.user.id})"
        if not found.user.enabled:
            yield "  is disabled and cannot sign in; see: idp users enable --help"
    for standing in found.standings:
        yield f"In account {standing.account}: {' '.join(standing.roles)}"
        yield from (f"  {line}" for line in _because(standing))
    if found.no_grant is not None:
        yield (
            f"Staff, and no grant opens {found.no_grant} now; give one with: "
            f"idp staff grant {(found.user.email if found.user else None) or 'EMAIL'} {found.no_grant} --role ROLE"
        )
    yield from (_request(row) for row in found.requests)
    if found.refused is not None:
        row = found.refused
        who = (
            "Refused"
            if found.user and row.user_id == found.user.id
            else "Somebody who brought this address was refused"
        )
        yield f"{who} on {_moment(row.at)} at provider {row.provider_code} of {row.account_code}: {_why(row)}"
        yield f"  The upstream said {_said(row)}."


def _request(row: AccessRequest) -> str:
    """Tell of a sign-in that met the person and is not theirs, with what decides it."""
    who = f"A sign-in with id {row.subject} that brought their address"
    if row.status == RequestStatus.DENIED:
        reason = f" ({row.reason})" if row.reason else ""
        by = f"{row.decided_by or 'an operator'} on {_moment(row.decided_at)}{reason}"
        return f"{who} was denied by {by}; if that was wrong: idp access-requests approve {row.id}"
    return f"{who} waits for a decision: idp access-requests approve {row.id}, or deny {row.id}"


def _because(standing: Standing) -> Iterator[str]:
    match standing.reason:
        case BySignIn() as reason:
            rules = reason.rules
            yield (
                f"by the sign-in of {_moment(reason.at)} at provider {reason.provider}, "
                f"Role based IAM {'on' if rules.role_based_iam else 'off'}"
            )
            yield f"{reason.evidence.claim} was {list(reason.evidence.values)}"
            yield from (_step(step) for step in reason.steps)
        case ByOperator() as reason:
            yield f"set by {reason.by or 'an operator'} on {_moment(reason.at)}; no sign-in has changed it since"
        case ByGrants() as reason:
            for grant in reason.grants:
                where = grant.account or "every account"
                until = f"until {_moment(grant.until)}" if grant.until else "without end"
                yield f"by staff grant {grant.id}: {' '.join(grant.roles)} in {where}, {until}"


def _step(step: Step) -> str:
    value = f"{step.value!r}: " if step.value else ""
    return f"{value}{step.role or 'no role'}, because {_RULES[step.rule]}"


def _why(row: SignIn) -> str:
    sentence = _REFUSED.get(row.outcome, row.outcome)
    if row.outcome == WRONG_ORGANISATION:
        return f"{sentence}; it was {row.organisation!r}" if row.organisation else f"{sentence}; none was named"
    return sentence


def _said(row: SignIn) -> str:
    vouched = "vouched for" if row.email_vouched else "not vouched for"
    address = f"address {row.email} ({vouched})" if row.email else "no address"
    identity = f"id {row.subject or 'none'}, {address}"
    # A pin is compared before roles are read.
    return identity if row.outcome == WRONG_ORGANISATION else f"{identity}, {row.role_claim} {row.role_values}"


def _standing(standing: Standing) -> dict[str, Any]:
    reason = standing.reason
    facts: dict[str, Any] = {
        "account": standing.account,
        "roles": list(standing.roles),
        "replayed": list(reason.replayed()),
        "because": list(_because(standing)),
    }
    match reason:
        case BySignIn():
            facts |= {
                "basis": "sign_in",
                "provider": reason.provider,
                "at": reason.at.isoformat(),
                "claim": reason.evidence.claim,
                "values": list(reason.evidence.values),
                "rules": reason.rules.as_json(),
                "roles_before": list(reason.roles_before),
                "steps": [{"value": one.value, "rule": one.rule, "role": one.role} for one in reason.steps],
            }
        case ByOperator():
            at = reason.at.isoformat() if reason.at else None
            facts |= {"basis": "operator", "at": at, "by": reason.by}
        case ByGrants():
            facts |= {"basis": "staff_grant", "grants": [one.id for one in reason.grants]}
    return facts


def _sign_in(row: SignIn | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "at": row.at.isoformat(),
        "provider": row.provider_code,
        "outcome": row.outcome,
        "why": None if row.outcome == "ok" else _why(row),
        "match": row.match,
        "issuer": row.issuer,
        "subject": row.subject,
        "organisation": row.organisation,
        "email": row.email,
        "email_vouched": row.email_vouched,
        "claim": row.role_claim,
        "values": row.role_values,
        "roles": row.roles,
        "request_id": row.request_id,
    }


def _moment(at: datetime | None) -> str:
    return "an unknown day" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"

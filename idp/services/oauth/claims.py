"""What tokens and userinfo say about a person (CONTRACT §5, claims profile ``deepdesk``)."""

from __future__ import annotations

from typing import Any

from idp.domain.roles import effective, groups_of
from idp.store.subjects import Subject

CLAIMS = (
    "account",
    "roles",
    "role_name",
    "groups",
    "staff",
    "email",
    "email_verified",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "locale",
)
"""All claims about a person that :func:`of_person` can give, for the metadata."""


def of_person(subject: Subject) -> dict[str, Any]:
    """Return the claims of ID token and userinfo; what is not known is left out, never null."""
    known = {
        "email": subject.email,
        "name": subject.name,
        "given_name": subject.given_name,
        "family_name": subject.family_name,
        "preferred_username": subject.email,
        "locale": subject.locale,
    }
    claims = role_claims(subject) | {name: value for name, value in known.items() if value}
    if subject.email:
        claims["email_verified"] = subject.email_verified
    return claims


def role_claims(subject: Subject) -> dict[str, Any]:
    """Return where the person belongs and what they are."""
    roles = effective(subject.roles)
    claims = {
        "account": subject.account,
        "roles": [role.value for role in roles],
        "role_name": roles[0].value,
        "groups": list(groups_of(roles)),
    }
    return claims | {"staff": True} if subject.staff else claims


def of_access_token(subject: Subject) -> dict[str, Any]:
    """Return what an access token says of its person: no name, no address."""
    claims = role_claims(subject)
    del claims["role_name"]
    return claims

"""What tokens and userinfo say about a person (CONTRACT §5).

The claims profile ``deepdesk`` says everything everywhere. ``standard`` says
what scope and ``claims`` parameter asked for, where OpenID Connect Core §5.4
and §5.5 put it: scope in userinfo, single claims where they were asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from idp.domain.claims_request import ClaimsRequest
from idp.domain.client_words import ClaimsProfile
from idp.domain.roles import Role, effective, groups_of, permissions_of
from idp.domain.scope import Scope
from idp.store.subjects import Subject

_ROLE_CLAIMS = ("account", "roles", "role_name", "groups", "staff")
OF_SCOPE: Mapping[Scope, tuple[str, ...]] = {
    Scope.ROLES: _ROLE_CLAIMS,
    Scope.PERMISSIONS: ("permissions",),
    Scope.EMAIL: ("email", "email_verified", "preferred_username"),
    Scope.PROFILE: ("name", "given_name", "family_name", "locale"),
}
"""Which scope releases which claims. The preferred user name is the address, so it goes with that."""
CLAIMS = tuple(name for names in OF_SCOPE.values() for name in names)
"""All claims about a person that :func:`of_person` can give, for the metadata."""


def in_id_token(
    subject: Subject, profile: ClaimsProfile, asked: ClaimsRequest, *, scope: Iterable[Scope], may: Iterable[Scope]
) -> dict[str, Any]:
    """Return what an ID token says that is issued beside an access token.

    :param scope: what was granted.
    :param may: scopes that the client is registered for; what they do not release cannot be asked for singly.
    """
    if profile is ClaimsProfile.DEEPDESK:
        return _without_asking(subject, scope)
    return _only(of_person(subject), set(asked.id_token) & _released(may))


def in_userinfo(
    subject: Subject, profile: ClaimsProfile, asked: ClaimsRequest, *, scope: Iterable[Scope], may: Iterable[Scope]
) -> dict[str, Any]:
    """Return what userinfo says.

    :param scope: of the access token.
    :param may: as for :func:`in_id_token`.
    """
    if profile is ClaimsProfile.DEEPDESK:
        return _without_asking(subject, scope)
    return _only(of_person(subject), _released(scope) | (set(asked.userinfo) & _released(may)))


def in_access_token(subject: Subject, profile: ClaimsProfile, *, scope: Iterable[Scope]) -> dict[str, Any]:
    """Return what an access token says of its person: no name, no address."""
    claims: dict[str, Any] = {}
    if profile is ClaimsProfile.DEEPDESK or Scope.ROLES in scope:
        claims = role_claims(subject)
        del claims["role_name"]
    if Scope.PERMISSIONS in scope:
        claims |= permission_claims(subject)
    return claims


def of_client(account: str | None, roles: Iterable[Role]) -> dict[str, Any]:
    """Return what a client's own access token says: what it was registered with, nobody's claims."""
    given = tuple(roles)
    claims: dict[str, Any] = {} if account is None else {"account": account}
    if given:
        claims |= {"roles": [role.value for role in effective(given)], "groups": list(groups_of(given))}
    return claims


def of_person(subject: Subject) -> dict[str, Any]:
    """Return all claims; what is not known is left out, never null."""
    known = {
        "email": subject.email,
        "name": subject.name,
        "given_name": subject.given_name,
        "family_name": subject.family_name,
        "preferred_username": subject.email,
        "locale": subject.locale,
    }
    claims = role_claims(subject) | permission_claims(subject)
    claims |= {name: value for name, value in known.items() if value}
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


def permission_claims(subject: Subject) -> dict[str, Any]:
    """Return what the person's roles may, one permission an entry."""
    return {"permissions": list(permissions_of(effective(subject.roles)))}


def _without_asking(subject: Subject, scope: Iterable[Scope]) -> dict[str, Any]:
    """Return what the profile ``deepdesk`` says: everything, but permissions with their scope only."""
    claims = of_person(subject)
    if Scope.PERMISSIONS not in scope:
        del claims["permissions"]
    return claims


def _released(scope: Iterable[Scope]) -> set[str]:
    return {name for one in scope for name in OF_SCOPE.get(one, ())}


def _only(claims: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if name in names}

"""What a service learns about a person, in steps that a person can tell apart, and whether they allowed it before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

from idp.domain.scope import Scope


class Disclosure(StrEnum):
    """One thing that a service may know or do; its sentence stands with the pages."""

    IDENTIFIER = "identifier"
    NAME = "name"
    EMAIL = "email"
    LANGUAGE = "language"
    ROLES = "roles"
    PERMISSIONS = "permissions"
    ADDRESS = "address"
    PHONE = "phone"
    MANAGE = "manage"
    OFFLINE = "offline"


OF_SCOPE: Mapping[Scope, tuple[Disclosure, ...]] = {
    Scope.OPENID: (Disclosure.IDENTIFIER,),
    Scope.PROFILE: (Disclosure.NAME, Disclosure.LANGUAGE),
    Scope.EMAIL: (Disclosure.EMAIL,),
    Scope.ROLES: (Disclosure.ROLES,),
    Scope.PERMISSIONS: (Disclosure.PERMISSIONS,),
    Scope.ADDRESS: (Disclosure.ADDRESS,),
    Scope.PHONE: (Disclosure.PHONE,),
    Scope.MANAGE: (Disclosure.MANAGE,),
    Scope.OFFLINE_ACCESS: (Disclosure.OFFLINE,),
}
OF_CLAIM: Mapping[str, Disclosure] = {
    **dict.fromkeys(("name", "given_name", "family_name"), Disclosure.NAME),
    **dict.fromkeys(("email", "email_verified", "preferred_username"), Disclosure.EMAIL),
    "locale": Disclosure.LANGUAGE,
    **dict.fromkeys(("account", "roles", "role_name", "groups", "staff"), Disclosure.ROLES),
    "permissions": Disclosure.PERMISSIONS,
}
"""Every claim about a person that can be asked for singly. The preferred user name is the address."""
OF_EVERY_TOKEN = frozenset({Disclosure.NAME, Disclosure.EMAIL, Disclosure.LANGUAGE, Disclosure.ROLES})
"""What the claims profile ``deepdesk`` says without being asked."""


def disclosures(
    scope: Iterable[Scope], claims: Iterable[str], *, besides: Collection[Disclosure] = ()
) -> tuple[Disclosure, ...]:
    """Return what is learnt, each once, in the order in which it is told.

    A person is always recognised again, whatever was asked for: every token names its subject.

    :param claims: asked for singly; names that nobody knows give nothing away.
    :param besides: what is learnt without being asked for.
    """
    learnt = {Disclosure.IDENTIFIER, *besides}
    learnt.update(one for word in scope for one in OF_SCOPE[word])
    learnt.update(OF_CLAIM[name] for name in claims if name in OF_CLAIM)
    return tuple(one for one in Disclosure if one in learnt)


def covers(allowed: Iterable[Disclosure], wanted: Iterable[Disclosure]) -> bool:
    """Say whether what was allowed before is enough."""
    return set(wanted) <= set(allowed)

"""What the faults of a sign-in change about the person, and about the claims of an ID token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from idp.sandbox.platform.faults import ELSEWHERE, Fault
from idp.sandbox.platform.people import (
    ENTRA_OTHER_TENANT,
    ENTRA_TENANT,
    GOOGLE_DOMAIN,
    GOOGLE_OTHER_DOMAIN,
    Person,
)

Claims = dict[str, Any]


def another(person: Person, people: Iterable[Person]) -> Person:
    """Return the first of ``people`` who has an id and an address other than ``person``'s."""
    return next(
        other
        for other in people
        if other.subject != person.subject and other.email is not None and other.email != person.email
    )


def arriving(person: Person, fault: Fault, people: Iterable[Person]) -> Person:
    """Return ``person`` as the platform will describe them in a sign-in with this fault."""
    match fault:
        case Fault.NEW_SUBJECT:
            return replace(person, subject=f"{person.subject[:3]}9{person.subject[4:]}")
        case Fault.CHANGED_EMAIL:
            return replace(person, email=f"renamed.{person.email or person.login}")
        case Fault.SAME_EMAIL_AS_ANOTHER:
            return replace(person, email=another(person, people).email)
        case Fault.NO_EMAIL:
            return replace(person, email=None, username=person.login)
        case Fault.NO_HD:
            return replace(person, hosted_domain=None)
        case Fault.HD_OTHER:
            return replace(person, hosted_domain=GOOGLE_OTHER_DOMAIN)
        case Fault.WRONG_TENANT:
            return replace(person, tenant=_other_tenant(person.tenant))
        case _:
            return person


def _other_tenant(tenant: str) -> str:
    return ENTRA_TENANT if tenant == ENTRA_OTHER_TENANT else ENTRA_OTHER_TENANT


def _name_tenant_in_issuer(name: str) -> Callable[[Claims], object]:
    return lambda claims: claims.update(iss=claims["iss"].replace(claims["tid"], name))


def _say_address_as_username_only(claims: Claims) -> None:
    claims["preferred_username"] = claims.pop("email", claims.get("preferred_username"))
    claims.pop("xms_edov", None)


def _say_only_that_there_are_groups(claims: Claims) -> None:
    for name in ("groups", "_claim_names", "_claim_sources"):
        claims.pop(name, None)
    claims["hasgroups"] = True


IN_THE_CLAIMS: Mapping[Fault, Callable[[Claims], object]] = {
    Fault.WRONG_ISSUER: lambda claims: claims.update(iss=ELSEWHERE),
    Fault.WRONG_AUDIENCE: lambda claims: claims.update(aud="another-application"),
    Fault.WRONG_NONCE: lambda claims: claims.update(nonce="of-another-sign-in"),
    Fault.MISSING_NONCE: lambda claims: claims.pop("nonce", None),
    Fault.EXPIRED: lambda claims: claims.update(iat=claims["iat"] - 7200, exp=claims["iat"] - 3600),
    Fault.MISSING_SUB: lambda claims: claims.pop("sub"),
    Fault.EMAIL_VERIFIED_STRING: lambda claims: claims.update(email_verified="true"),
    Fault.LEGACY_ISSUER: lambda claims: claims.update(iss=claims["iss"].partition("://")[2]),
    Fault.HD_AS_LIST: lambda claims: claims.update(hd=[claims.get("hd", GOOGLE_DOMAIN)]),
    Fault.TENANTID_LITERAL: _name_tenant_in_issuer("{tenantid}"),
    Fault.TENANT_COMMON: _name_tenant_in_issuer("common"),
    Fault.ISS_TID_MISMATCH: lambda claims: claims.update(tid=_other_tenant(claims["tid"])),
    Fault.NO_OID: lambda claims: claims.pop("oid", None),
    Fault.EMAIL_AS_PREFERRED_USERNAME_ONLY: _say_address_as_username_only,
    Fault.HASGROUPS: _say_only_that_there_are_groups,
}
"""Faults that are no more than other claims in an otherwise genuine ID token."""

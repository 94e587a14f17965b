"""Which platform is being played: its name, and the claims in which it describes people."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from idp.sandbox.platform.people import Person


@dataclass(frozen=True, slots=True)
class Kind:
    """A platform's manners.

    :param describe: gives a person's claims for the scopes asked for, without ``sub``.
    """

    title: str
    describe: Callable[[Person, Collection[str]], dict[str, Any]]


def _standard_claims(person: Person, scopes: Collection[str]) -> dict[str, Any]:
    """Describe a person by OpenID Connect Core §5.4, with app roles in ``roles``."""
    claims: dict[str, Any] = {"roles": list(person.roles)} if person.roles else {}
    if "profile" in scopes:
        claims |= {
            "name": person.name,
            "given_name": person.given_name,
            "family_name": person.family_name,
            "locale": "en",
        }
    if "email" in scopes:
        claims |= {"email": person.email, "email_verified": person.email_verified}
    return claims


OIDC = Kind("Acme Contact Center", _standard_claims)

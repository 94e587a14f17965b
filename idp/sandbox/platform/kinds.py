"""Which platform is being played: its name, its people, and the claims in which it describes them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from idp.sandbox.platform.people import (
    ENTRA_PEOPLE,
    GENESYS_PEOPLE,
    GOOGLE_PEOPLE,
    OAUTH2_PEOPLE,
    PEOPLE,
    RINGCENTRAL_PEOPLE,
    SALESFORCE_PEOPLE,
    Person,
)

Claims = dict[str, Any]


def _nothing(_person: Person, _scopes: Collection[str]) -> Claims:
    return {}


def _no_more(_person: Person, _asked: Mapping[str, str]) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A platform's manners.

    :param code: one word for it, in lower case.
    :param people: who signs in there, unless others are given.
    :param describe: gives a person's claims for the scopes asked for, without ``sub``.
    :param adds_to_callback: what a successful return carries besides code, state
        and iss, for the person and the parameters of the request.
    :param issues_id_tokens: whether people are known by an ID token; otherwise an API tells.
    :param names_itself_in_callbacks: whether returns carry ``iss`` (RFC 9207).
    :param needs_pkce: whether a code is refused to whoever sends no challenge.
    """

    code: str
    title: str
    people: tuple[Person, ...]
    describe: Callable[[Person, Collection[str]], Claims] = _nothing
    adds_to_callback: Callable[[Person, Mapping[str, str]], dict[str, str]] = _no_more
    issues_id_tokens: bool = True
    names_itself_in_callbacks: bool = False
    needs_pkce: bool = False


def _standard_claims(person: Person, scopes: Collection[str]) -> Claims:
    """Describe a person by OpenID Connect Core §5.4, with app roles in ``roles``."""
    claims: Claims = {"roles": list(person.roles)} if person.roles else {}
    if "profile" in scopes:
        claims |= {
            "name": person.name,
            "given_name": person.given_name,
            "family_name": person.family_name,
            "locale": "en",
        }
    return claims | _address(person, scopes)


def _google_claims(person: Person, scopes: Collection[str]) -> Claims:
    """Describe a person as Google does: ``hd`` only for those whom an organisation manages."""
    claims: Claims = {} if person.hosted_domain is None else {"hd": person.hosted_domain}
    if "profile" in scopes:
        claims |= {
            "name": person.name,
            "given_name": person.given_name,
            "family_name": person.family_name,
            "picture": f"https://lh3.googleusercontent.com/a/{person.subject}=s96-c",
        }
    return claims | _address(person, scopes)


def _google_callback(person: Person, asked: Mapping[str, str]) -> dict[str, str]:
    more = {"scope": asked.get("scope", ""), "authuser": "0", "prompt": "none"}
    return more if person.hosted_domain is None else {**more, "hd": person.hosted_domain}


def _entra_callback(person: Person, _asked: Mapping[str, str]) -> dict[str, str]:
    return {"session_state": f"of-{person.key}"}


def _address(person: Person, scopes: Collection[str]) -> Claims:
    if "email" not in scopes or person.email is None:
        return {}
    return {"email": person.email, "email_verified": person.email_verified}


OIDC = Kind(
    code="oidc",
    title="Acme Contact Center",
    people=PEOPLE,
    describe=_standard_claims,
    names_itself_in_callbacks=True,
    needs_pkce=True,
)
GOOGLE = Kind(
    code="google",
    title="Google Workspace (simulated)",
    people=GOOGLE_PEOPLE,
    describe=_google_claims,
    adds_to_callback=_google_callback,
)
ENTRA = Kind(
    code="entra",
    title="Microsoft Entra (simulated)",
    people=ENTRA_PEOPLE,
    adds_to_callback=_entra_callback,
)
GENESYS = Kind(
    code="genesys",
    title="Genesys Cloud (simulated)",
    people=GENESYS_PEOPLE,
    issues_id_tokens=False,
)
RINGCENTRAL = Kind(
    code="ringcentral",
    title="RingCentral (simulated)",
    people=RINGCENTRAL_PEOPLE,
    issues_id_tokens=False,
)
SALESFORCE = Kind(
    code="salesforce",
    title="Salesforce (simulated)",
    people=SALESFORCE_PEOPLE,
)
OAUTH2 = Kind(
    code="oauth2",
    title="Plain OAuth2 server (simulated)",
    people=OAUTH2_PEOPLE,
    issues_id_tokens=False,
)

KINDS = (OIDC, GOOGLE, ENTRA, GENESYS, RINGCENTRAL, SALESFORCE, OAUTH2)

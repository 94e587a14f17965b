"""What the claims of an ID token mean, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

MEANINGS: Final[Mapping[str, str]] = {
    "name": "The person's full name.",
    "given_name": "Their first name.",
    "family_name": "Their last name.",
    "email": "Their email address. It may change: never use it to recognise somebody.",
    "email_verified": "Whether somebody proved or vouched for that the address is theirs.",
    "account": "The customer, by the code of its account: the one they belong to, or entered as staff.",
    "roles": "All their roles in that account, the highest first. Never empty.",
    "role_name": "Their highest role, for services that know one role only.",
    "groups": "The names of the groups that these roles belong to.",
    "permissions": "What they may do, one permission an entry.",
    "staff": "True for Deepdesk's own people, who entered the account by a grant; otherwise absent.",
    "preferred_username": "What they like to be called in lists. Not unique.",
    "locale": "The language that they read.",
    "sub": "Who they are: stable, never reused. This is what to recognise somebody by.",
    "iss": "Who says all this: the issuer. Must be exactly the address that you trust.",
    "aud": "Whom it was said to: this service's client id. Anybody else must refuse it.",
    "iat": "When the token was issued.",
    "exp": "From when on it is no longer accepted.",
    "auth_time": "When the person last proved who they are.",
    "nonce": "The random value that this service sent along, so that no old answer passes for a new one.",
    "sid": "The person's session at the provider, named again when they sign out.",
    "acr": "How sure the provider is: interactive means signed in at the platform.",
    "amr": "How they proved who they are: fed means by another provider.",
    "azp": "The client that asked for the token.",
    "at_hash": "Ties the token to the access token that came with it.",
}
"""Claim → its meaning, in the order in which they are shown."""
UNKNOWN: Final = "Not described by Deepdesk."
_TIMES = frozenset({"iat", "exp", "auth_time"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """One line of the table."""

    claim: str
    value: str
    meaning: str


def rows(claims: Mapping[str, Any]) -> list[ClaimRow]:
    """Return a line for each claim: what people ask about first, claims without a known meaning last."""
    known = [claim for claim in MEANINGS if claim in claims]
    unknown = sorted(set(claims) - set(MEANINGS))
    return [
        ClaimRow(claim=claim, value=_in_words(claim, claims[claim]), meaning=MEANINGS.get(claim, UNKNOWN))
        for claim in (*known, *unknown)
    ]


def _in_words(claim: str, value: Any) -> str:
    """Return the value for human eyes; times in UTC."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if claim in _TIMES and isinstance(value, int | float):
        return f"{datetime.fromtimestamp(value, UTC):%d %B %Y, %H:%M:%S} UTC ({value})"
    if isinstance(value, list):
        return ", ".join(str(entry) for entry in value) or "none"
    return str(value)

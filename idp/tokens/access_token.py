"""Access tokens: JWTs by RFC 9068, signed with ES256 whatever the client's ID tokens use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from idp.domain.client_words import SigningAlg
from idp.domain.clock import from_unix, unix
from idp.domain.errors import AccessTokenRefused
from idp.domain.identifiers import ClientId, FamilyId, SessionId, UserId
from idp.domain.scope import Scope
from idp.domain.secrets import new_identifier
from idp.tokens.held_signatures import HeldSignatures
from idp.tokens.key_ring import KeyRing, Signer, Verifier
from idp.tokens.signing import sign
from idp.tokens.verifying import NotOurs, signed_claims, trusted_key

ALG = SigningAlg.ES256
TYP = "at+jwt"
_SEPARATOR = "."


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What a genuine, unexpired access token says. Whether it was revoked is another question.

    :param family_id: what it belongs to; none for a client's own, by client_credentials.
    :param subject: the user's id; the client's for its own.
    :param audience: every ``aud``.
    :param claims: all of them, as signed.
    """

    jti: str
    family_id: FamilyId | None
    subject: str
    client_id: ClientId
    audience: tuple[str, ...]
    scope: tuple[Scope, ...]
    expires_at: datetime
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """For whom a token is made: the user, their SSO session, and the family it belongs to."""

    user_id: UserId
    sid: SessionId
    family_id: FamilyId


def mint(
    *,
    issuer: str,
    client_id: ClientId,
    person: Person | None,
    audience: tuple[str, ...],
    scope: tuple[Scope, ...],
    claims: Mapping[str, Any],
    signer: Signer,
    lifetime: timedelta,
    now: datetime,
) -> str:
    """Make an access token (RFC 9068 §2.2, §3).

    :param person: none for a client's own token, whose subject is the client.
    :param audience: at least one; a single one stands as a string.
    :param claims: about the person; cannot replace a registered claim.
    """
    registered: dict[str, Any] = {
        "iss": issuer,
        "sub": client_id if person is None else person.user_id,
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "exp": unix(now + lifetime),
        "iat": unix(now),
        "jti": new_identifier() if person is None else f"{person.family_id}{_SEPARATOR}{new_identifier()}",
        "client_id": client_id,
    }
    if scope:
        registered["scope"] = " ".join(scope)
    if person is not None:
        registered["sid"] = person.sid
    return sign({**claims, **registered}, signer, typ=TYP)


def verify(token: str, *, issuer: str, keys: KeyRing, now: datetime) -> AccessToken:
    """Check an access token of ours (RFC 9068 §4).

    :raises AccessTokenRefused: not a JWT, another kind of token, not ours, altered, or expired.
    """
    try:
        key = trusted_key(token, lambda kid: keys.verifier(kid, now=now), typ=TYP)
        found = _signed(token, key)
    except NotOurs as reason:
        raise AccessTokenRefused(str(reason)) from reason
    if key[0] is not ALG:
        raise AccessTokenRefused("signed with another algorithm than access tokens are")
    if found.claims.get("iss") != issuer or unix(found.expires_at) <= unix(now):
        raise AccessTokenRefused("wrong issuer, or expired")
    return found


_held = HeldSignatures[AccessToken]()


def _signed(token: str, key: Verifier) -> AccessToken:
    """Return what a token says whose signature holds, expired or not."""
    found = _held.get(token, key[1])
    if found is None:
        found = _of_claims(signed_claims(token, key))
        _held.keep(token, key[1], found)
    return found


def _of_claims(claims: dict[str, Any]) -> AccessToken:
    if not isinstance(claims.get("exp"), int):
        raise AccessTokenRefused("it never expires")
    audience = claims["aud"]
    family, separator, _ = str(claims["jti"]).partition(_SEPARATOR)
    return AccessToken(
        jti=str(claims["jti"]),
        family_id=FamilyId(family) if separator else None,
        subject=claims["sub"],
        client_id=ClientId(claims["client_id"]),
        audience=(audience,) if isinstance(audience, str) else tuple(audience),
        scope=tuple(Scope(word) for word in claims.get("scope", "").split()),
        expires_at=from_unix(claims["exp"]),
        claims=MappingProxyType(claims),
    )

"""Access tokens: JWTs by RFC 9068, signed with ES256 whatever the client's ID tokens use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from joserfc import jws
from joserfc.errors import JoseError

from idp.domain.client_words import SigningAlg
from idp.domain.clock import from_unix, unix
from idp.domain.errors import AccessTokenRefused
from idp.domain.identifiers import ClientId, FamilyId, SessionId, UserId
from idp.domain.scope import Scope
from idp.domain.secrets import new_identifier
from idp.tokens.key_ring import KeyRing, Signer
from idp.tokens.signing import REGISTRY, sign

ALG = SigningAlg.ES256
TYP = "at+jwt"
MAX_LENGTH = 8192
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
    claims = _signed_claims(token, keys, now)
    if claims.get("iss") != issuer or not isinstance(claims.get("exp"), int) or claims["exp"] <= unix(now):
        raise AccessTokenRefused("wrong issuer, or expired")
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
        claims=claims,
    )


def _signed_claims(token: str, keys: KeyRing, now: datetime) -> dict[str, Any]:
    """Return the claims of a token of this very kind whose signature holds."""
    if len(token) > MAX_LENGTH or not token.isascii():
        raise AccessTokenRefused("not an access token")
    try:
        header = jws.extract_compact(token.encode("ascii"), registry=REGISTRY).headers()
        found = keys.verifier(str(header.get("kid")), now=now)
        if header.get("typ") != TYP or header.get("alg") != ALG or found is None or found[0] is not ALG:
            raise AccessTokenRefused("another kind of token, or signed by nobody we know")
        verified = jws.deserialize_compact(token, found[1], registry=REGISTRY)
    except (JoseError, ValueError, RecursionError) as error:
        raise AccessTokenRefused("unreadable or altered") from error
    # Our own signature stands under it, so the payload has the shape that mint gave it.
    return cast(dict[str, Any], json.loads(verified.payload))

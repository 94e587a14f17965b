"""Platform JWTs: what a platform signs about its agent with a shared secret (DOMAIN.md; CONTRACT §6 rule 4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeGuard

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from idp.domain.clock import from_unix, unix
from idp.domain.errors import PlatformJwtRefused

ALG = "HS256"
MAX_LENGTH = 8192
MAX_AGE = timedelta(hours=24)
"""How long after ``iat`` a token may say that it counts."""
LEEWAY = timedelta(seconds=60)
"""How far a platform's clock may be ahead of ours."""
MAX_ID_LENGTH = 255
MAX_JTI_LENGTH = 256
_REGISTRY = jws.JWSRegistry(algorithms=[ALG], strict_check_header=False)
_TYPS = frozenset({"jwt", "jwt+platform"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformJwt:
    """What a platform says; believed only once :func:`is_signed_with` holds.

    :param account: the code it names; whether there is such an account is another question.
    :param platform_id: the agent's id on the platform.
    :param jti: none where the platform does not number its tokens; such a one may come again.
    """

    account: str
    platform_id: str
    name: str | None
    email: str | None
    issued_at: datetime
    expires_at: datetime
    jti: str | None
    compact: str = field(repr=False)


def read(token: str, *, issuer: str, now: datetime) -> PlatformJwt:
    """Take a platform JWT apart and check all that needs no secret.

    :param issuer: what ``aud`` must name, where there is one.
    :raises PlatformJwtRefused: not a JWT, another algorithm or kind, its times do not hold, or it names nobody.
    """
    header, claims = _taken_apart(token)
    if header.get("alg") != ALG or str(header.get("typ", "JWT")).lower() not in _TYPS:
        raise PlatformJwtRefused("It is not an HS256 JWT.")
    if claims.get("type") != "access":
        raise PlatformJwtRefused("Its type is not access.")
    _check_audience(claims.get("aud"), issuer)
    issued, expires = _times(claims, now)
    identity = claims.get("identity")
    if not isinstance(identity, dict):
        raise PlatformJwtRefused("It has no identity.")
    return PlatformJwt(
        account=_text(identity, "account", needed=True) or "",
        platform_id=_id_of(identity),
        name=_text(identity, "user_name"),
        email=_text(identity, "user_email"),
        issued_at=issued,
        expires_at=expires,
        jti=_jti(claims),
        compact=token,
    )


def is_signed_with(token: PlatformJwt, secret: str) -> bool:
    """Say whether a secret signed the token; in constant time."""
    try:
        jws.deserialize_compact(token.compact, OctKey.import_key(secret.encode()), registry=_REGISTRY)
    except (JoseError, ValueError):
        return False
    return True


def _taken_apart(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    if len(token) > MAX_LENGTH or not token.isascii():
        raise PlatformJwtRefused("It is not a JWT.")
    try:
        taken = jws.extract_compact(token.encode("ascii"), registry=_REGISTRY)
        claims = json.loads(taken.payload)
    except (JoseError, ValueError, RecursionError) as error:
        raise PlatformJwtRefused("It is not a JWT.") from error
    if not isinstance(claims, dict):
        raise PlatformJwtRefused("It is not a JWT.")
    return taken.headers(), claims


def _check_audience(audience: object, issuer: str) -> None:
    named = [audience] if isinstance(audience, str) else audience
    if audience is not None and (not isinstance(named, list) or issuer not in named):
        raise PlatformJwtRefused("Its aud does not name this provider.")


def _times(claims: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime]:
    issued, expires, begins = claims.get("iat"), claims.get("exp"), claims.get("nbf", 0)
    if not _is_time(issued) or not _is_time(expires) or not _is_time(begins):
        raise PlatformJwtRefused("It needs iat and exp as whole seconds.")
    latest = unix(now + LEEWAY)
    if issued > latest or begins > latest:
        raise PlatformJwtRefused("It is not valid yet.")
    if expires <= unix(now):
        raise PlatformJwtRefused("It has expired.")
    if expires - issued > MAX_AGE.total_seconds():
        raise PlatformJwtRefused("Its exp is more than 24 hours after its iat.")
    return from_unix(issued), from_unix(expires)


def _is_time(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40


def _id_of(identity: Mapping[str, Any]) -> str:
    """Return the platform's id. A platform that counts its people may give a number."""
    value = identity.get("user_id")
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_LENGTH or not value.isprintable():
        raise PlatformJwtRefused("Its identity has no usable user_id.")
    return value


def _text(identity: Mapping[str, Any], name: str, *, needed: bool = False) -> str | None:
    value = identity.get(name)
    if isinstance(value, str) and 0 < len(value) <= MAX_ID_LENGTH and value.isprintable():
        return value
    if needed or value not in (None, ""):
        raise PlatformJwtRefused(f"Its identity has no usable {name}.")
    return None


def _jti(claims: Mapping[str, Any]) -> str | None:
    value = claims.get("jti")
    if value is not None and (not isinstance(value, str) or not 0 < len(value) <= MAX_JTI_LENGTH):
        raise PlatformJwtRefused("Its jti is not usable.")
    return value

"""Client assertions: JWTs by which a client proves itself (RFC 7523 §2.2, §3, OpenID Connect Core §9).

Which keys may have signed is the caller's to say, and that an assertion is
used once: here is its form and what it says.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeGuard

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, RSAKey

from idp.domain.client_metadata import parse_client_id
from idp.domain.clock import from_unix, unix
from idp.domain.errors import ClientNotProven, Invalid
from idp.tokens.client_keys import ALGORITHMS

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""The only ``client_assertion_type`` (RFC 7523 §2.2)."""
SECRET_ALG = "HS256"  # noqa: S105 - an algorithm
"""With a shared secret. HS384 and HS512 need longer ones than we make (RFC 7518 §3.2)."""
SUPPORTED = (*ALGORITHMS, SECRET_ALG)
"""With what an assertion may be signed, for the metadata."""
MIN_SECRET_BYTES = 32
LONGEST_AHEAD = timedelta(minutes=10)
"""How far ahead an ``exp`` may lie. Libraries make one to ten minutes; a longer one is worth stealing."""
LEEWAY = timedelta(seconds=60)
MAX_LENGTH = 4096
MAX_JTI_LENGTH = 256

_REGISTRY = jws.JWSRegistry(algorithms=[*ALGORITHMS, SECRET_ALG], strict_check_header=False)
_TYPS = frozenset({"jwt", "client-authentication+jwt"})

VerifyingKey = RSAKey | ECKey | OctKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """What an assertion says before anybody looked at its signature.

    :param client_id: whom it wants to prove; well-formed.
    """

    client_id: str
    alg: str
    kid: str | None
    claims: Mapping[str, Any] = field(repr=False)
    compact: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What makes a genuine assertion the only one of its kind.

    :param usable_until: until then it could be used; at that moment no more.
    """

    jti: str
    usable_until: datetime


def read(assertion: str) -> Unproven:
    """Take an assertion apart.

    :raises ClientNotProven: it has not the form of one.
    """
    if len(assertion) > MAX_LENGTH or not assertion.isascii():
        raise ClientNotProven("not an assertion")
    try:
        taken = jws.extract_compact(assertion.encode("ascii"), registry=_REGISTRY)
        claims = json.loads(taken.payload)
    except (JoseError, ValueError, RecursionError) as error:
        raise ClientNotProven("not an assertion") from error
    header = taken.headers()
    alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(alg, str) or not isinstance(kid, str | None) or str(typ).lower() not in _TYPS:
        raise ClientNotProven("another kind of token")
    if not isinstance(claims, dict):
        raise ClientNotProven("not an assertion")
    return Unproven(client_id=_subject(claims), alg=alg, kid=kid, claims=claims, compact=assertion)


def prove(unproven: Unproven, keys: Sequence[VerifyingKey], *, audiences: Collection[str], now: datetime) -> Proven:
    """Check signature and claims of an assertion.

    :param keys: those that fit its ``alg`` and ``kid``, at most a handful.
    :param audiences: what ``aud`` may name.
    :raises ClientNotProven: see there.
    """
    if not any(_is_signed_by(key, unproven) for key in keys):
        raise ClientNotProven("signed by no key that counts for the client")
    claims = unproven.claims
    if claims.get("iss") != unproven.client_id:
        raise ClientNotProven("issuer and subject differ")
    if not _names_only(claims.get("aud"), audiences):
        raise ClientNotProven("meant for another audience")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI_LENGTH or not jti.isprintable():
        raise ClientNotProven("it has no usable jti")
    return Proven(jti=jti, usable_until=_usable_until(claims, now))


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    try:
        return parse_client_id(subject if isinstance(subject, str) else "")
    except Invalid:
        raise ClientNotProven("it names no client as its subject") from None


def _is_signed_by(key: VerifyingKey, unproven: Unproven) -> bool:
    try:
        jws.deserialize_compact(unproven.compact, key, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError):
        return False
    return True


def _names_only(audience: object, ours: Collection[str]) -> bool:
    named = [audience] if isinstance(audience, str) else audience
    return isinstance(named, list) and bool(named) and all(isinstance(one, str) and one in ours for one in named)


def _usable_until(claims: Mapping[str, Any], now: datetime) -> datetime:
    """Return the end of an assertion's life, once its times hold (RFC 7523 §3 rules 4 to 6)."""
    latest = unix(now + LEEWAY)
    expires = claims.get("exp")
    if not _is_time(expires) or not unix(now - LEEWAY) < expires <= latest + LONGEST_AHEAD.total_seconds():
        raise ClientNotProven("expired, or valid for too long")
    for name in ("iat", "nbf"):
        begins = claims.get(name, 0)
        if not _is_time(begins) or begins > latest:
            raise ClientNotProven("not valid yet")
    return from_unix(int(expires)) + LEEWAY + timedelta(seconds=1)


def _is_time(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)

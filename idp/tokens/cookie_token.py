"""Cookie tokens: the JWTs of the widget's session, as Flask-JWT-Extended reads them (CONTRACT §5).

Both kinds are signed with ES256 under keys of their own, and made for one
account. A refresh token's ``jti`` is ``FAMILY.GENERATION``, an access token's
``FAMILY.RANDOM``: what they belong to can be asked for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from idp.domain.authentication import Authentication
from idp.domain.client_words import SigningAlg
from idp.domain.clock import from_unix, unix
from idp.domain.errors import CookieTokenRefused
from idp.domain.identifiers import AccountCode, FamilyId, SessionId, UserId
from idp.domain.jars import Jar
from idp.domain.roles import Role, effective
from idp.domain.secrets import new_identifier
from idp.tokens.held_signatures import HeldSignatures
from idp.tokens.key_ring import KeyRing
from idp.tokens.signing import sign
from idp.tokens.verifying import NotOurs, signed_claims, trusted_key

ALG = SigningAlg.ES256
TYP = "session+jwt"
CLOCKS_DIFFER_SECONDS = 60
"""How much earlier than made a token says that it counts: services that read it have clocks of their own."""
_AUDIENCE = "urn:deepdesk:account:"
_SEPARATOR = "."
MOST_SEEDS = 4000
"""Of so many families the CSRF values are kept, as the signatures of their tokens are (ADR 0022)."""


class CookieType(StrEnum):
    """Which of the two a token is: its claim ``type``."""

    ACCESS = "access"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The person as the platform and older services know them: the claim ``identity``.

    :param user_id: the platform's id where there is one, else the ``sub``.
    """

    account: AccountCode
    user_id: str
    user_name: str | None
    user_email: str | None

    def as_json(self) -> dict[str, str | None]:
        """Return the claim's value."""
        return {
            "account": self.account,
            "user_id": self.user_id,
            "user_name": self.user_name,
            "user_email": self.user_email,
        }


@dataclass(frozen=True, slots=True)
class Csrf:
    """The CSRF values of a family's tokens: 43 base64url characters each, the same over renewals."""

    access: str
    refresh: str

    @staticmethod
    @lru_cache(maxsize=MOST_SEEDS)
    def of(seed: str) -> Csrf:
        """Derive the values from a family's seed; the same at every renewal, so they are kept for a while."""
        return Csrf(_derived(seed, CookieType.ACCESS), _derived(seed, CookieType.REFRESH))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """Until when the two tokens count."""

    access_until: datetime
    refresh_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What both tokens of one cookie session say.

    :param fresh: the person proved who they are a moment ago; never after a renewal.
    """

    family_id: FamilyId
    user_id: UserId
    sid: SessionId
    identity: Identity
    roles: tuple[Role, ...]
    authentication: Authentication
    jar: Jar
    csrf: Csrf = field(repr=False)
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieToken:
    """What a genuine cookie token says, expired or not. Whether its session goes on is another question.

    :param generation: of a refresh token; none of an access token.
    """

    kind: CookieType
    family_id: FamilyId
    generation: int | None
    account: AccountCode
    user_id: UserId
    sid: SessionId
    jar: Jar
    csrf: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime


_held = HeldSignatures[CookieToken]()
"""Refresh tokens that this process made: their signature is known to hold, under that very key (ADR 0022)."""


def audience_of(account: AccountCode) -> str:
    """Return the ``aud`` of an account's cookie tokens."""
    return f"{_AUDIENCE}{account}"


def mint(
    session: Session, generation: int, lifetimes: Lifetimes, *, issuer: str, keys: KeyRing, now: datetime
) -> tuple[str, str]:
    """Make the access token and the refresh token of one generation.

    :param keys: those of cookie tokens.
    :raises NoSigningKey: none of them signs.
    """
    signer = keys.signer(ALG, now=now)
    both = _claims_of_both(session, issuer, now)
    access = {
        **both,
        "type": CookieType.ACCESS.value,
        "exp": unix(lifetimes.access_until),
        "jti": f"{session.family_id}{_SEPARATOR}{new_identifier()}",
        "fresh": session.fresh,
        "csrf": session.csrf.access,
    }
    refresh = {
        **both,
        "type": CookieType.REFRESH.value,
        "exp": unix(lifetimes.refresh_until),
        "jti": f"{session.family_id}{_SEPARATOR}{generation}",
        "fresh": False,
        "csrf": session.csrf.refresh,
    }
    made = sign(refresh, signer, typ=TYP)
    verifier = keys.verifier(signer.kid, now=now)
    if verifier is not None:
        # It comes back once, mostly to this process: that it was signed here need not be found out then.
        _held.keep(made, verifier[1], _as_read(session, generation, lifetimes, now))
    return sign(access, signer, typ=TYP), made


def read(token: str, kind: CookieType, *, issuer: str, keys: KeyRing, now: datetime) -> CookieToken:
    """Recognise a cookie token of ours by its kind; it may have expired, which is the caller's to judge.

    :param keys: those of cookie tokens.
    :raises CookieTokenRefused: not a JWT, another kind of token, another issuer's, or altered.
    """
    try:
        key = trusted_key(token, lambda kid: keys.verifier(kid, now=now), typ=TYP)
        held = _held.get(token, key[1])
        if held is not None and held.kind is kind:
            return held
        claims = signed_claims(token, key)
    except NotOurs as reason:
        raise CookieTokenRefused(str(reason)) from reason
    if claims.get("iss") != issuer or claims.get("type") != kind:
        raise CookieTokenRefused("of another issuer, or of the other kind")
    return _of_claims(claims, kind)


def _of_claims(claims: Mapping[str, Any], kind: CookieType) -> CookieToken:
    family, _, rest = claims["jti"].partition(_SEPARATOR)
    return CookieToken(
        kind=kind,
        family_id=FamilyId(family),
        generation=int(rest) if kind is CookieType.REFRESH else None,
        account=AccountCode(claims["aud"].removeprefix(_AUDIENCE)),
        user_id=UserId(claims["sub"]),
        sid=SessionId(claims["sid"]),
        jar=Jar(claims["jar"]),
        csrf=claims["csrf"],
        issued_at=from_unix(claims["iat"]),
        expires_at=from_unix(claims["exp"]),
    )


def _as_read(session: Session, generation: int, lifetimes: Lifetimes, now: datetime) -> CookieToken:
    """Return a refresh token that was just made as :func:`read` would: its moments are whole seconds."""
    return CookieToken(
        kind=CookieType.REFRESH,
        family_id=session.family_id,
        generation=generation,
        account=session.identity.account,
        user_id=session.user_id,
        sid=session.sid,
        jar=session.jar,
        csrf=session.csrf.refresh,
        issued_at=now.replace(microsecond=0),
        expires_at=lifetimes.refresh_until.replace(microsecond=0),
    )


def _claims_of_both(session: Session, issuer: str, now: datetime) -> Mapping[str, Any]:
    roles = effective(session.roles)
    moment = unix(now)
    return {
        "iss": issuer,
        "aud": audience_of(session.identity.account),
        "iat": moment,
        "nbf": moment - CLOCKS_DIFFER_SECONDS,
        "sid": session.sid,
        "sub": session.user_id,
        "identity": session.identity.as_json(),
        "roles": [role.value for role in roles],
        "role_name": roles[0].value,
        "acr": session.authentication.acr,
        "amr": list(session.authentication.amr),
        "auth_time": unix(session.authentication.at),
        "jar": session.jar.value,
    }


def _derived(seed: str, kind: CookieType) -> str:
    tag = hmac.digest(seed.encode("ascii"), f"csrf {kind}".encode("ascii"), hashlib.sha256)
    return base64.urlsafe_b64encode(tag).rstrip(b"=").decode("ascii")

"""ID tokens that come back as a hint: whom does the Relying Party mean (OpenID Connect Core §3.1.2.1)?

A hint proves nothing about whoever presents it, so it may have expired; but it
is one of ours, unaltered, and no other kind of token.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from idp.domain.errors import HintRefused
from idp.domain.identifiers import ClientId, SessionId, UserId
from idp.tokens.id_token import TYP
from idp.tokens.key_ring import KeyRing
from idp.tokens.verifying import NotOurs, own_claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What one of our ID tokens said, however long ago.

    :param sid: the SSO session in which it was made.
    :param audience: the client it was made for.
    """

    subject: UserId
    sid: SessionId
    audience: ClientId


def verify_hint(token: str, *, issuer: str, keys: KeyRing, now: datetime) -> Hint:
    """Check an ID token of ours, whose expiry does not matter (RP-Initiated Logout §2).

    :param now: of the look-up among the keys.
    :raises HintRefused: not a JWT, another kind of token, another issuer's, or altered.
    """
    try:
        claims = own_claims(token, lambda kid: keys.any_verifier(kid, now=now), typ=TYP)
    except NotOurs as reason:
        raise HintRefused(str(reason)) from reason
    if claims.get("iss") != issuer:
        raise HintRefused("of another issuer")
    if "events" in claims:
        raise HintRefused("a logout token")
    named = [claims.get(name) for name in ("sub", "sid", "aud")]
    if not all(isinstance(one, str) and one for one in named):
        raise HintRefused("an ID token names a subject, a session and one audience")
    subject, sid, audience = named
    return Hint(subject=UserId(str(subject)), sid=SessionId(str(sid)), audience=ClientId(str(audience)))

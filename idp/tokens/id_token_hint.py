"""ID tokens that come back as a hint: whom does the Relying Party mean (OpenID Connect Core §3.1.2.1)?

A hint proves nothing about whoever presents it, so it may have expired; but it
is one of ours, unaltered, and no other kind of token.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from joserfc import jws
from joserfc.errors import JoseError

from idp.domain.errors import HintRefused
from idp.domain.identifiers import ClientId, SessionId, UserId
from idp.tokens.id_token import TYP
from idp.tokens.key_ring import KeyRing
from idp.tokens.signing import REGISTRY

MAX_LENGTH = 8192


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
    claims = _signed_claims(token, keys, now)
    if claims.get("iss") != issuer:
        raise HintRefused("of another issuer")
    if "events" in claims:
        raise HintRefused("a logout token")
    named = [claims.get(name) for name in ("sub", "sid", "aud")]
    if not all(isinstance(one, str) and one for one in named):
        raise HintRefused("an ID token names a subject, a session and one audience")
    subject, sid, audience = named
    return Hint(subject=UserId(str(subject)), sid=SessionId(str(sid)), audience=ClientId(str(audience)))


def _signed_claims(token: str, keys: KeyRing, now: datetime) -> dict[str, Any]:
    """Return the claims of a token with the header of an ID token whose signature holds."""
    if len(token) > MAX_LENGTH or not token.isascii():
        raise HintRefused("not an ID token")
    try:
        header = jws.extract_compact(token.encode("ascii"), registry=REGISTRY).headers()
        found = keys.any_verifier(str(header.get("kid")), now=now)
        if found is None or header.get("typ") != TYP or header.get("alg") != found[0]:
            raise HintRefused("another kind of token, or signed by nobody we know")
        verified = jws.deserialize_compact(token, found[1], registry=REGISTRY)
    except (JoseError, ValueError, RecursionError) as error:
        raise HintRefused("unreadable or altered") from error
    # Our own signature stands under it, so it is a JSON object.
    return cast(dict[str, Any], json.loads(verified.payload))

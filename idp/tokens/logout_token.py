"""Logout tokens: what a service is told when a session of its person has ended (Back-Channel Logout 1.0 §2.4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from idp.domain.clock import unix
from idp.domain.identifiers import ClientId, SessionId, UserId
from idp.domain.secrets import new_identifier
from idp.tokens.key_ring import Signer
from idp.tokens.signing import sign

TYP = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = timedelta(minutes=2)


def mint(*, issuer: str, client_id: ClientId, subject: UserId, sid: SessionId, signer: Signer, now: datetime) -> str:
    """Make a logout token. It names session and person, and nothing by which it could pass for an ID token.

    :param subject: as the client's ID tokens name the person.
    :param signer: of the algorithm of the client's ID tokens.
    """
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": client_id,
        "iat": unix(now),
        "exp": unix(now + LIFETIME),
        "jti": new_identifier(),
        "sub": subject,
        "sid": sid,
        "events": {EVENT: {}},
    }
    return sign(claims, signer, typ=TYP)

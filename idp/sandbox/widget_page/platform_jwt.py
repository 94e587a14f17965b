"""What a platform signs with the secret that it shares with Deepdesk."""

from __future__ import annotations

from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.jwk import OctKey

from idp.domain.clock import unix
from idp.domain.secrets import new_identifier
from idp.sandbox.widget_page.agents import Agent

LIFETIME = timedelta(hours=8)


def platform_jwt(agent: Agent, *, issuer: str, account: str, secret: str, now: datetime) -> str:
    """Return the platform's word on who works here: HS256, for a working day."""
    claims = {
        "iat": unix(now),
        "exp": unix(now + LIFETIME),
        "jti": new_identifier(),
        "aud": issuer,
        "type": "access",
        "identity": {
            "account": account,
            "user_id": agent.bridge_id,
            "user_name": agent.name,
            "user_email": agent.email,
        },
    }
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))

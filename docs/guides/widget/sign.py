"""What the platform's own server signs about the agent who works at a page."""

import os
import time
import uuid

import jwt

ISSUER = os.environ["ISSUER"]  # the provider, without a slash at the end
SECRET = os.environ["PLATFORM_SECRET"]  # which the platform shares with Deepdesk
WORKING_DAY = 8 * 3600  # the session ends with the token; 24 hours at most


def platform_jwt(account, user_id, name, email):
    """Return a token for one sign-in of the person whom the platform's own session names, made when the page asks."""
    now = int(time.time())
    claims = {
        "iat": now,
        "exp": now + WORKING_DAY,
        "jti": uuid.uuid4().hex,
        "aud": ISSUER,
        "type": "access",
        "identity": {"account": account, "user_id": user_id, "user_name": name, "user_email": email},
    }
    return jwt.encode(claims, SECRET, algorithm="HS256")

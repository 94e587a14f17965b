"""Reads the access cookie of Deepdesk's identity provider, with PyJWT alone."""

import hmac
import os

import jwt

ISSUER = os.environ["ISSUER"]  # the provider, without a slash at the end
AUDIENCE = f"urn:deepdesk:account:{os.environ['ACCOUNT']}"
NEEDED = ["iss", "aud", "exp", "iat", "sub", "type", "csrf"]
KEYS = jwt.PyJWKClient(f"{ISSUER}/auth/jwks", timeout=5)  # one for the process: it keeps them for five minutes


def who_calls(token, method, csrf_header):
    """Return what the cookie says of who calls.

    :param csrf_header: X-CSRF-TOKEN as it was sent; None when it was not.
    :raises jwt.InvalidTokenError: it does not count: answer 401.
    :raises jwt.PyJWKClientError: the same; a PyJWKClientConnectionError is 503, since nobody could look.
    """
    if jwt.get_unverified_header(token).get("typ") != "session+jwt":
        raise jwt.InvalidTokenError("another kind of token")
    key = KEYS.get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token, key, algorithms=["ES256"], audience=AUDIENCE, issuer=ISSUER, leeway=30, options={"require": NEEDED}
    )
    if claims["type"] != "access":
        raise jwt.InvalidTokenError("a refresh token")
    if method not in ("GET", "HEAD") and not hmac.compare_digest(claims["csrf"].encode(), (csrf_header or "").encode()):
        raise jwt.InvalidTokenError("another page's request")
    return claims

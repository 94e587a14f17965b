"""Verifies the provider's access tokens (RFC 9068), for an API that other services call."""

import jwt
import requests

ALGORITHMS = ["ES256"]  # of every access token, whatever the ID tokens are signed with


class AccessTokens:
    """What an API knows of the provider: its issuer and keys, and under which name the API is known there."""

    def __init__(self, issuer, audience):
        answer = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10)
        answer.raise_for_status()
        discovery = answer.json()
        if discovery["issuer"] != issuer:
            raise ValueError("The metadata is somebody else's.")
        self._issuer, self._audience = issuer, audience
        self._keys = jwt.PyJWKClient(discovery["jwks_uri"], timeout=10)

    def read(self, token):
        """Return the verified claims.

        :raises jwt.PyJWKClientConnectionError: the provider cannot be reached; the token may be good.
        :raises jwt.PyJWTError: the token is not an access token for this API. RFC 9068 §4.
        """
        if jwt.get_unverified_header(token).get("typ") not in {"at+jwt", "application/at+jwt"}:
            raise jwt.InvalidTokenError("It is another kind of token.")
        return jwt.decode(
            token,
            key=self._keys.get_signing_key_from_jwt(token).key,
            algorithms=ALGORITHMS,
            audience=self._audience,
            issuer=self._issuer,
            options={"require": ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]},
        )

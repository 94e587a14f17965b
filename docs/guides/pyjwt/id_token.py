"""Reads ID tokens with PyJWT."""

import hmac

import jwt
import requests


def role_of(id_token, issuer, client_id):
    """Return the highest role that an ID token names."""
    discovery = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
    algorithms = discovery["id_token_signing_alg_values_supported"]
    jwks_client = jwt.PyJWKClient(discovery["jwks_uri"])
    signing_key = jwks_client.get_signing_key_from_jwt(id_token)
    data = jwt.decode(id_token, key=signing_key.key, algorithms=algorithms, audience=client_id)
    return data.get("role_name", "deepdesk.agent")


class IdTokens:
    """The same for new code: keys are kept, and issuer, nonce and kind of token are looked at as well."""

    def __init__(self, issuer, client_id):
        answer = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10)
        answer.raise_for_status()
        discovery = answer.json()
        if discovery["issuer"] != issuer:
            raise ValueError("The metadata is somebody else's.")
        self._issuer, self._client_id = issuer, client_id
        self._algorithms = discovery["id_token_signing_alg_values_supported"]
        self._keys = jwt.PyJWKClient(discovery["jwks_uri"], timeout=10)

    def read(self, id_token, *, nonce):
        """Return the verified claims.

        :param nonce: the one that was sent for this sign-in.
        :raises jwt.PyJWTError: the token is not the provider's word about this sign-in.
        """
        if jwt.get_unverified_header(id_token).get("typ", "JWT") != "JWT":
            raise jwt.InvalidTokenError("It is another kind of token.")
        claims = jwt.decode(
            id_token,
            key=self._keys.get_signing_key_from_jwt(id_token).key,
            algorithms=self._algorithms,
            audience=self._client_id,
            issuer=self._issuer,
            options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
        )
        if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
            raise jwt.InvalidTokenError("It answers another sign-in.")
        return claims

"""Reads what the provider signed: an ID token where somebody signs in, an access token where an API is called."""

import hmac
import os
from functools import cache

import jwt
import requests

ISSUER = os.environ["ISSUER"]  # the provider, without a slash at the end
CLIENT_ID = os.environ["CLIENT_ID"]  # of the service where people sign in
AUDIENCE = os.environ["AUDIENCE"]  # of the API: its own name, an https URI
NEEDED = ["iss", "aud", "exp", "iat", "sub", "jti", "client_id"]  # RFC 9068 §2.2


@cache
def discovery():
    answer = requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=10)
    answer.raise_for_status()
    metadata = answer.json()
    if metadata["issuer"] != ISSUER:
        raise ValueError("This is somebody else's metadata.")
    return metadata


@cache
def keys():
    """One for the whole process: it holds the provider's keys, for five minutes."""
    return jwt.PyJWKClient(discovery()["jwks_uri"], timeout=10)


def read_id_token(id_token, *, nonce):
    """Return who signed in.

    :param nonce: what this browser's session kept when it was sent to the provider.
    :raises jwt.InvalidTokenError: it does not count.
    :raises jwt.PyJWKClientError: the key is unknown, or the provider was not reached.
    """
    signing_key = keys().get_signing_key_from_jwt(id_token)
    data = jwt.decode(
        id_token,
        key=signing_key.key,
        algorithms=discovery()["id_token_signing_alg_values_supported"],
        audience=CLIENT_ID,
        issuer=ISSUER,
        options={"require": ["iss", "aud", "exp", "iat", "sub", "nonce"]},
    )
    if not hmac.compare_digest(str(data["nonce"]).encode(), nonce.encode()):
        raise jwt.InvalidTokenError("an answer to somebody else's request")
    return data


def check_access_token(token):
    """Return what an access token for this API says (RFC 9068 §4).

    :raises jwt.InvalidTokenError: it does not count: answer 401.
    :raises jwt.PyJWKClientError: the same; a PyJWKClientConnectionError is 503, since nobody could look.
    """
    if jwt.get_unverified_header(token).get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("another kind of token")
    return jwt.decode(
        token,
        key=keys().get_signing_key_from_jwt(token),
        algorithms=["ES256"],
        audience=AUDIENCE,
        issuer=ISSUER,
        options={"require": NEEDED},
    )

"""Reads logout tokens, by which the provider says that a session has ended (Back-Channel Logout 1.0 §2.6)."""

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

LEEWAY = 60  # seconds by which clocks may differ
EVENT = "http://schemas.openid.net/event/backchannel-logout"


class LogoutTokenRefused(Exception):
    """It is not the provider's word, or not meant for this service."""


def read(token, *, keys, algorithms, issuer, client_id):
    """Return the claims of a logout token, among them ``sid`` and ``jti``.

    :param keys: the provider's key set, as published.
    :param algorithms: ``id_token_signing_alg_values_supported`` of its metadata.
    """
    rules = jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
        sid={"essential": True},
        events={"essential": True},
    )
    try:
        decoded = jwt.decode(token, KeySet.import_key_set(keys), algorithms=algorithms)
        rules.validate(decoded.claims)
    except (JoseError, ValueError) as problem:
        raise LogoutTokenRefused(type(problem).__name__) from problem
    claims, events = decoded.claims, decoded.claims["events"]
    if decoded.header.get("typ") != "logout+jwt" or "nonce" in claims:
        raise LogoutTokenRefused("It is another kind of token.")
    if not isinstance(events, dict) or EVENT not in events:
        raise LogoutTokenRefused("It reports something else.")
    return claims

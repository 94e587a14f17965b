"""Exchange tokens: JWTs that carry a cookie session to another browser, once (CONTRACT §6 rule 4).

Their key is derived from ``IDP_SECRET_KEYS`` and never published: nobody but
this provider can read anything into one, and no other verifier takes it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from idp.domain.clock import from_unix, unix
from idp.domain.errors import ExchangeTokenRefused
from idp.tokens.sealing import derive

ALG = "HS256"
TYP = "exchange+jwt"
MAX_LENGTH = 2048
_REGISTRY = jws.JWSRegistry(algorithms=[ALG])


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeTokenRead:
    """What a genuine exchange token says."""

    jti: str
    expires_at: datetime


class ExchangeTokens:
    """Makes and verifies exchange tokens.

    :param secrets: newest first; the first makes, all verify.
    :param issuer: who makes them, and for whom they are meant.
    """

    def __init__(self, secrets: Sequence[str], *, issuer: str) -> None:
        self._keys = [OctKey.import_key(derive(secret, label="exchange tokens")) for secret in secrets]
        self._issuer = issuer

    def make(self, jti: str, *, expires_at: datetime, now: datetime) -> str:
        """Return a token. It names nobody: what it opens stands in its row."""
        claims = {
            "iss": self._issuer,
            "aud": self._issuer,
            "iat": unix(now),
            "exp": unix(expires_at),
            "jti": jti,
            "type": "exchange",
        }
        payload = json.dumps(claims, separators=(",", ":")).encode()
        return jws.serialize_compact({"alg": ALG, "typ": TYP}, payload, self._keys[0], registry=_REGISTRY)

    def read(self, token: str, *, now: datetime) -> ExchangeTokenRead:
        """Return what a token says.

        :raises ExchangeTokenRefused: not one of ours, altered, or expired.
        """
        claims = self._claims(token)
        if claims.get("iss") != self._issuer or claims.get("exp", 0) <= unix(now):
            raise ExchangeTokenRefused("of another issuer, or expired")
        return ExchangeTokenRead(jti=claims["jti"], expires_at=from_unix(claims["exp"]))

    def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_LENGTH or not token.isascii():
            raise ExchangeTokenRefused("not an exchange token")
        for key in self._keys:
            try:
                verified = jws.deserialize_compact(token, key, registry=_REGISTRY)
            except (JoseError, ValueError, RecursionError):
                continue
            if verified.headers().get("typ") == TYP:
                # Our own signature stands under it, so it is the JSON object that we made.
                return cast(dict[str, Any], json.loads(verified.payload))
        raise ExchangeTokenRefused("not an exchange token, or altered")

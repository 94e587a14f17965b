"""Signed tokens with any claims, under keys of this process alone: no provider has to run.

A service is given :func:`jwks` in place of the provider's key set. Whatever a
verifier has to refuse is a matter of the claims, the kind, the key.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, cast

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from idp.domain.roles import Role

ISSUER = "https://login.deepdesk.example"
LIFETIME_SECONDS = 900
OURS = "ours"
"""The name of the keys that :func:`jwks` publishes."""

Claims = Mapping[str, Any]


class Kind(StrEnum):
    """A kind of token, by the ``typ`` of its header."""

    ID_TOKEN = "JWT"  # noqa: S105 - a word of the header, not a secret
    ACCESS_TOKEN = "at+jwt"  # noqa: S105
    SESSION = "session+jwt"
    LOGOUT_TOKEN = "logout+jwt"  # noqa: S105

    @property
    def alg(self) -> str:
        """With which algorithm the provider signs it, unless a client asks for another."""
        return "RS256" if self in {Kind.ID_TOKEN, Kind.LOGOUT_TOKEN} else "ES256"


def signed_token(claims: Claims | None = None, *, kind: Kind = Kind.ID_TOKEN, key: str = OURS) -> str:
    """Return a token of a manager of ``acme``, fresh and valid, with other claims where given.

    :param claims: replace what would stand there, or add to it; a claim whose value is none is left out.
    :param key: any other name is a key that :func:`jwks` does not publish.
    """
    signing = _key(key, kind.alg)
    header = {"alg": kind.alg, "kid": signing.thumbprint(), "typ": kind.value}
    return jwt.encode(header, complete(claims, kind, issuer=ISSUER), signing, algorithms=[kind.alg])


def jwks(*kinds: Kind) -> dict[str, list[dict[str, Any]]]:
    """Return the key set by which these kinds of token are verified; ID tokens and access tokens by default."""
    algorithms = sorted({kind.alg for kind in kinds or (Kind.ID_TOKEN, Kind.ACCESS_TOKEN)})
    return {"keys": [_published(alg) for alg in algorithms]}


def complete(claims: Claims | None, kind: Kind, *, issuer: str) -> dict[str, Any]:
    """Return the claims of a token: what a kind usually says, and what is given in its place."""
    now = int(time.time())
    said = {
        "iss": issuer,
        "sub": "somebody",
        "aud": "a-service",
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        **_OF_KIND[kind](),
        **(claims or {}),
    }
    return {name: value for name, value in said.items() if value is not None}


def _of_id_token() -> dict[str, Any]:
    return {
        **_person(),
        "auth_time": int(time.time()),
        "sid": secrets.token_hex(16),
        "acr": "urn:deepdesk:acr:interactive",
        "amr": ["fed"],
        "role_name": Role.MANAGER.value,
        "email": "mia@acme.example",
        "email_verified": True,
        "name": "Mia Manager",
    }


def _of_access_token() -> dict[str, Any]:
    return {
        **_person(),
        "aud": ISSUER,
        "client_id": "a-service",
        "scope": "openid profile email roles",
        "jti": secrets.token_hex(16),
        "sid": secrets.token_hex(16),
    }


def _of_session() -> dict[str, Any]:
    now = int(time.time())
    return {
        "aud": "urn:deepdesk:account:acme",
        "nbf": now - 60,
        "jti": secrets.token_hex(16),
        "sid": secrets.token_hex(16),
        "type": "access",
        "fresh": False,
        "csrf": secrets.token_hex(16),
        "identity": {
            "account": "acme",
            "user_id": "somebody",
            "user_name": "Mia Manager",
            "user_email": "mia@acme.example",
        },
        "roles": [Role.MANAGER.value],
        "role_name": Role.MANAGER.value,
        "acr": "urn:deepdesk:acr:interactive",
        "amr": ["fed"],
        "auth_time": now,
        "jar": "top",
    }


def _of_logout_token() -> dict[str, Any]:
    return {
        "jti": secrets.token_hex(16),
        "sid": secrets.token_hex(16),
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }


_OF_KIND = {
    Kind.ID_TOKEN: _of_id_token,
    Kind.ACCESS_TOKEN: _of_access_token,
    Kind.SESSION: _of_session,
    Kind.LOGOUT_TOKEN: _of_logout_token,
}


def _person() -> dict[str, Any]:
    return {"account": "acme", "roles": [Role.MANAGER.value], "groups": ["Manager"]}


@lru_cache
def _key(name: str, alg: str) -> RSAKey | ECKey:  # noqa: ARG001 - each name has a key of its own
    return RSAKey.generate_key(2048) if alg == "RS256" else ECKey.generate_key("P-256")


def _published(alg: str) -> dict[str, Any]:
    key = _key(OURS, alg)
    described = {"kid": key.thumbprint(), "use": "sig", "alg": alg}
    return cast(dict[str, Any], key.as_dict(private=False)) | described

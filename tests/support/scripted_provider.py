"""An OpenID provider on loopback that answers one service as a test tells it to, lies included."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.support.gallery import serving

CLIENT_ID = "sample-service"
CLIENT_SECRET = "of the sample service"
_FIRST_KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


@dataclass
class ScriptedProvider:
    """What the next ID token says; tests change it before a service redeems its code."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: _FIRST_KEY)
    """The one that is published; tests turn it."""
    nonce: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    """Added to, and laid over, the claims that an honest provider sends."""
    signing_key: RSAKey | None = None
    """Signs instead of the published key, under its name."""
    redemptions: list[dict[str, str]] = field(default_factory=list)
    """The forms that came to the token endpoint."""
    token_error: str = ""

    def id_token(self) -> str:
        """Return a token for :data:`CLIENT_ID`, signed."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "somebody",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": self.nonce,
            "account": "acme",
            "roles": ["deepdesk.manager"],
            "role_name": "deepdesk.manager",
            "name": "Mia Manager",
            **self.claims,
        }
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.signing_key or self.key)


def _application(provider: ScriptedProvider) -> Flask:
    app = Flask("scripted provider")

    @app.get("/.well-known/openid-configuration")
    def discovery() -> ResponseReturnValue:
        return jsonify(
            issuer=provider.issuer,
            authorization_endpoint=f"{provider.issuer}/oauth/authorize/",
            token_endpoint=f"{provider.issuer}/oauth/token/",
            jwks_uri=f"{provider.issuer}/oauth/jwks",
            id_token_signing_alg_values_supported=["RS256"],
        )

    @app.get("/oauth/jwks")
    def keys() -> ResponseReturnValue:
        return jsonify(keys=[provider.key.as_dict(private=False)])

    @app.post("/oauth/token/")
    def token() -> ResponseReturnValue:
        provider.redemptions.append(request.form.to_dict())
        if provider.token_error:
            return jsonify(error=provider.token_error), 400
        return jsonify(access_token="a", token_type="Bearer", expires_in=900, id_token=provider.id_token())

    return app


@contextmanager
def scripted_provider() -> Iterator[ScriptedProvider]:
    """Serve a provider while the block runs."""
    provider = ScriptedProvider()
    with serving(_application(provider)) as address:
        provider.issuer = address
        yield provider

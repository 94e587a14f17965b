"""A registered downstream service in a few lines, and how Deepdesk's services read an ID token."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import jwt
import requests

from tests.support import derivations
from tests.support.serve import Served

REDIRECT_URI = "http://127.0.0.1:1/signed-in"
"""Nobody listens there: the tests' browser stops before it."""
TIMEOUT_SECONDS = 15


@dataclass(frozen=True, kw_only=True)
class Service:
    """A confidential client with PKCE."""

    issuer: str
    client_id: str
    client_secret: str
    provider: Served = field(repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @classmethod
    def register(cls, provider: Served, name: str, *options: str) -> Service:
        """Register it through the command line.

        :param options: further options of ``idp clients create``.
        """
        made = provider.command("clients", "create", name, "--redirect-uri", REDIRECT_URI, *options)
        return cls(
            issuer=provider.issuer,
            client_id=made["client_id"],
            client_secret=made["client_secret"],
            provider=provider,
        )

    def authorize_url(self, **more: str) -> str:
        """Where it sends the browser."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=")
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT_URI,
            "scope": "openid email roles",
            "state": "service-state",
            "nonce": "service-nonce",
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.issuer}/oauth/authorize/?{urlencode(parameters | more)}"

    def redeem(self, code: str) -> dict[str, Any]:
        """Exchange the code for tokens."""
        answer = requests.post(
            f"{self.issuer}/oauth/token/",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": REDIRECT_URI,
                "code_verifier": self.verifier,
            },
            auth=(self.client_id, self.client_secret),
            timeout=TIMEOUT_SECONDS,
        )
        assert answer.ok, answer.text
        tokens: dict[str, Any] = answer.json()
        self.is_explained(jwt.decode(tokens["id_token"], options={"verify_signature": False}))
        return tokens

    def is_explained(self, claims: Mapping[str, Any]) -> None:
        """Check that the provider's operator can derive the roles in a token."""
        derivations.check_by_command(self.provider.command("users", "explain", claims["sub"]), claims)


def claims_by_pyjwt(issuer: str, client_id: str, id_token: str) -> dict[str, Any]:
    """Read an ID token in the words that downstream services use today; they must work unchanged."""
    discovery = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=TIMEOUT_SECONDS).json()
    algorithms = discovery["id_token_signing_alg_values_supported"]
    jwks_client = jwt.PyJWKClient(discovery["jwks_uri"])
    signing_key = jwks_client.get_signing_key_from_jwt(id_token)
    return jwt.decode(id_token, key=signing_key.key, algorithms=algorithms, audience=client_id)

"""Services that verify our tokens with the keys that we publish, each keeping them as its library does."""

from __future__ import annotations

import re
import time
from typing import Protocol

import jwt
import requests
from authlib.integrations.flask_client import OAuth
from flask import Flask

TIMEOUT_SECONDS = 15


class Verifying(Protocol):
    """A service."""

    def verify(self, token: str, *, audience: str) -> None:
        """Verify a token, or raise."""


class ByPyJWT:
    """PyJWT's own client, as it comes: keeps the set for 300 s, and asks again for a ``kid`` that is not in it."""

    def __init__(self, jwks_uri: str) -> None:
        self._keys = jwt.PyJWKClient(jwks_uri)

    def verify(self, token: str, *, audience: str) -> None:
        key = self._keys.get_signing_key_from_jwt(token)
        jwt.decode(token, key=key, algorithms=[key.algorithm_name], audience=audience)


class ByAuthlib:
    """Authlib's client for Flask, as it comes: keeps the set for ever, and asks again for a ``kid`` that is not in it.

    It reads ID tokens only.
    """

    def __init__(self, issuer: str, client_id: str, *, nonce: str) -> None:
        self._app = Flask("service")
        self._nonce = nonce
        metadata = f"{issuer}/.well-known/openid-configuration"
        self._client = OAuth(self._app).register("deepdesk", client_id=client_id, server_metadata_url=metadata)

    def verify(self, token: str, *, audience: str) -> None:
        with self._app.test_request_context():
            claims = self._client.parse_id_token({"id_token": token}, nonce=self._nonce)
        assert claims["aud"] == audience


class ByTheBook:
    """Keeps the set for as long as ``Cache-Control`` says, to the second, and asks for nothing in between.

    A ``kid`` that it does not know is an error. No library is as stubborn; for
    it the next key is published ahead.
    """

    def __init__(self, jwks_uri: str) -> None:
        self._uri = jwks_uri
        self._fetch()

    def verify(self, token: str, *, audience: str) -> None:
        if time.monotonic() >= self._until:
            self._fetch()
        key = self._keys[jwt.get_unverified_header(token)["kid"]]
        jwt.decode(token, key=key, algorithms=[key.algorithm_name], audience=audience)

    def _fetch(self) -> None:
        answer = requests.get(self._uri, timeout=TIMEOUT_SECONDS)
        max_age = re.search(r"max-age=(\d+)", answer.headers["Cache-Control"])
        assert max_age
        self._keys = jwt.PyJWKSet.from_dict(answer.json())
        self._until = time.monotonic() + int(max_age[1])

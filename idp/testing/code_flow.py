"""The authorization code flow as a service goes through it, over HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import requests

from idp.domain.client_words import AuthMethod
from idp.testing.made import Client

TIMEOUT_SECONDS = 30


class NotGiven(AssertionError):
    """The provider did not do what a test needs of it; the message says what it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a service is given for a code.

    :param id_token: none without the scope ``openid``.
    """

    access_token: str = field(repr=False)
    id_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    scope: str

    @property
    def claims(self) -> dict[str, Any]:
        """What the ID token says; read, not verified."""
        return read(self.id_token or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An authorization request, and what the service keeps for itself."""

    url: str
    state: str
    verifier: str = field(repr=False)


def ask(issuer: str, client: Client, params: dict[str, str]) -> Asked:
    """Make an authorization request with all that a careful service sends.

    :param params: replace what would be sent, or add to it.
    """
    asked = Asked(url="", state=secrets.token_urlsafe(16), verifier=secrets.token_urlsafe(32))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "response_type": "code",
        "state": asked.state,
        "nonce": secrets.token_urlsafe(16),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **params,
    }
    return Asked(url=f"{issuer}/oauth/authorize/?{urlencode(query)}", state=query["state"], verifier=asked.verifier)


def redeem(issuer: str, client: Client, callback: str, asked: Asked) -> Tokens:
    """Exchange the code of an answer for tokens.

    :param callback: the address to which the provider sent the browser.
    :raises NotGiven: the answer is an error, or not to this request.
    """
    answer = {name: values[0] for name, values in parse_qs(urlsplit(callback).query).items()}
    if "code" not in answer or answer.get("state") != asked.state:
        raise NotGiven(f"no code, but {callback}")
    form = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": client.redirect_uri,
        "code_verifier": asked.verifier,
    }
    given = _call_token(issuer, client, form)
    return Tokens(
        access_token=given["access_token"],
        id_token=given.get("id_token"),
        refresh_token=given.get("refresh_token"),
        expires_in=given["expires_in"],
        scope=given.get("scope", ""),
    )


def read(token: str) -> dict[str, Any]:
    """Return the claims of a token without verifying anything."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def session() -> requests.Session:
    """Return what speaks to the provider: no proxy of the surroundings comes in between."""
    made = requests.Session()
    made.trust_env = False
    return made


def _call_token(issuer: str, client: Client, form: dict[str, str]) -> dict[str, Any]:
    headers = {}
    if client.client_secret is None:
        form = {**form, "client_id": client.client_id}
    elif client.auth_method == AuthMethod.POST:
        form = {**form, "client_id": client.client_id, "client_secret": client.client_secret}
    else:
        named = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(named.encode()).decode()}"
    with session() as http:
        answer = http.post(f"{issuer}/oauth/token/", data=form, headers=headers, timeout=TIMEOUT_SECONDS)
    if not answer.ok:
        raise NotGiven(f"no tokens, but {answer.status_code} {answer.text}")
    given: dict[str, Any] = answer.json()
    return given

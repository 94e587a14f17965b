"""An application at a simulated platform, in plain requests: what a sign-in sends, and what comes back."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

import requests
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jwt import Claims

from tests.support.platform import CLIENT_ID, CLIENT_SECRET, RunningPlatform

RETURN = "http://127.0.0.1:9/callback"
VERIFIER = "a-verifier-that-this-application-always-uses"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()

AUTHORIZE = {
    "oidc": "/authorize",
    "google": "/o/oauth2/v2/auth",
    "entra": "/organizations/oauth2/v2.0/authorize",
    "genesys": "/oauth/authorize",
    "ringcentral": "/restapi/oauth/authorize",
    "salesforce": "/services/oauth2/authorize",
    "oauth2": "/authorize",
}
TOKEN = {
    "oidc": "/token",
    "google": "/token",
    "entra": "/organizations/oauth2/v2.0/token",
    "genesys": "/oauth/token",
    "ringcentral": "/restapi/oauth/token",
    "salesforce": "/services/oauth2/token",
    "oauth2": "/token",
}
KEYS = {
    "oidc": "/keys",
    "google": "/oauth2/v3/certs",
    "entra": "/organizations/discovery/v2.0/keys",
    "salesforce": "/id/keys",
}
PROFILE = {
    "genesys": "/api/v2/users/me?expand=authorization,organization",
    "ringcentral": "/restapi/v1.0/account/~/extension/~",
    "oauth2": "/me",
}


def ask(method: str, url: str, **options: Any) -> requests.Response:
    """Send one request, without the environment's proxies."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, allow_redirects=False, timeout=10, **options)


@dataclass
class Application:
    """A client that is registered at ``platform``."""

    platform: RunningPlatform
    client_id: str = CLIENT_ID

    @property
    def code(self) -> str:
        return self.platform.state.kind.code

    @property
    def anybody(self) -> str:
        """The key of somebody who can sign in."""
        return next(iter(self.platform.state.people))

    def departure(self, scope: str = "openid profile email", **more: str) -> str:
        """Where a sign-in with PKCE sends the browser."""
        return self.departure_without_proof(scope, code_challenge=CHALLENGE, code_challenge_method="S256", **more)

    def departure_without_proof(self, scope: str = "openid", **more: str) -> str:
        asked = {"response_type": "code", "client_id": self.client_id, "redirect_uri": RETURN}
        asked |= {"scope": scope, "state": "s", "nonce": "n", **more}
        return f"{self.platform.base}{AUTHORIZE[self.code]}?{urlencode(asked)}"

    def redeems(
        self, code: str, verifier: str = VERIFIER, auth: tuple[str, str] | None = None, **more: str
    ) -> requests.Response:
        """Exchange a code, by HTTP Basic with the right secret unless told otherwise."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": RETURN}
        form |= {"code_verifier": verifier, **more}
        return ask("POST", self.token_url, data=form, auth=auth or self.basic)

    def redeems_without_secret(self, code: str) -> requests.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": RETURN}
        form |= {"code_verifier": VERIFIER, "client_id": self.client_id}
        return ask("POST", self.token_url, data=form)

    @property
    def token_url(self) -> str:
        return f"{self.platform.base}{TOKEN[self.code]}"

    @property
    def basic(self) -> tuple[str, str]:
        return quote_plus(self.client_id), quote_plus(CLIENT_SECRET)

    def tokens(self, person: str, scope: str = "openid profile email", **more: str) -> Any:
        """What the token endpoint answers to a sign-in, with PKCE."""
        answer = self.redeems(self.platform.approve(self.departure(scope, **more), person)["code"])
        assert answer.status_code == 200, answer.text
        return answer.json()

    def claims(self, person: str, scope: str = "openid profile email") -> Claims:
        """The claims of a sign-in's ID token, after its signature was checked by the published keys."""
        return self.verified(self.tokens(person, scope)["id_token"])

    def verified(self, id_token: str) -> Claims:
        keys = ask("GET", f"{self.platform.base}{KEYS[self.code]}").json()
        return jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=["RS256"]).claims

    def gets(self, path: str, tokens: Any, **options: Any) -> requests.Response:
        """Ask the API with an access token."""
        return self.calls("GET", path, tokens, **options)

    def calls(self, method: str, path: str, tokens: Any, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        return ask(method, f"{self.platform.state.api_base}{path}", headers=headers, **options)

    def profile(self, person: str) -> requests.Response:
        """What the API answers about somebody who just signed in."""
        return self.gets(PROFILE[self.code], self.tokens(person))

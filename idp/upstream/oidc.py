"""The ``oidc`` connector: any OpenID Provider, by the authorization code flow.

OpenID Connect Core §3.1, with PKCE (RFC 7636), the issuer in the callback
(RFC 9207) and the mix-up rules of RFC 9700 §4.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit, urlunsplit

from idp.domain import pkce
from idp.domain.errors import UpstreamUnavailable, UpstreamUntrusted
from idp.domain.secrets import new_secret
from idp.domain.upstream_identity import UpstreamIdentity
from idp.outbound.http import Answer
from idp.upstream import id_token
from idp.upstream.answers import ask, document, error_of, fetched, unavailable
from idp.upstream.connector import Callback, Handoff, Hints, ProviderConfig
from idp.upstream.diagnosis import diagnose
from idp.upstream.identity import identity_of, lacks
from idp.upstream.metadata import ProviderMetadata
from idp.upstream.parts import UpstreamParts

NONCE, VERIFIER = "nonce", "verifier"
"""The names of what a departure remembers."""


class OidcConnector:
    """Signs people in at one OpenID Provider.

    :param config: the provider as configured; its URLs go before those of discovery.
    :param parts: shared with every other connector of the process.
    """

    def __init__(self, config: ProviderConfig, parts: UpstreamParts) -> None:
        self._config = config
        self._parts = parts

    def start(self, *, redirect_uri: str, state: str, hints: Hints) -> Handoff:
        """Say where to send the browser (OpenID Connect Core §3.1.2.1)."""
        metadata = self._parts.metadata.get(self._config.issuer, now=self._parts.clock.now())
        endpoint = _endpoint(self._config.authorize_url, metadata.authorization_endpoint, "authorization_endpoint")
        nonce, verifier = new_secret(), new_secret()
        request = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": redirect_uri,
            "scope": self._config.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": pkce.challenge_of(verifier),
            "code_challenge_method": pkce.METHOD,
            "login_hint": hints.login_hint,
            "ui_locales": hints.ui_locales,
        }
        sent = {name: value for name, value in request.items() if value}
        return Handoff(url=_with_query(endpoint, sent), remember={NONCE: nonce, VERIFIER: verifier})

    def finish(self, callback: Callback, *, now: datetime) -> UpstreamIdentity:
        """Verify the return and say who it was (OpenID Connect Core §3.1.2.5 to §3.1.3.7)."""
        metadata = self._parts.metadata.get(self._config.issuer, now=now)
        code = _code(callback.params, metadata)
        tokens = self._exchange(code, callback, metadata)
        claims = self._verified(tokens, callback, metadata, now)
        return identity_of(self._config, claims, self._more_claims(claims, tokens, metadata), now=now)

    def check(self) -> tuple[str, ...]:
        """Look at the upstream from here, without signing anybody in."""
        return diagnose(self._config, self._parts.http, now=self._parts.clock.now())

    def _exchange(self, code: str, callback: Callback, metadata: ProviderMetadata) -> Mapping[str, Any]:
        """Redeem the code (RFC 6749 §4.1.3, RFC 7636 §4.5)."""
        endpoint = _endpoint(self._config.token_url, metadata.token_endpoint, "token_endpoint")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback.redirect_uri,
            "code_verifier": _remembered(callback, VERIFIER),
        }
        auth = self._basic_credentials(metadata)
        if auth is None:
            form |= {"client_id": self._config.client_id, "client_secret": self._config.client_secret}
        return _tokens(ask("token", lambda: self._parts.http.post_form(endpoint, form, auth=auth)))

    def _basic_credentials(self, metadata: ProviderMetadata) -> tuple[str, str] | None:
        """Return client id and secret as HTTP Basic wants them; none where only client_secret_post is offered.

        :raises UpstreamUntrusted: the metadata offers neither.
        """
        if "client_secret_basic" in metadata.token_auth_methods:
            # RFC 6749 §2.3.1: form-encoded before they are joined.
            return quote_plus(self._config.client_id), quote_plus(self._config.client_secret)
        if "client_secret_post" in metadata.token_auth_methods:
            return None
        raise UpstreamUntrusted("the provider takes no client secret", methods=sorted(metadata.token_auth_methods)[:10])

    def _verified(
        self, tokens: Mapping[str, Any], callback: Callback, metadata: ProviderMetadata, now: datetime
    ) -> Mapping[str, Any]:
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise UpstreamUntrusted("the token answer has no ID token", check="id_token")
        expected = id_token.Expectation(
            issuer=self._config.issuer,
            client_id=self._config.client_id,
            nonce=_remembered(callback, NONCE),
            algorithms=metadata.algorithms,
        )
        uri = _endpoint(None, metadata.jwks_uri, "jwks_uri")
        keys = self._parts.keys.get(uri, now=now)
        return id_token.verify(
            token, expected, keys=keys, renew=lambda: self._parts.keys.renewed(uri, keys, now=now), now=now
        )

    def _more_claims(
        self, claims: Mapping[str, Any], tokens: Mapping[str, Any], metadata: ProviderMetadata
    ) -> Mapping[str, Any]:
        """Ask userinfo for what the ID token lacks (OpenID Connect Core §5.3); nothing where there is none."""
        endpoint, token = self._config.userinfo_url or metadata.userinfo_endpoint, tokens.get("access_token")
        if endpoint is None or not isinstance(token, str) or not lacks(self._config, claims):
            return {}
        answer = ask(
            "userinfo",
            lambda: self._parts.http.get(endpoint, headers={"Authorization": f"Bearer {token}"}),
        )
        if 400 <= answer.status < 500:
            raise UpstreamUntrusted("userinfo refuses the access token", endpoint="userinfo", status=answer.status)
        more = fetched("userinfo", answer)
        if more.get("sub") != claims["sub"]:
            raise UpstreamUntrusted("userinfo speaks of somebody else", check="userinfo_sub")
        return more


def _code(params: Mapping[str, str], metadata: ProviderMetadata) -> str:
    """Return the code of a callback that comes from the right provider and brings one.

    The issuer goes first: an error, too, counts only from the provider that was asked (RFC 9207 §2.4).
    """
    issuer = params.get("iss")
    if issuer is None and metadata.callback_names_issuer:
        raise UpstreamUntrusted("the callback does not name its issuer", check="callback_iss", present=False)
    if issuer is not None and issuer != metadata.issuer:
        raise UpstreamUntrusted("the callback names another issuer", check="callback_iss", found=issuer[:255])
    if "error" in params:
        raise error_of(params["error"], endpoint="authorization")
    code = params.get("code")
    if not code:
        raise UpstreamUntrusted("the callback brings neither a code nor an error", check="code")
    return code


def _tokens(answer: Answer) -> Mapping[str, Any]:
    """Return the token answer, or raise what its error means (RFC 6749 §5)."""
    found = document("token", answer)
    if answer.status == 200:
        return found
    if answer.status == 429 or not 400 <= answer.status < 500:
        raise unavailable("token", f"status {answer.status} instead of 200", status=answer.status)
    error = error_of(found.get("error"), endpoint="token", status=answer.status)
    # Nobody said no to the person here: a refusal at this endpoint is one of us.
    raise error if isinstance(error, UpstreamUnavailable) else UpstreamUntrusted(str(error), **error.evidence)


def _remembered(callback: Callback, name: str) -> str:
    value = callback.remembered.get(name)
    if not value:
        raise UpstreamUntrusted("the callback is not the answer to a departure of this kind", check=name)
    return value


def _endpoint(configured: str | None, discovered: str | None, name: str) -> str:
    endpoint = configured or discovered
    if endpoint is None:
        raise UpstreamUntrusted(f"the discovery document has no {name}", member=name)
    return endpoint


def _with_query(url: str, params: Mapping[str, str]) -> str:
    """Add ``params`` to a URL that may have a query of its own (RFC 6749 §3.1)."""
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(params))))
    return urlunsplit(parts._replace(query=query))

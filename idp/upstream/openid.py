"""What all kinds with ID tokens share: departure, exchange, verification, user information.

OpenID Connect Core §3.1, with PKCE (RFC 7636), the issuer in the callback
(RFC 9207) and the mix-up rules of RFC 9700 §4.4. What a kind makes of the
verified claims is its own connector's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from idp.domain.errors import UpstreamError, UpstreamUntrusted
from idp.domain.secrets import new_secret
from idp.upstream import id_token
from idp.upstream.code_flow import (
    NONCE,
    VERIFIER,
    access_token_of,
    basic_credentials,
    challenge,
    code_of,
    departure_url,
    read_with_token,
    redeem,
    redemption,
    remembered,
)
from idp.upstream.connector import Callback, Handoff, Hints, ProviderConfig, Start
from idp.upstream.diagnosis import diagnose
from idp.upstream.finding import Finding
from idp.upstream.issuers import IssuerRule, check_document
from idp.upstream.metadata import ProviderMetadata
from idp.upstream.parts import UpstreamParts
from idp.upstream.probes import authorization, wrong_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a return proved.

    :param claims: of the verified ID token.
    :param access_token: for the provider's own endpoints; none when it sent no usable one.
    """

    claims: Mapping[str, Any]
    metadata: ProviderMetadata
    access_token: str | None = field(repr=False)


class OpenIdFlow:
    """The authorization code flow at one OpenID Provider.

    :param config: the provider as configured; its URLs go before those of discovery.
    :param parts: shared with every other connector of the process.
    :param issuers: which names of the provider are right.
    """

    def __init__(self, config: ProviderConfig, parts: UpstreamParts, issuers: IssuerRule) -> None:
        self._config = config
        self._parts = parts
        self._issuers = issuers

    def start(
        self, *, redirect_uri: str, state: str, hints: Hints, scope: str | None = None, hosted_domain: str | None = None
    ) -> Handoff:
        """Say where to send the browser (OpenID Connect Core §3.1.2.1).

        :param scope: instead of the configured one.
        :param hosted_domain: Google's ``hd``, a hint like the others.
        """
        metadata = self._metadata(self._parts.clock.now())
        endpoint = _endpoint(self._config.authorize_url, metadata.authorization_endpoint, "authorization_endpoint")
        nonce, verifier = new_secret(), new_secret()
        request = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": redirect_uri,
            "scope": scope or self._config.scope,
            "state": state,
            "nonce": nonce,
            **challenge(verifier),
            "login_hint": hints.login_hint,
            "ui_locales": hints.ui_locales,
            "prompt": hints.prompt,
            "max_age": hints.oldest_proof,
            "hd": hosted_domain,
        }
        return Handoff(url=departure_url(endpoint, request), remember={NONCE: nonce, VERIFIER: verifier})

    def prove(self, callback: Callback, *, now: datetime) -> Proof:
        """Verify the return (OpenID Connect Core §3.1.2.5 to §3.1.3.7).

        :raises UpstreamError: as a connector's ``finish``.
        """
        metadata = self._metadata(now)
        self._check_callback(callback.params, metadata)
        tokens = self._exchange(code_of(callback.params), callback, metadata)
        return Proof(
            claims=self._verified(tokens, callback, metadata, now),
            metadata=metadata,
            access_token=access_token_of(tokens),
        )

    def userinfo(self, proof: Proof) -> Mapping[str, Any]:
        """Return what userinfo says about the same person (OpenID Connect Core §5.3); nothing where there is none.

        :raises UpstreamUntrusted: it refuses the access token, or speaks of somebody else.
        """
        endpoint = self._config.userinfo_url or proof.metadata.userinfo_endpoint
        if endpoint is None or proof.access_token is None:
            return {}
        more = read_with_token(self._parts.http, "userinfo", endpoint, proof.access_token)
        if more.get("sub") != proof.claims["sub"]:
            raise UpstreamUntrusted("userinfo speaks of somebody else", check="userinfo_sub")
        return more

    def check(self, start: Start, *, redirect_uri: str) -> tuple[Finding, ...]:
        """Look at the upstream from here, without signing anybody in.

        :param start: the connector's own, so that what is asked is what a browser would ask.
        """
        now = self._parts.clock.now()
        found = diagnose(self._config, self._parts.http, self._issuers, now=now)
        try:
            metadata = self._metadata(now)
            token_url = _endpoint(self._config.token_url, metadata.token_endpoint, "token_endpoint")
            departure = start(redirect_uri=redirect_uri, state=new_secret(), hints=Hints()).url
        except UpstreamError:
            # Whatever it is, the diagnosis says it better.
            return found
        by_form = "client_secret_basic" not in metadata.token_auth_methods
        return (
            *found,
            *wrong_code(self._config, token_url, redirect_uri, self._parts.http, by_form=by_form, pkce=True),
            *authorization(f"{departure}&prompt=none", redirect_uri, self._config.scope, self._parts.http),
        )

    def _metadata(self, now: datetime) -> ProviderMetadata:
        issuer = self._config.issuer
        metadata = self._parts.metadata.get(issuer, now=now)
        if not self._issuers.admits_document(metadata.issuer):
            # It may have been corrected within the hour for which a document is kept.
            metadata = self._parts.metadata.renewed(issuer, metadata, now=now)
        check_document(metadata, self._issuers, configured=issuer)
        return metadata

    def _check_callback(self, params: Mapping[str, str], metadata: ProviderMetadata) -> None:
        """Refuse a callback from another provider, errors included (RFC 9207 §2.4)."""
        issuer = params.get("iss")
        if issuer is None and metadata.callback_names_issuer:
            raise UpstreamUntrusted("the callback does not name its issuer", check="callback_iss", present=False)
        if issuer is not None and not self._issuers.admits_callback(issuer, document=metadata.issuer):
            raise UpstreamUntrusted("the callback names another issuer", check="callback_iss", found=issuer[:255])

    def _exchange(self, code: str, callback: Callback, metadata: ProviderMetadata) -> Mapping[str, Any]:
        endpoint = _endpoint(self._config.token_url, metadata.token_endpoint, "token_endpoint")
        form = redemption(code, callback, verifier=remembered(callback, VERIFIER))
        if "client_secret_basic" in metadata.token_auth_methods:
            return redeem(self._parts.http, endpoint, form, auth=basic_credentials(self._config))
        if "client_secret_post" in metadata.token_auth_methods:
            form |= {"client_id": self._config.client_id, "client_secret": self._config.client_secret}
            return redeem(self._parts.http, endpoint, form, auth=None)
        raise UpstreamUntrusted("the provider takes no client secret", methods=sorted(metadata.token_auth_methods)[:10])

    def _verified(
        self, tokens: Mapping[str, Any], callback: Callback, metadata: ProviderMetadata, now: datetime
    ) -> Mapping[str, Any]:
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise UpstreamUntrusted("the token answer has no ID token", check="id_token")
        expected = id_token.Expectation(
            admits_issuer=lambda claims: self._issuers.admits_token(claims, document=metadata.issuer),
            client_id=self._config.client_id,
            nonce=remembered(callback, NONCE),
            algorithms=metadata.algorithms,
        )
        uri = _endpoint(None, metadata.jwks_uri, "jwks_uri")
        keys = self._parts.keys.get(uri, now=now)
        return id_token.verify(
            token, expected, keys=keys, renew=lambda: self._parts.keys.renewed(uri, keys, now=now), now=now
        )


def _endpoint(configured: str | None, discovered: str | None, name: str) -> str:
    endpoint = configured or discovered
    if endpoint is None:
        raise UpstreamUntrusted(f"the discovery document has no {name}", member=name)
    return endpoint

"""The ``oidc`` connector: any OpenID Provider, by what the specifications say alone."""

from __future__ import annotations

from datetime import datetime

from idp.domain.upstream_identity import UpstreamIdentity
from idp.upstream.connector import Callback, Handoff, Hints, ProviderConfig
from idp.upstream.finding import Finding
from idp.upstream.identity import identity_of, lacks
from idp.upstream.issuers import ExactIssuer
from idp.upstream.openid import OpenIdFlow
from idp.upstream.parts import UpstreamParts


class OidcConnector:
    """Signs people in at one OpenID Provider.

    :param config: the provider as configured; its URLs go before those of discovery.
    :param parts: shared with every other connector of the process.
    """

    def __init__(self, config: ProviderConfig, parts: UpstreamParts) -> None:
        self._config = config
        self._flow = OpenIdFlow(config, parts, ExactIssuer(config.issuer))

    def start(self, *, redirect_uri: str, state: str, hints: Hints) -> Handoff:
        """Say where to send the browser."""
        return self._flow.start(redirect_uri=redirect_uri, state=state, hints=hints)

    def finish(self, callback: Callback, *, now: datetime) -> UpstreamIdentity:
        """Verify the return and say who it was."""
        proof = self._flow.prove(callback, now=now)
        more = self._flow.userinfo(proof) if lacks(self._config, proof.claims) else {}
        return identity_of(self._config, proof.claims, more, now=now)

    def check(self, *, redirect_uri: str) -> tuple[Finding, ...]:
        """Look at the upstream from here, without signing anybody in."""
        return self._flow.check(self.start, redirect_uri=redirect_uri)

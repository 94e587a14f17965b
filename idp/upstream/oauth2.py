"""The ``oauth2`` connector: any OAuth 2.0 server that says at one address whose access token it is.

There is no ID token, so nothing but that answer is known about the person.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from idp.domain.upstream_identity import UpstreamIdentity
from idp.upstream.api_flow import ApiFlow, configured
from idp.upstream.claims import numbered
from idp.upstream.connector import Callback, Handoff, Hints, ProviderConfig
from idp.upstream.finding import Finding
from idp.upstream.identity import Person, described_identity, is_verified, mail_of, roles_of
from idp.upstream.parts import UpstreamParts


class OAuth2Connector:
    """Signs people in at one OAuth 2.0 server.

    :param config: the provider as configured, with ``authorize_url``, ``token_url`` and ``userinfo_url``.
    :param parts: shared with every other connector of the process.
    """

    def __init__(self, config: ProviderConfig, parts: UpstreamParts) -> None:
        self._config = config
        # Servers that know no PKCE have to ignore its parameters (RFC 6749 §3.1).
        self._flow = ApiFlow(config, parts, pkce=True)

    def start(self, *, redirect_uri: str, state: str, hints: Hints) -> Handoff:
        """Say where to send the browser."""
        suggested = {"login_hint": hints.login_hint, "ui_locales": hints.ui_locales}
        return self._flow.start(redirect_uri=redirect_uri, state=state, hints=suggested)

    def finish(self, callback: Callback, *, now: datetime) -> UpstreamIdentity:
        """Redeem the code and ask who it was."""
        url = configured(self._config.userinfo_url, "userinfo")
        profile = self._flow.ask("userinfo", url, self._flow.exchange(callback))
        subject = numbered(profile, self._config.subject_claim)
        mail = mail_of(self._config, profile)
        person = Person(
            issuer=self._config.issuer or _origin(url),
            subject=subject,
            mail=mail,
            vouched=is_verified(self._config, mail),
            roles=roles_of(self._config, profile),
            looked_at={self._config.subject_claim: subject},
        )
        return described_identity(self._config, person, {}, profile, now=now)

    def check(self, *, redirect_uri: str) -> tuple[Finding, ...]:
        """Look at the upstream from here, without signing anybody in."""
        where = self._config.userinfo_url
        return self._flow.check(self.start, where, redirect_uri=redirect_uri, option="--userinfo-url")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"

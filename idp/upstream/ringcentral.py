"""The ``ringcentral`` connector: OAuth 2.0 at RingCentral, and its API's word on who it was.

People are known by account and extension. RingCentral says of no address
whether it was verified.

https://developers.ringcentral.com/guide/authentication/auth-code-flow
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from idp.domain.errors import UpstreamRefused, UpstreamUntrusted, WrongOrganisation
from idp.domain.pins import admits_tenant
from idp.domain.upstream_identity import UpstreamIdentity
from idp.upstream.api_flow import ApiFlow, Redeemed, configured
from idp.upstream.claims import described, find, numbered, text
from idp.upstream.connector import Callback, Handoff, Hints, ProviderConfig
from idp.upstream.finding import Finding
from idp.upstream.identity import Person, described_identity, is_trusted, mail_of, roles_of
from idp.upstream.parts import UpstreamParts

PIN = "account.id"
EXTENSION = "id"
OWNER = "owner_id"
STATUS = "status"
ENABLED = "Enabled"
PROFILE_PATH = "/restapi/v1.0/account/~/extension/~"


class RingCentralConnector:
    """Signs people in with RingCentral.

    :param config: the provider as configured, with ``api_url`` and ``tenants``, account ids.
    :param parts: shared with every other connector of the process.
    """

    def __init__(self, config: ProviderConfig, parts: UpstreamParts) -> None:
        self._config = config
        self._flow = ApiFlow(config, parts, pkce=True)

    def start(self, *, redirect_uri: str, state: str, hints: Hints) -> Handoff:
        """Say where to send the browser."""
        return self._flow.start(redirect_uri=redirect_uri, state=state, hints={"ui_locales": hints.ui_locales})

    def finish(self, callback: Callback, *, now: datetime) -> UpstreamIdentity:
        """Redeem the code and ask who it was."""
        url = f"{configured(self._config.api_url, 'api')}{PROFILE_PATH}"
        redeemed = self._flow.exchange(callback)
        profile = self._flow.ask("profile", url, redeemed)
        account = self._pinned(profile)
        status = text(profile, STATUS)
        if status != ENABLED:
            raise UpstreamRefused("the extension is not enabled", check=STATUS, found=status)
        extension = numbered(profile, EXTENSION)
        _check_owner(redeemed, extension)
        mail = mail_of(self._config, profile)
        person = Person(
            issuer=f"ringcentral:{account}",
            subject=extension,
            mail=mail,
            vouched=is_trusted(self._config, mail),
            roles=roles_of(self._config, profile),
            organisation=account,
            platform_user_id=extension,
            looked_at={PIN: account, EXTENSION: extension, STATUS: status},
        )
        return described_identity(self._config, person, {}, profile, now=now)

    def check(self, *, redirect_uri: str) -> tuple[Finding, ...]:
        """Look at the upstream from here, without signing anybody in."""
        api = self._config.api_url
        where = None if api is None else f"{api}{PROFILE_PATH}"
        return self._flow.check(self.start, where, redirect_uri=redirect_uri)

    def _pinned(self, profile: Mapping[str, Any]) -> str:
        found = numbered(profile, PIN)
        if not admits_tenant(found, self._config.tenants):
            email = described(profile, self._config.email_claim)
            raise WrongOrganisation(PIN, found, subject=_subject(profile), email=email)
        return found


def _check_owner(redeemed: Redeemed, extension: str) -> None:
    """Refuse a profile of somebody else than the token's owner, where the token answer names one."""
    if redeemed.said.get(OWNER) is not None and numbered(redeemed.said, OWNER) != extension:
        raise UpstreamUntrusted("the profile speaks of somebody else", check=OWNER)


def _subject(profile: Mapping[str, Any]) -> str | None:
    value = find(profile, EXTENSION)
    return str(value) if isinstance(value, int | str) else None

"""The ``genesys`` connector: OAuth 2.0 at a region of Genesys Cloud, and its API's word on who it was.

A region is a pair of hosts, ``login.`` and ``api.``, both configured. A client
id can be authorised in other organisations too, hence the pin. Genesys Cloud
says of no address whether it was verified.

https://developer.genesys.cloud/api/rest/authorization/use-authorization-code
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from idp.domain.errors import UpstreamRefused, WrongOrganisation
from idp.domain.pins import admits_tenant
from idp.domain.upstream_identity import UpstreamIdentity
from idp.upstream.answers import fetched, is_refusal
from idp.upstream.api_flow import ApiFlow, Redeemed, configured
from idp.upstream.claims import described, identifier, text
from idp.upstream.connector import Callback, Handoff, Hints, ProviderConfig
from idp.upstream.finding import Finding
from idp.upstream.identity import Person, described_identity, is_trusted, mail_of, roles_of
from idp.upstream.parts import UpstreamParts

PIN = "organization.id"
HOME_PIN = "homeOrganization.id"
USER = "id"
STATE = "state"
ACTIVE = "active"
PROFILE_PATH = "/api/v2/users/me?expand=authorization,organization"
TOKEN_PATH = "/api/v2/tokens/me"  # noqa: S105 - an address


class GenesysConnector:
    """Signs people in with Genesys Cloud.

    :param config: the provider as configured, with the region's addresses and ``tenants``, organisation ids.
    :param parts: shared with every other connector of the process.
    """

    def __init__(self, config: ProviderConfig, parts: UpstreamParts) -> None:
        self._config = config
        # PKCE is documented for clients without a secret only.
        self._flow = ApiFlow(config, parts, pkce=False)

    def start(self, *, redirect_uri: str, state: str, hints: Hints) -> Handoff:
        """Say where to send the browser."""
        suggested = {"login_hint": hints.login_hint, "prompt": "login" if hints.new_proof else None}
        return self._flow.start(redirect_uri=redirect_uri, state=state, hints=suggested)

    def finish(self, callback: Callback, *, now: datetime) -> UpstreamIdentity:
        """Redeem the code and ask who it was."""
        api = configured(self._config.api_url, "api")
        redeemed = self._flow.exchange(callback)
        profile = self._flow.ask("profile", f"{api}{PROFILE_PATH}", redeemed)
        organisation = self._pinned(profile)
        self._check_home(f"{api}{TOKEN_PATH}", redeemed, profile)
        state = text(profile, STATE)
        if state != ACTIVE:
            raise UpstreamRefused("the user is not active", check=STATE, found=state)
        user = identifier(profile, USER)
        mail = mail_of(self._config, profile)
        person = Person(
            issuer=f"genesys:{organisation}",
            subject=user,
            mail=mail,
            vouched=is_trusted(self._config, mail),
            roles=roles_of(self._config, profile),
            organisation=organisation,
            platform_user_id=user,
            looked_at={PIN: organisation, USER: user, STATE: state},
        )
        return described_identity(self._config, person, {}, profile, now=now)

    def check(self, *, redirect_uri: str) -> tuple[Finding, ...]:
        """Look at the upstream from here, without signing anybody in."""
        api = self._config.api_url
        where = None if api is None else f"{api}{PROFILE_PATH}"
        return self._flow.check(self.start, where, redirect_uri=redirect_uri)

    def _pinned(self, profile: Mapping[str, Any]) -> str:
        found = identifier(profile, PIN)
        if not admits_tenant(found, self._config.tenants):
            raise self._wrong(PIN, found, profile)
        return found

    def _check_home(self, url: str, redeemed: Redeemed, profile: Mapping[str, Any]) -> None:
        """Refuse a partner's employee who appears as a clone in the pinned organisation.

        A token whose scopes do not open this address says nothing here: the profile is the proof.
        """
        answer = self._flow.try_to_ask("token facts", url, redeemed)
        if is_refusal(answer):
            return
        facts = fetched("token facts", answer)
        if facts.get("clonedUser") is None:
            return
        homes = {described(facts, "clonedUser.organization.id"), described(facts, HOME_PIN)} - {None}
        strange = sorted(home for home in homes if home and not admits_tenant(home, self._config.tenants))
        if strange or not homes:
            raise self._wrong(HOME_PIN, strange[0] if strange else None, profile)

    def _wrong(self, pin: str, found: str | None, profile: Mapping[str, Any]) -> WrongOrganisation:
        email = described(profile, self._config.email_claim)
        return WrongOrganisation(pin, found, subject=described(profile, USER), email=email)

"""The ``salesforce`` connector: OpenID Connect at a Salesforce organisation, read mostly from userinfo.

People are known by organisation and user id; ``sub`` is an address that holds
both, in one of several forms.

https://help.salesforce.com/apex/HTViewHelpDoc?id=xcloud.remoteaccess_using_openid_discovery_endpoint.htm
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from idp.domain.errors import ClaimMissing, UpstreamRefused, WrongOrganisation
from idp.domain.pins import admits_tenant
from idp.domain.upstream_identity import RoleEvidence, UpstreamIdentity
from idp.upstream.claims import described, find, identifier
from idp.upstream.connector import Callback, Handoff, Hints, ProviderConfig
from idp.upstream.finding import Finding
from idp.upstream.identity import Person, described_identity, is_verified, mail_of, roles_of
from idp.upstream.issuers import ExactIssuer
from idp.upstream.openid import OpenIdFlow
from idp.upstream.parts import UpstreamParts

PIN = "organization_id"
USER = "user_id"
ACTIVE = "active"
SHARED_ISSUERS = frozenset({"https://login.salesforce.com", "https://test.salesforce.com"})
"""Which the document of a customer's own host may name: of production and of its sandboxes."""


class SalesforceIssuer(ExactIssuer):
    """The document of the configured host may carry another issuer; token and callback follow the document."""

    def admits_document(self, said: str) -> bool:
        """Say whether it is the configured one, Salesforce's own, or another on the configured host."""
        return said == self._configured or said in SHARED_ISSUERS or _place(said) == _place(self._configured)


class SalesforceConnector:
    """Signs people in with Salesforce.

    :param config: the provider as configured, with ``tenants``, organisation ids of 18 characters.
    :param parts: shared with every other connector of the process.
    """

    def __init__(self, config: ProviderConfig, parts: UpstreamParts) -> None:
        self._config = config
        self._flow = OpenIdFlow(config, parts, SalesforceIssuer(config.issuer))

    def start(self, *, redirect_uri: str, state: str, hints: Hints) -> Handoff:
        """Say where to send the browser."""
        return self._flow.start(redirect_uri=redirect_uri, state=state, hints=hints)

    def finish(self, callback: Callback, *, now: datetime) -> UpstreamIdentity:
        """Verify the return and say who it was."""
        proof = self._flow.prove(callback, now=now)
        # Always: the ID token names neither the organisation nor the user in a form to rely on.
        said = self._flow.userinfo(proof)
        organisation = self._pinned(said)
        _check_active(said)
        user = identifier(said, USER)
        mail = mail_of(self._config, said)
        person = Person(
            issuer=f"salesforce:{organisation}",
            subject=user,
            mail=mail,
            vouched=is_verified(self._config, mail),
            roles=self._roles(said, proof.claims),
            organisation=organisation,
            platform_user_id=user,
            looked_at={"sub": proof.claims["sub"], PIN: organisation, USER: user, ACTIVE: True},
        )
        return described_identity(self._config, person, proof.claims, said, now=now)

    def check(self, *, redirect_uri: str) -> tuple[Finding, ...]:
        """Look at the upstream from here, without signing anybody in."""
        return self._flow.check(self.start, redirect_uri=redirect_uri)

    def _pinned(self, said: Mapping[str, Any]) -> str:
        found = identifier(said, PIN)
        if not admits_tenant(found, self._config.tenants):
            email = described(said, self._config.email_claim)
            raise WrongOrganisation(PIN, found, subject=described(said, USER), email=email)
        return found

    def _roles(self, *answers: Mapping[str, Any]) -> RoleEvidence:
        claim = self._config.roles_claim
        return roles_of(self._config, *({**answer, claim: _names(find(answer, claim))} for answer in answers))


def _names(held: object) -> object:
    """Return, of permissions given as an object, the names of those that are set; anything else as it is."""
    return [name for name, is_set in held.items() if is_set] if isinstance(held, dict) else held


def _check_active(said: Mapping[str, Any]) -> None:
    if said.get(ACTIVE) is None:
        raise ClaimMissing(ACTIVE)
    if said[ACTIVE] is not True:
        raise UpstreamRefused("the user is not active", check=ACTIVE)


def _place(issuer: str) -> tuple[str, str]:
    """Return scheme and host with port, in which issuers of one Salesforce host agree."""
    parts = urlsplit(issuer)
    return parts.scheme, parts.netloc.lower()

"""The ``entra`` connector: OpenID Connect at Microsoft Entra ID v2.0, for one tenant or several.

People are known by tenant and object id (``tid``, ``oid``): ``sub`` is another
one for every application registered, so a new registration would change
everybody (PITFALLS 7).

https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from idp.domain.errors import ClaimMissing, WrongOrganisation
from idp.domain.pins import admits_tenant
from idp.domain.provider_kinds import ENTRA_CONSUMERS, ENTRA_EVERYBODY, tenant_of_issuer
from idp.domain.upstream_identity import RoleEvidence, UpstreamIdentity
from idp.domain.vouching import by_entra
from idp.upstream.answers import ask, fetched, is_refusal
from idp.upstream.claims import described, identifier, strings
from idp.upstream.code_flow import bearer
from idp.upstream.connector import Callback, Handoff, Hints, ProviderConfig
from idp.upstream.finding import Finding
from idp.upstream.identity import Mail, Person, described_identity, is_trusted, lacks_mail, mail_of, roles_of
from idp.upstream.openid import OpenIdFlow, Proof
from idp.upstream.parts import UpstreamParts

PIN = "tid"
SUBJECT = "oid"
OWNER_VERIFIED = "xms_edov"
GROUPS = "groups"
PLACEHOLDER = "{tenantid}"
_VERSION = "v2.0"
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


class EntraIssuer:
    """A tenant's issuer is the authority's address with the tenant's id in it.

    Where one address stands for many tenants, the document carries the
    placeholder ``{tenantid}``. A token never does: it names its tenant in
    ``tid``, and its ``iss`` has to be that very tenant's.

    :param configured: the issuer at which discovery is asked, e.g. ``…/organizations/v2.0``.
    """

    def __init__(self, configured: str) -> None:
        self._configured = configured
        self._template = _template_of(configured)

    def admits_document(self, said: str) -> bool:
        """Say whether it is the configured one, or its template where that stands for many."""
        if tenant_of_issuer(self._configured) is None and said == self._template:
            return True
        return said == self._configured and PLACEHOLDER not in said

    def admits_callback(self, found: str, *, document: str) -> bool:
        """Say whether it is the document's; of a template, whichever tenant's: the token names the one."""
        before, placeholder, after = document.partition(PLACEHOLDER)
        if found == document or not placeholder:
            return found == document
        tenant = found.removeprefix(before).removesuffix(after)
        return found == f"{before}{tenant}{after}" and _names_a_tenant(tenant)

    def admits_token(self, claims: Mapping[str, Any], *, document: str) -> bool:
        """Say whether ``iss`` is the issuer of the tenant that the token names, to the letter (PITFALLS 18)."""
        tenant = claims.get(PIN)
        if not isinstance(tenant, str) or not _names_a_tenant(tenant):
            return False
        return bool(claims.get("iss") == _template_of(document).replace(PLACEHOLDER, tenant))


class EntraConnector:
    """Signs people in with Microsoft.

    :param config: the provider as configured, with one tenant's issuer, or several ``tenants``.
    :param parts: shared with every other connector of the process.
    """

    def __init__(self, config: ProviderConfig, parts: UpstreamParts) -> None:
        self._config = config
        self._http = parts.http
        self._flow = OpenIdFlow(config, parts, EntraIssuer(config.issuer))
        self._tenants = _pinned_tenants(config)

    def start(self, *, redirect_uri: str, state: str, hints: Hints) -> Handoff:
        """Say where to send the browser."""
        return self._flow.start(redirect_uri=redirect_uri, state=state, hints=hints)

    def finish(self, callback: Callback, *, now: datetime) -> UpstreamIdentity:
        """Verify the return and say who it was."""
        proof = self._flow.prove(callback, now=now)
        tenant = self._pinned(proof.claims)
        subject = identifier(proof.claims, SUBJECT)
        more = self._flow.userinfo(proof) if lacks_mail(self._config, proof.claims) else {}
        # Many in a contact centre have no mailbox: they come without an address.
        mail = mail_of(self._config, proof.claims, more)
        person = Person(
            issuer=str(proof.claims["iss"]),
            subject=subject,
            mail=mail,
            vouched=self._vouches(mail),
            roles=self._roles(proof, more),
            organisation=tenant,
            looked_at={PIN: tenant, SUBJECT: subject, OWNER_VERIFIED: _plain(mail.said.get(OWNER_VERIFIED))},
        )
        return described_identity(self._config, person, proof.claims, more, now=now)

    def check(self, *, redirect_uri: str) -> tuple[Finding, ...]:
        """Look at the upstream from here, without signing anybody in."""
        return self._flow.check(self.start, redirect_uri=redirect_uri)

    def _pinned(self, claims: Mapping[str, Any]) -> str:
        tenant = identifier(claims, PIN)
        if not admits_tenant(tenant, self._tenants):
            email = described(claims, self._config.email_claim)
            raise WrongOrganisation(PIN, tenant, subject=described(claims, SUBJECT), email=email)
        return tenant

    def _vouches(self, mail: Mail) -> bool:
        said = mail.said.get(OWNER_VERIFIED)
        vouched = by_entra(mail.address, claim=self._config.email_claim, xms_edov=said)
        return vouched or is_trusted(self._config, mail)

    def _roles(self, proof: Proof, more: Mapping[str, Any]) -> RoleEvidence:
        if self._config.roles_claim == GROUPS and _is_overage(proof.claims):
            return RoleEvidence(claim=GROUPS, values=self._groups(proof.access_token))
        return roles_of(self._config, proof.claims, more)

    def _groups(self, token: str | None) -> tuple[str, ...]:
        """Ask Graph for the ids of the groups that were too many for the token.

        The address is built here: the one in the token may lead to the retired Azure AD Graph.

        :raises ClaimMissing: Graph does not say, or not all: nobody loses a role without a word (PITFALLS 24).
        """
        if token is None or self._config.api_url is None:
            raise ClaimMissing(GROUPS, reason="nothing to ask Graph with")
        url = f"{self._config.api_url}/v1.0/me/getMemberObjects"
        question = {"securityEnabledOnly": False}
        answer = ask(GROUPS, lambda: self._http.post_json(url, question, headers=bearer(token)))
        if is_refusal(answer):
            raise ClaimMissing(GROUPS, endpoint=GROUPS, status=answer.status)
        content = fetched(GROUPS, answer)
        found = strings(content, "value")
        if found is None or "@odata.nextLink" in content:
            raise ClaimMissing(GROUPS, endpoint=GROUPS, reason="the answer is not all")
        return found


def _template_of(issuer: str) -> str:
    """Return the issuer with the placeholder in the tenant's place; as it is where it has none."""
    parts = issuer.split("/")
    if len(parts) < 5 or parts[-1] != _VERSION:
        return issuer
    return "/".join([*parts[:-2], PLACEHOLDER, parts[-1]])


def _names_a_tenant(text: str) -> bool:
    """Say whether a path part can be one organisation's, which keeps words for many and other paths out."""
    return _TENANT.fullmatch(text) is not None and text not in ENTRA_EVERYBODY - {ENTRA_CONSUMERS}


def _pinned_tenants(config: ProviderConfig) -> tuple[str, ...]:
    """Return the tenants whose people may come: those listed, and of them the issuer's own where it names one."""
    own = tenant_of_issuer(config.issuer)
    if own is None:
        return config.tenants
    return tuple(tenant for tenant in config.tenants or (own,) if tenant == own)


def _is_overage(claims: Mapping[str, Any]) -> bool:
    named_elsewhere = claims.get("_claim_names")
    return claims.get("hasgroups") is True or (isinstance(named_elsewhere, dict) and GROUPS in named_elsewhere)


def _plain(value: object) -> object:
    return value if isinstance(value, bool | int) else described({OWNER_VERIFIED: value}, OWNER_VERIFIED)

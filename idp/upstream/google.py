"""The ``google`` connector: OpenID Connect at Google, pinned to hosted domains, with groups where asked for.

The claim ``hd`` is the proof of somebody's organisation; the request parameter
of that name only chooses what Google's page offers, and the domain of an
address proves nothing.

https://developers.google.com/identity/openid-connect/reference,
https://cloud.google.com/identity/docs/reference/rest/v1/groups.memberships/searchDirectGroups
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from idp.domain.errors import ClaimMissing, WrongOrganisation
from idp.domain.pins import admits_hosted_domain
from idp.domain.provider_kinds import GOOGLE_ISSUERS
from idp.domain.upstream_identity import RoleEvidence, UpstreamIdentity
from idp.domain.vouching import by_google
from idp.upstream.answers import fetched, is_refusal
from idp.upstream.claims import described, identifier, malformed, text
from idp.upstream.code_flow import ask_with_token
from idp.upstream.connector import Callback, Handoff, Hints, ProviderConfig
from idp.upstream.finding import Finding
from idp.upstream.identity import Mail, Person, described_identity, is_trusted, lacks_mail, mail_of, roles_of
from idp.upstream.issuers import ExactIssuer
from idp.upstream.openid import OpenIdFlow, Proof
from idp.upstream.parts import UpstreamParts

PIN = "hd"
ANY_ORGANISATION = "*"
GROUPS = "groups"
"""As ``--roles-claim``: no claim of Google's, but what its Cloud Identity API says."""
GROUPS_SCOPE = "https://www.googleapis.com/auth/cloud-identity.groups.readonly"
MAX_PAGES = 20
PAGE_SIZE = 200


class GoogleIssuer(ExactIssuer):
    """The configured issuer; Google's own has a second spelling, without its scheme, in legacy tokens."""

    def admits_token(self, claims: Mapping[str, Any], *, document: str) -> bool:
        """Say whether ``iss`` is the document's, or the other spelling of it."""
        spellings = GOOGLE_ISSUERS if document in GOOGLE_ISSUERS else (document,)
        return claims.get("iss") in spellings


class GoogleConnector:
    """Signs people in with Google.

    :param config: the provider as configured, with ``hosted_domains`` or ``any_google_account``.
    :param parts: shared with every other connector of the process.
    """

    def __init__(self, config: ProviderConfig, parts: UpstreamParts) -> None:
        self._config = config
        self._http = parts.http
        self._flow = OpenIdFlow(config, parts, GoogleIssuer(config.issuer))

    def start(self, *, redirect_uri: str, state: str, hints: Hints) -> Handoff:
        """Say where to send the browser."""
        return self._flow.start(
            redirect_uri=redirect_uri, state=state, hints=hints, scope=self._scope(), hosted_domain=self._offered()
        )

    def finish(self, callback: Callback, *, now: datetime) -> UpstreamIdentity:
        """Verify the return and say who it was."""
        proof = self._flow.prove(callback, now=now)
        hosted_domain = self._pinned(proof.claims)
        more = self._flow.userinfo(proof) if lacks_mail(self._config, proof.claims) else {}
        mail = mail_of(self._config, proof.claims, more)
        subject = identifier(proof.claims, "sub")
        person = Person(
            issuer=self._config.issuer,
            subject=subject,
            mail=mail,
            vouched=self._vouches(mail, hosted_domain),
            roles=self._roles(proof, mail, more),
            organisation=hosted_domain,
            looked_at={"sub": subject, PIN: hosted_domain},
        )
        return described_identity(self._config, person, proof.claims, more, now=now)

    def check(self, *, redirect_uri: str) -> tuple[Finding, ...]:
        """Look at the upstream from here, without signing anybody in."""
        return self._flow.check(self.start, redirect_uri=redirect_uri)

    def _scope(self) -> str:
        asked = self._config.scope.split()
        needs_groups = self._config.roles_claim == GROUPS and GROUPS_SCOPE not in asked
        return " ".join([*asked, GROUPS_SCOPE] if needs_groups else asked)

    def _offered(self) -> str | None:
        """Return the request parameter ``hd``: the one domain, or any organisation where there are several."""
        if self._config.any_google_account:
            return None
        domains = self._config.hosted_domains
        return domains[0] if len(domains) == 1 else ANY_ORGANISATION

    def _pinned(self, claims: Mapping[str, Any]) -> str | None:
        found = text(claims, PIN)
        config = self._config
        if not admits_hosted_domain(found, config.hosted_domains, any_account=config.any_google_account):
            email = described(claims, config.email_claim)
            raise WrongOrganisation(PIN, found, subject=described(claims, "sub"), email=email)
        return found

    def _vouches(self, mail: Mail, hosted_domain: str | None) -> bool:
        verified = mail.said.get("email_verified")
        claim = self._config.email_claim
        return by_google(mail.address, claim=claim, email_verified=verified, hosted_domain=hosted_domain) or is_trusted(
            self._config, mail
        )

    def _roles(self, proof: Proof, mail: Mail, more: Mapping[str, Any]) -> RoleEvidence:
        if self._config.roles_claim != GROUPS:
            return roles_of(self._config, proof.claims, more)
        if mail.address is None:
            raise ClaimMissing(self._config.email_claim)
        if proof.access_token is None or self._config.api_url is None:
            raise ClaimMissing(GROUPS, reason="nothing to ask for groups with")
        return RoleEvidence(claim=GROUPS, values=self._groups(mail.address, proof.access_token))

    def _groups(self, address: str, token: str) -> tuple[str, ...]:
        """Return the addresses of somebody's groups, of whichever of the organisation's domains.

        :raises ClaimMissing: Google does not say, or not all: nobody loses a role without a word.
        """
        found: list[str] = []
        page: str | None = None
        for _ in range(MAX_PAGES):
            answer = ask_with_token(self._http, GROUPS, _search_url(str(self._config.api_url), address, page), token)
            if is_refusal(answer):
                raise ClaimMissing(GROUPS, endpoint=GROUPS, status=answer.status)
            content = fetched(GROUPS, answer)
            found += _keys(content)
            page = text(content, "nextPageToken")
            if page is None:
                return tuple(found)
        raise ClaimMissing(GROUPS, endpoint=GROUPS, reason=f"more than {MAX_PAGES} pages")


def _search_url(api_url: str, address: str, page: str | None) -> str:
    quoted = address.replace("\\", "\\\\").replace("'", "\\'")
    query = f"member_key_id == '{quoted}' && 'cloudidentity.googleapis.com/groups.discussion_forum' in labels"
    asked = {"query": query, "pageSize": str(PAGE_SIZE), **({"pageToken": page} if page else {})}
    return f"{api_url}/v1/groups/-/memberships:searchDirectGroups?{urlencode(asked)}"


def _keys(content: Mapping[str, Any]) -> list[str]:
    memberships = content.get("memberships", [])
    if not isinstance(memberships, list) or not all(isinstance(one, dict) for one in memberships):
        raise malformed(GROUPS)
    return [identifier(membership, "groupKey.id") for membership in memberships]

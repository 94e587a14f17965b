"""The kinds of upstream provider: what each fills in, what pins it, and which options have a meaning there.

Facts about the vendors stand here and in the connectors, nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit


class Kind(StrEnum):
    """A kind of upstream provider, by the name that operators type."""

    OIDC = "oidc"
    OAUTH2 = "oauth2"
    GOOGLE = "google"
    ENTRA = "entra"
    GENESYS = "genesys"
    RINGCENTRAL = "ringcentral"
    SALESFORCE = "salesforce"


PLATFORM_KINDS = (Kind.GENESYS, Kind.RINGCENTRAL, Kind.SALESFORCE)
"""Those of contact-centre platforms, whose user ids widgets know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What a kind fills in, and which options it understands.

    :param claims: defaults of the five claim options, by field name; dotted names walk into nested objects.
    :param options: fields of the provider's settings that mean something for this kind only.
    """

    scope: str
    claims: Mapping[str, str] = field(default_factory=dict)
    options: frozenset[str] = frozenset()


GOOGLE_ISSUERS = ("https://accounts.google.com", "accounts.google.com")
"""The second is how legacy tokens say it."""
GOOGLE_API = "https://cloudidentity.googleapis.com"
GOOGLE_HOSTS = frozenset({"accounts.google.com", "googleapis.com"})
ENTRA_AUTHORITY = "https://login.microsoftonline.com"
ENTRA_API = "https://graph.microsoft.com"
ENTRA_CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of all personal accounts."""
ENTRA_EVERYBODY = frozenset({"common", "organizations", "consumers", ENTRA_CONSUMERS})
"""Path parts that name no single organisation."""
RINGCENTRAL_API = "https://platform.ringcentral.com"
SALESFORCE_ROLES_SCOPE = "custom_permissions"
"""Brings the roles; not among the defaults, since not every app there allows it."""
GENESYS_DOMAINS = (
    *("mypurecloud.com", "mypurecloud.ie", "mypurecloud.de", "mypurecloud.jp", "mypurecloud.com.au"),
    *("use2.us-gov-pure.cloud", "usw2.pure.cloud", "cac1.pure.cloud", "sae1.pure.cloud", "mxc1.pure.cloud"),
    *("euw2.pure.cloud", "euc2.pure.cloud", "mec1.pure.cloud", "aps1.pure.cloud"),
    *("apne2.pure.cloud", "apne3.pure.cloud", "apse1.pure.cloud"),
)
"""Each is a region with a pair of hosts, ``login.`` and ``api.``."""

_OIDC_CLAIMS = {
    "subject_claim": "sub",
    "email_claim": "email",
    "first_name_claim": "given_name",
    "last_name_claim": "family_name",
    "roles_claim": "roles",
}
PRESETS: Mapping[Kind, Preset] = {
    Kind.OIDC: Preset(
        scope="openid profile email",
        claims=_OIDC_CLAIMS,
        options=frozenset({"issuer", "userinfo_url", "trust_email"}),
    ),
    Kind.OAUTH2: Preset(scope="", claims=_OIDC_CLAIMS, options=frozenset({"issuer", "userinfo_url"})),
    Kind.GOOGLE: Preset(
        scope="openid profile email",
        claims=_OIDC_CLAIMS,
        options=frozenset({"issuer", "api_url", "userinfo_url", "hosted_domains", "any_google_account", "trust_email"}),
    ),
    Kind.ENTRA: Preset(
        # Without profile, Entra leaves out oid, by which people are known.
        scope="openid profile email",
        claims={**_OIDC_CLAIMS, "subject_claim": "oid"},
        options=frozenset({"issuer", "api_url", "tenants", "trust_email"}),
    ),
    Kind.GENESYS: Preset(
        scope="",
        claims={
            "subject_claim": "id",
            "email_claim": "email",
            "first_name_claim": "given_name",
            "last_name_claim": "family_name",
            "roles_claim": "authorization.roles.name",
        },
        options=frozenset({"api_url", "tenants", "trust_email"}),
    ),
    Kind.RINGCENTRAL: Preset(
        scope="",
        claims={
            "subject_claim": "id",
            "email_claim": "contact.email",
            "first_name_claim": "contact.firstName",
            "last_name_claim": "contact.lastName",
            "roles_claim": "roles.id",
        },
        options=frozenset({"api_url", "tenants", "trust_email"}),
    ),
    Kind.SALESFORCE: Preset(
        scope="openid profile email",
        claims={**_OIDC_CLAIMS, "subject_claim": "user_id", "roles_claim": "custom_permissions"},
        options=frozenset({"issuer", "userinfo_url", "tenants", "trust_email"}),
    ),
}
SHARED_HOSTS: Mapping[str, Kind] = {
    "graph.microsoft.com": Kind.ENTRA,
    "login.salesforce.com": Kind.SALESFORCE,
    "test.salesforce.com": Kind.SALESFORCE,
    "platform.ringcentral.com": Kind.RINGCENTRAL,
}
"""Hosts that answer for all customers of a vendor."""
DISPLAY_NAMES: Mapping[str, str] = {
    Kind.GOOGLE: "Google",
    Kind.ENTRA: "Microsoft",
    Kind.GENESYS: "Genesys Cloud",
    Kind.RINGCENTRAL: "RingCentral",
    Kind.SALESFORCE: "Salesforce",
}
"""What people call the kinds that everybody knows."""
WITH_ID_TOKEN = frozenset({Kind.OIDC, Kind.GOOGLE, Kind.ENTRA, Kind.SALESFORCE})
PINNED_BY_TENANT = frozenset({Kind.ENTRA, Kind.GENESYS, Kind.RINGCENTRAL, Kind.SALESFORCE})
PLATFORMS = frozenset({Kind.GENESYS, Kind.RINGCENTRAL, Kind.SALESFORCE})
"""Kinds whose user id is the platform's own, as bridges and widgets know it (CONTRACT §5)."""


def parts_of(url: str) -> SplitResult:
    """Divide an address as an operator typed it; one that cannot be read has no parts."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def own_email_claim(kind: Kind) -> str:
    """Return the claim in which the kind itself puts the person's address; no other can be trusted."""
    return PRESETS[kind].claims["email_claim"]


def tenant_of_issuer(issuer: str) -> str | None:
    """Return the one Entra tenant that an issuer names, or none where it stands for many."""
    segments = [part for part in parts_of(issuer).path.split("/") if part]
    if len(segments) < 2 or segments[-1] != "v2.0" or segments[-2] in ENTRA_EVERYBODY or "{" in segments[-2]:
        return None
    return segments[-2]


def genesys_hosts(api_url: str) -> tuple[str, str] | None:
    """Return authorization and token address of the region whose ``api.`` host is given; none for an unknown one."""
    host = parts_of(api_url).hostname or ""
    domain = host.removeprefix("api.")
    if host == domain or domain not in GENESYS_DOMAINS:
        return None
    return f"https://login.{domain}/oauth/authorize", f"https://login.{domain}/oauth/token"

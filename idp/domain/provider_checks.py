"""Everything that can be wrong with a provider's settings, found before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from idp.domain.errors import Invalid
from idp.domain.provider_kinds import (
    ENTRA_AUTHORITY,
    ENTRA_EVERYBODY,
    GENESYS_DOMAINS,
    GOOGLE_HOSTS,
    PINNED_BY_TENANT,
    PRESETS,
    SHARED_HOSTS,
    WITH_ID_TOKEN,
    Kind,
    own_email_claim,
    parts_of,
)
from idp.domain.provider_settings import ProviderSettings

MAX_TEXT = 255
MAX_URL = 2048
MAX_SCOPE = 1000
MAX_PINS = 100
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+")
_OPTIONS = {
    "issuer": "--issuer",
    "api_url": "--api-url",
    "userinfo_url": "--userinfo-url",
    "tenants": "--tenant",
    "hosted_domains": "--hosted-domain",
    "any_google_account": "--any-google-account",
    "trust_email": "--trust-email",
}
"""Options that mean something for some kinds only."""


def check(settings: ProviderSettings) -> None:
    """Check what was typed, and what the kind makes of it.

    :raises Invalid: every problem, one sentence each.
    """
    problems = list(_kind_problems(settings.kind))
    problems += _text_problems(settings)
    problems += _url_problems(settings)
    problems += _scope_problems(settings)
    if settings.kind in set(Kind):
        kind = Kind(settings.kind)
        problems += _option_problems(kind, settings)
        problems += _pin_problems(kind, settings)
        problems += _address_problems(kind, settings.resolved())
        problems += _shared_problems(kind, settings.resolved())
    if problems:
        raise Invalid(*problems)


def _kind_problems(kind: str) -> Iterable[str]:
    if kind not in set(Kind):
        yield f"--kind {kind[:40]!r} is unknown; use one of: {', '.join(Kind)}"


def _text_problems(settings: ProviderSettings) -> Iterable[str]:
    texts = {
        "--client-id": settings.client_id,
        "--display-name": settings.display_name,
        "--subject-claim": settings.subject_claim,
        "--email-claim": settings.email_claim,
        "--first-name-claim": settings.first_name_claim,
        "--last-name-claim": settings.last_name_claim,
        "--roles-claim": settings.roles_claim,
    }
    for option, text in texts.items():
        limit = MAX_TEXT if option == "--client-id" else 100
        if not text.strip() or len(text) > limit or not text.isprintable():
            yield f"{option} must have 1 to {limit} printable characters"


def _url_problems(settings: ProviderSettings) -> Iterable[str]:
    urls = {
        "--issuer": settings.issuer,
        "--authorize-url": settings.authorize_url,
        "--token-url": settings.token_url,
        "--api-url": settings.api_url,
        "--userinfo-url": settings.userinfo_url,
    }
    for option, url in urls.items():
        if url and not _is_web_url(url):
            yield f"{option} {url[:200]!r} must be https (http on this machine only), without user name or fragment"


def _scope_problems(settings: ProviderSettings) -> Iterable[str]:
    if len(settings.scope) > MAX_SCOPE or not settings.scope.isascii() or not settings.scope.isprintable():
        yield f"--scope must be at most {MAX_SCOPE} printable ASCII characters"
    asks_for_id_token = settings.kind in WITH_ID_TOKEN or settings.kind not in set(Kind)
    if asks_for_id_token and "openid" not in settings.scope.split(" "):
        yield "--scope must contain openid, or the upstream sends no ID token"


def _option_problems(kind: Kind, settings: ProviderSettings) -> Iterable[str]:
    """An option without effect would be a promise that nobody keeps, so it is refused."""
    for name, option in _OPTIONS.items():
        if getattr(settings, name) and name not in PRESETS[kind].options:
            yield f"{option} has no meaning for --kind {kind}; leave it out"
    known_by = PRESETS[kind].claims["subject_claim"]
    if kind not in {Kind.OIDC, Kind.OAUTH2} and settings.subject_claim != known_by:
        yield f"--subject-claim has no meaning for --kind {kind}, whose people are known by {known_by}; leave it out"
    if settings.trust_email and settings.any_google_account:
        yield "--trust-email needs a pinned provider; with --any-google-account nobody vouches for an address"
    if settings.trust_email and settings.email_claim != own_email_claim(kind):
        yield f"--trust-email trusts the claim {own_email_claim(kind)} only; leave --email-claim out"


def _pin_problems(kind: Kind, settings: ProviderSettings) -> Iterable[str]:
    if max(len(settings.tenants), len(settings.hosted_domains)) > MAX_PINS:
        yield f"at most {MAX_PINS} --tenant or --hosted-domain"
    yield from _tenant_problems(kind, settings.tenants)
    for domain in settings.hosted_domains:
        if not _DOMAIN.fullmatch(domain):
            yield f"--hosted-domain {domain[:200]!r} must look like example.com, lower case"
    if kind in PINNED_BY_TENANT and not settings.resolved().tenants:
        yield f"--tenant is needed for --kind {kind}: the organisation whose people may come, by its identifier there"
    if kind is Kind.GOOGLE:
        yield from _google_problems(settings)


def _tenant_problems(kind: Kind, tenants: Iterable[str]) -> Iterable[str]:
    for tenant in tenants:
        if not tenant or len(tenant) > MAX_TEXT or not tenant.isascii() or not tenant.isprintable() or " " in tenant:
            yield f"--tenant {tenant[:60]!r} must be the organisation's identifier at the upstream"
        elif kind is Kind.ENTRA and "." in tenant:
            yield f"--tenant {tenant} is a domain name; give the directory (tenant) ID, which sign-ins carry"
        elif kind is Kind.ENTRA and tenant.lower() in ENTRA_EVERYBODY:
            yield f"--tenant {tenant} stands for many organisations; give the tenant id of each one instead"


def _google_problems(settings: ProviderSettings) -> Iterable[str]:
    if settings.any_google_account and settings.hosted_domains:
        yield "--hosted-domain and --any-google-account contradict each other; leave one of them out"
    if not settings.any_google_account and not settings.hosted_domains:
        yield (
            "--hosted-domain is needed for --kind google: the Workspace's primary domain "
            "(--any-google-account lets in everybody, as agents)"
        )


def _address_problems(kind: Kind, resolved: ProviderSettings) -> Iterable[str]:
    """Say which addresses are missing."""
    match kind:
        case Kind.OIDC | Kind.SALESFORCE if not resolved.issuer:
            yield "--issuer is needed: the upstream's issuer identifier, as its discovery document gives it"
        case Kind.OAUTH2:
            for option, url in (
                ("--authorize-url", resolved.authorize_url),
                ("--token-url", resolved.token_url),
                ("--userinfo-url", resolved.userinfo_url),
            ):
                if not url:
                    yield f"{option} is needed for --kind oauth2, which has no discovery"
        case Kind.GENESYS:
            yield from _genesys_problems(resolved)
        case _:
            pass


def _shared_problems(kind: Kind, resolved: ProviderSettings) -> Iterable[str]:
    """Say which addresses answer for strangers, too, and have a kind that pins them."""
    spoken_for = {Kind.OIDC: resolved.issuer, Kind.OAUTH2: resolved.userinfo_url or ""}.get(kind, "")
    vendor = Kind.ENTRA if _is_everybodys_entra(spoken_for) else _vendor(spoken_for)
    if vendor is not None:
        yield f"{spoken_for} answers for everybody at that vendor; --kind {vendor} pins the customer's own people"


def _vendor(url: str) -> Kind | None:
    """Return the kind to which an address belongs that answers for all of a vendor's customers."""
    host = (parts_of(url).hostname or url).lower()
    if host in GOOGLE_HOSTS or host.endswith(".googleapis.com"):
        return Kind.GOOGLE
    if host.removeprefix("api.").removeprefix("login.") in GENESYS_DOMAINS:
        return Kind.GENESYS
    return SHARED_HOSTS.get(host)


def _genesys_problems(resolved: ProviderSettings) -> Iterable[str]:
    if not resolved.api_url:
        yield "--api-url is needed for --kind genesys: the region's, e.g. https://api.mypurecloud.de"
    elif not (resolved.authorize_url and resolved.token_url):
        yield (
            f"--api-url {resolved.api_url} is no region of Genesys Cloud; correct it, "
            "or give --authorize-url and --token-url as well"
        )


def _is_everybodys_entra(issuer: str) -> bool:
    parts = parts_of(issuer)
    segments = parts.path.strip("/").split("/")
    return f"{parts.scheme}://{parts.netloc}" == ENTRA_AUTHORITY and (
        segments[0] in ENTRA_EVERYBODY or segments[0].startswith("{")
    )


def _is_web_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > MAX_URL or "@" in parts.netloc:
        return False
    if not parts.hostname or "#" in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)

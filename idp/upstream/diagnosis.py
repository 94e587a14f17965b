"""What is wrong with an OpenID Provider, seen from here, in sentences for whoever connects it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from idp.domain import pkce
from idp.domain.errors import UpstreamError
from idp.domain.provider_findings import Topic
from idp.domain.provider_kinds import Kind, tenant_of_issuer
from idp.outbound.http import HttpClient
from idp.upstream.answers import ask, fetched
from idp.upstream.clocks import clock_problems
from idp.upstream.connector import ProviderConfig
from idp.upstream.finding import Finding
from idp.upstream.id_token import usable_algorithms
from idp.upstream.issuers import IssuerRule, check_document
from idp.upstream.jwks import parse_jwks
from idp.upstream.metadata import ProviderMetadata, ask_discovery, discovery_url, parse_metadata


def diagnose(config: ProviderConfig, http: HttpClient, issuers: IssuerRule, *, now: datetime) -> tuple[Finding, ...]:
    """Fetch discovery and keys afresh and return one finding a problem; none when all is well.

    :param issuers: which names of the provider are right.
    """
    try:
        answer = ask_discovery(http, config.issuer)
        found = fetched("discovery", answer)
    except UpstreamError as error:
        return (Finding(_unreadable(config, error), topic=Topic.DISCOVERY),)
    try:
        metadata = parse_metadata(found, asked=config.issuer)
        check_document(metadata, issuers, configured=config.issuer)
    except UpstreamError as error:
        return (Finding(_contradiction(error), topic=Topic.ISSUER),)
    return (
        *_endpoint_problems(config, metadata),
        *_proof_problems(metadata),
        *_key_problems(metadata, http),
        *clock_problems(answer, now),
    )


def _unreadable(config: ProviderConfig, error: UpstreamError) -> str:
    reason = error.evidence["reason"]
    tenant = tenant_of_issuer(config.issuer)
    if config.kind == Kind.ENTRA and tenant is not None and error.evidence.get("status") in {400, 404}:
        return f"Microsoft does not know the tenant {tenant!r}; correct --tenant (and --issuer, where it was given)."
    option = "--tenant" if config.kind == Kind.ENTRA else "--issuer"
    return f"The discovery document at {discovery_url(config.issuer)} cannot be read: {reason}. Check {option}."


def _contradiction(error: UpstreamError) -> str:
    if "found" not in error.evidence:
        return f"{str(error)[:1].upper()}{str(error)[1:]}; ask the provider to correct it."
    return (
        f"The discovery document names the issuer {error.evidence['found']!r}, the configuration "
        f"{error.evidence['configured']!r}. They must be equal to the letter; correct --issuer."
    )


def _endpoint_problems(config: ProviderConfig, metadata: ProviderMetadata) -> Iterator[Finding]:
    if not (config.authorize_url or metadata.authorization_endpoint):
        yield Finding(
            "The discovery document has no authorization_endpoint; give --authorize-url.", topic=Topic.DISCOVERY
        )
    if not (config.token_url or metadata.token_endpoint):
        yield Finding("The discovery document has no token_endpoint; give --token-url.", topic=Topic.DISCOVERY)
    if not {"client_secret_basic", "client_secret_post"} & set(metadata.token_auth_methods):
        yield Finding(
            "The provider offers neither client_secret_basic nor client_secret_post at its token endpoint; "
            "allow one of them there.",
            topic=Topic.CLIENT,
        )


def _proof_problems(metadata: ProviderMetadata) -> Iterator[Finding]:
    if metadata.challenge_methods is not None and pkce.METHOD not in metadata.challenge_methods:
        yield Finding(
            "The provider lists PKCE methods without S256. A challenge is sent all the same; "
            "if the provider refuses it, allow S256 there.",
            breaks=False,
        )


def _key_problems(metadata: ProviderMetadata, http: HttpClient) -> Iterator[Finding]:
    algorithms = usable_algorithms(metadata.algorithms)
    if not algorithms:
        yield Finding(
            f"The provider signs ID tokens with {', '.join(metadata.algorithms or ()) or 'nothing'} only, "
            "which is not accepted; set RS256 or ES256 there.",
            topic=Topic.KEYS,
        )
        return
    uri = metadata.jwks_uri
    if uri is None:
        yield Finding(
            "The discovery document has no jwks_uri, so no signature can be verified; ask the provider.",
            topic=Topic.KEYS,
        )
        return
    try:
        keys = parse_jwks(fetched("keys", ask("keys", lambda: http.get(uri))))
    except UpstreamError as error:
        reason = error.evidence.get("reason", error)
        yield Finding(
            f"The keys at {uri} cannot be read: {reason}. Nobody can sign in until the provider mends that.",
            topic=Topic.KEYS,
        )
        return
    if not keys.serves(algorithms):
        yield Finding(
            f"Among the keys at {uri} is none that can verify a signature with {', '.join(algorithms)}.",
            topic=Topic.KEYS,
        )

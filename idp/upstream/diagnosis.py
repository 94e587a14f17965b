"""What is wrong with an OpenID Provider, seen from here, in sentences for whoever connects it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from idp.domain import pkce
from idp.domain.errors import UpstreamError
from idp.outbound.http import Answer, HttpClient
from idp.upstream.answers import ask, fetched
from idp.upstream.connector import ProviderConfig
from idp.upstream.id_token import usable_algorithms
from idp.upstream.jwks import parse_jwks
from idp.upstream.metadata import ProviderMetadata, ask_discovery, discovery_url, parse_metadata

CLOCK_TOLERANCE = timedelta(seconds=60)


def diagnose(config: ProviderConfig, http: HttpClient, *, now: datetime) -> tuple[str, ...]:
    """Fetch discovery and keys afresh and return one sentence a problem; none when all is well."""
    try:
        answer = ask_discovery(http, config.issuer)
        found = fetched("discovery", answer)
    except UpstreamError as error:
        return (_unreadable(config.issuer, error),)
    try:
        metadata = parse_metadata(found, issuer=config.issuer)
    except UpstreamError as error:
        return (_contradiction(error),)
    return (
        *_endpoint_problems(config, metadata),
        *_proof_problems(metadata),
        *_key_problems(metadata, http),
        *_clock_problems(answer, now),
    )


def _unreadable(issuer: str, error: UpstreamError) -> str:
    reason = error.evidence["reason"]
    return f"The discovery document at {discovery_url(issuer)} cannot be read: {reason}. Check --issuer."


def _contradiction(error: UpstreamError) -> str:
    if "found" not in error.evidence:
        return f"{str(error)[:1].upper()}{str(error)[1:]}; ask the provider to correct it."
    return (
        f"The discovery document names the issuer {error.evidence['found']!r}, the configuration "
        f"{error.evidence['configured']!r}. They must be equal to the letter; correct --issuer."
    )


def _endpoint_problems(config: ProviderConfig, metadata: ProviderMetadata) -> Iterator[str]:
    if not (config.authorize_url or metadata.authorization_endpoint):
        yield "The discovery document has no authorization_endpoint; give --authorize-url."
    if not (config.token_url or metadata.token_endpoint):
        yield "The discovery document has no token_endpoint; give --token-url."
    if not {"client_secret_basic", "client_secret_post"} & set(metadata.token_auth_methods):
        yield (
            "The provider offers neither client_secret_basic nor client_secret_post at its token endpoint; "
            "allow one of them there."
        )


def _proof_problems(metadata: ProviderMetadata) -> Iterator[str]:
    if metadata.challenge_methods is not None and pkce.METHOD not in metadata.challenge_methods:
        yield (
            "Note: the provider lists PKCE methods without S256. A challenge is sent all the same; "
            "if the provider refuses it, allow S256 there."
        )


def _key_problems(metadata: ProviderMetadata, http: HttpClient) -> Iterator[str]:
    algorithms = usable_algorithms(metadata.algorithms)
    if not algorithms:
        yield (
            f"The provider signs ID tokens with {', '.join(metadata.algorithms or ()) or 'nothing'} only, "
            "which is not accepted; set RS256 or ES256 there."
        )
        return
    uri = metadata.jwks_uri
    if uri is None:
        yield "The discovery document has no jwks_uri, so no signature can be verified."
        return
    try:
        keys = parse_jwks(fetched("keys", ask("keys", lambda: http.get(uri))))
    except UpstreamError as error:
        yield f"The keys at {uri} cannot be read: {error.evidence.get('reason', error)}."
        return
    if not keys.serves(algorithms):
        yield f"Among the keys at {uri} is none that can verify a signature with {', '.join(algorithms)}."


def _clock_problems(answer: Answer, now: datetime) -> Iterator[str]:
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return
    difference = theirs - now if theirs.tzinfo else timedelta(0)
    if abs(difference) > CLOCK_TOLERANCE:
        seconds = round(abs(difference).total_seconds())
        direction = "ahead of" if difference > timedelta(0) else "behind"
        yield f"The provider's clock is {seconds} seconds {direction} ours; sign-ins will fail. Check both clocks."

"""What all connectors of a process share."""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.clock import Clock
from idp.outbound.http import HttpClient
from idp.upstream.documents import Documents
from idp.upstream.jwks import KeySet, jwks_cache
from idp.upstream.metadata import ProviderMetadata, metadata_cache


@dataclass(frozen=True, slots=True)
class UpstreamParts:
    """Guarded HTTP, the clock, and the caches; one object a process, safe to share between threads."""

    http: HttpClient
    clock: Clock
    metadata: Documents[ProviderMetadata]
    keys: Documents[KeySet]

    @classmethod
    def of(cls, http: HttpClient, clock: Clock) -> UpstreamParts:
        """Return parts with empty caches; no connection is made."""
        return cls(http, clock, metadata_cache(http), jwks_cache(http))

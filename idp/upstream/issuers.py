"""Whose word counts: the issuer in a discovery document, in a callback, and in an ID token.

For a plain OpenID Provider all three are the configured one to the letter. Some
vendors differ, each in its own documented way, and nothing else is let through.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from idp.domain.errors import UpstreamUntrusted
from idp.upstream.metadata import ProviderMetadata


class IssuerRule(Protocol):
    """How one kind of provider names itself."""

    def admits_document(self, said: str) -> bool:
        """Say whether the discovery document may carry this issuer."""

    def admits_callback(self, found: str, *, document: str) -> bool:
        """Say whether a callback may carry this issuer, where the document carries that one (RFC 9207 §2.4)."""

    def admits_token(self, claims: Mapping[str, Any], *, document: str) -> bool:
        """Say whether a token with these claims speaks for the provider, where the document carries that issuer."""


class ExactIssuer:
    """OpenID Connect as written: one issuer, equal to the letter (Discovery §4.3, Core §3.1.3.7).

    :param configured: the issuer at which discovery is asked.
    """

    def __init__(self, configured: str) -> None:
        self._configured = configured

    def admits_document(self, said: str) -> bool:
        """Say whether it is the configured one."""
        return said == self._configured

    def admits_callback(self, found: str, *, document: str) -> bool:
        """Say whether it is the document's."""
        return found == document

    def admits_token(self, claims: Mapping[str, Any], *, document: str) -> bool:
        """Say whether ``iss`` is the document's."""
        return bool(claims.get("iss") == document)


def check_document(metadata: ProviderMetadata, rule: IssuerRule, *, configured: str) -> None:
    """Refuse a discovery document of somebody else.

    :raises UpstreamUntrusted: its evidence names both issuers.
    """
    if not rule.admits_document(metadata.issuer):
        raise UpstreamUntrusted(
            "the discovery document carries another issuer", configured=configured, found=metadata.issuer[:255]
        )

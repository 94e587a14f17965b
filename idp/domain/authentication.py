"""That somebody proved who they are: when, and how."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from idp.domain.bridges import Bridge
from idp.domain.upstream_identity import UpstreamIdentity

ACR_INTERACTIVE = "urn:deepdesk:acr:interactive"
ACR_EMAIL = "urn:deepdesk:acr:email"
"""By a link or a code from our own mail."""
ACR_VALUES = (ACR_INTERACTIVE, ACR_EMAIL)
"""What a sign-in here can be, for the metadata."""
AMR_FEDERATED = "fed"
AMR_EMAIL = "email"
ACR_BRIDGE = "urn:deepdesk:acr:bridge"
"""A platform's word without a sign-in: cookie tokens only, not advertised, and never more than agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """One proof of identity, as tokens repeat it.

    :param at: the ``auth_time``: when the person last proved who they are. Aware.
    :param acr: the class of the proof, a URN of CONTRACT §5.
    :param amr: the methods (RFC 8176).
    """

    at: datetime
    acr: str
    amr: tuple[str, ...]

    @property
    def is_bridged(self) -> bool:
        """Whether it rests on a platform's word alone."""
        return self.acr == ACR_BRIDGE

    @classmethod
    def bridged(cls, bridge: Bridge, at: datetime) -> Authentication:
        """Return what a platform's word amounts to."""
        return cls(at=at, acr=ACR_BRIDGE, amr=(bridge.value,))

    @classmethod
    def by_mail(cls, at: datetime) -> Authentication:
        """Return what the use of our own mail amounts to."""
        return cls(at=at, acr=ACR_EMAIL, amr=(AMR_EMAIL,))

    def proven_by_mail(self, at: datetime) -> Authentication:
        """Return this proof after another one by a mailed code: as strong as it was, and as fresh as that."""
        return replace(self, at=at, amr=tuple(dict.fromkeys((*self.amr, AMR_EMAIL))))

    @classmethod
    def federated(cls, identity: UpstreamIdentity) -> Authentication:
        """Return the proof that an upstream provider's answer amounts to."""
        others = tuple(method for method in identity.amr if method != AMR_FEDERATED)
        return cls(at=identity.authenticated_at, acr=ACR_INTERACTIVE, amr=(AMR_FEDERATED, *others))

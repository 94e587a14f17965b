"""What can be refused, in the words of the domain.

Errors know no HTTP. ``protocol.errors`` says which OAuth error each becomes,
``pages.errors`` which page; ``evidence`` is for the log and never leaves us.

The tree::

    DomainError
    ├── Invalid                   input that cannot be accepted, all problems at once
    ├── NotFound                  what was named does not exist
    ├── AlreadyExists             what was to be made is there
    ├── NotBuilt                  promised by the contract, not built yet
    ├── CodeUnknown               an authorization code that gives nothing
    │   └── CodeAlreadySpent      … because somebody used it
    ├── AccessTokenRefused        a bearer token that opens nothing
    ├── ScopeInsufficient         … or not this
    ├── AttemptUnknown            a callback that belongs to no sign-in of this browser
    ├── RequestNotParked          an authorization request that cannot be resumed here
    ├── UpstreamError             an upstream provider's answer cannot be used
    │   ├── UpstreamRefused       the person or the provider said no
    │   ├── UpstreamUntrusted     a check failed
    │   │   └── ClaimMissing      … because the provider left out what we need
    │   └── UpstreamUnavailable   network, time or server error; worth another try
    └── NotAdmitted               known who it is, but not let in
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class DomainError(Exception):
    """Root of all refusals.

    :param evidence: facts for the private log; never shown, never a secret.
    """

    def __init__(self, message: str = "", **evidence: Any) -> None:
        super().__init__(message or type(self).__name__)
        self.evidence: Mapping[str, Any] = evidence


class Invalid(DomainError):
    """Input that cannot be accepted.

    :param problems: one sentence each, saying what to do.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class NotFound(DomainError):
    """What was named does not exist (or is another account's, which looks the same)."""


class AlreadyExists(DomainError):
    """What was to be created is there already."""


class NotBuilt(DomainError):
    """Promised by the contract, not built yet; the message says so in one line."""


class CodeUnknown(DomainError):
    """The authorization code was never issued, expired, is another client's, or does not fit the request."""


class CodeAlreadySpent(CodeUnknown):
    """The authorization code was used before; what it gave has been revoked."""


class AccessTokenRefused(DomainError):
    """The access token is malformed, expired, revoked, or meant for somebody else."""


class ScopeInsufficient(DomainError):
    """The access token is genuine but was not granted what it is used for."""


class AttemptUnknown(DomainError):
    """The callback's state belongs to no open sign-in of this browser and provider."""


class RequestNotParked(DomainError):
    """The authorization request expired, was answered, or began in another browser."""


class UpstreamError(DomainError):
    """An upstream provider's answer cannot be used."""


class UpstreamRefused(UpstreamError):
    """The person cancelled, or the provider said no. Nothing is wrong; trying again is fine."""


class UpstreamUntrusted(UpstreamError):
    """A check of the provider's answer failed. Never retried, always audited."""


class ClaimMissing(UpstreamUntrusted):
    """The provider's answer is genuine but lacks a claim that the connection needs.

    :param claim: the claim's name, shown to the person so that their IT can mend it.
    """

    def __init__(self, claim: str, **evidence: Any) -> None:
        super().__init__(f"the claim {claim!r} is missing", claim=claim, **evidence)
        self.claim = claim


class UpstreamUnavailable(UpstreamError):
    """Network failure, time-out or server error; worth trying again."""


class Refusal(StrEnum):
    """Why somebody who is known is not let in."""

    NO_VALID_ROLE = "no_valid_role"
    USER_DISABLED = "user_disabled"
    ACCOUNT_DISABLED = "account_disabled"
    ADDRESS_TAKEN = "address_taken"


class NotAdmitted(DomainError):
    """The person is known but may not enter.

    :param refusal: chooses the page's sentence.
    """

    def __init__(self, refusal: Refusal, **evidence: Any) -> None:
        super().__init__(refusal.value, **evidence)
        self.refusal = refusal

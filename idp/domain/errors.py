"""What can be refused, in the words of the domain.

Errors know no HTTP. ``protocol.errors`` says which OAuth error each becomes,
``pages.errors`` which page; ``evidence`` is for the log and never leaves us.

The tree::

    DomainError
    ├── Invalid                   input that cannot be accepted, all problems at once
    ├── NotFound                  what was named does not exist
    ├── AlreadyExists             what was to be made is there
    ├── NotBuilt                  promised by the contract, not built yet
    ├── MailLinkRefused           a link from a mail that is not ours
    ├── MailLinkSpent             … or is ours, and used or too old
    ├── MailNotOffered            mail is no way in here
    ├── AddressRefused            … or not to that address
    ├── TooManyRequests           more often than it may be
    ├── DecisionNotYours          a request that somebody else has to decide
    ├── DecisionTooLate           … or that was decided meanwhile
    ├── PermissionMissing         what somebody who looks after an account may not do
    ├── ProofTooOld               … or may, once they prove again who they are
    ├── ChangedMeanwhile          what somebody else changed since it was looked at
    ├── LastManager               what would leave an account without a manager
    ├── CodeUnknown               an authorization code that gives nothing
    │   └── CodeAlreadySpent      … because somebody used it
    ├── RefreshTokenUnknown       a refresh token that renews nothing
    │   └── RefreshTokenReplayed  … because somebody used it before
    ├── ScopeRefused              more scope than was granted, or can be
    ├── ResourceRefused           an audience that the client may not ask for
    ├── ClientNotProven           a client that does not prove itself
    ├── AccessTokenRefused        a bearer token that opens nothing
    ├── ScopeInsufficient         … or not this
    ├── HintRefused               an id_token_hint that is no ID token of ours
    ├── CookieTokenRefused        a session cookie that opens nothing
    ├── CookieSessionOver         … whose session has ended
    │   └── CookieReplayed        … because somebody copied its refresh token
    ├── CookieExpired             … or only has to be renewed
    ├── BridgeRefused             a platform's word that is not taken
    │   ├── PlatformJwtRefused    … because of what its token says
    │   └── TooManyNewPeople      … because its key made too many people within the hour
    ├── HandoffRefused            a hand-off that gives no session
    ├── ExchangeTokenRefused      an exchange token that opens nothing
    ├── ExchangeNotAllowed        a session that can mint none
    ├── PlatformRequestRefused    a sign-in window that was opened for nobody we know
    ├── AttemptUnknown            a callback that belongs to no sign-in of this browser
    ├── RequestNotParked          an authorization request that cannot be resumed here
    ├── PushedRequestUnknown      a request_uri that stands for nothing
    ├── UpstreamError             an upstream provider's answer cannot be used
    │   ├── UpstreamRefused       the person or the provider said no
    │   ├── UpstreamUntrusted     a check failed
    │   │   ├── ClaimMissing      … because the provider left out what we need
    │   │   └── WrongOrganisation … because the person belongs to another customer of the provider
    │   └── UpstreamUnavailable   network, time or server error; worth another try
    ├── DeliveryFailed            an outbox item that did not arrive; worth another try
    ├── DeliveryRefused           … or never will
    └── NotAdmitted               known who it is, but not let in
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
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


class RefreshTokenUnknown(DomainError):
    """The refresh token is not genuine, another client's, ended or too old, or its person must sign in again."""


class RefreshTokenReplayed(RefreshTokenUnknown):
    """The refresh token was used before; its family has been revoked."""


class ScopeRefused(DomainError):
    """A token call asks for more scope than was granted, or than the client can be granted."""


class ResourceRefused(DomainError):
    """A call names an audience for which the client may not have tokens (RFC 8707 §2)."""


class ClientNotProven(DomainError):
    """A client does not prove itself, or not as it is registered.

    :param message: why, in constant words for the log; outside, all reasons look the same.
    """


class AccessTokenRefused(DomainError):
    """The access token is malformed, expired, revoked, or meant for somebody else."""


class ScopeInsufficient(DomainError):
    """The access token is genuine but was not granted what it is used for."""


class HintRefused(DomainError):
    """The id_token_hint is not an ID token of ours; its expiry is never the reason.

    :param message: why, in constant words for the log; outside, all reasons look the same.
    """


class CookieTokenRefused(DomainError):
    """The session cookie is malformed, altered, or another kind of token.

    :param message: why, in constant words for the log; outside, all reasons look the same.
    """


class CookieSessionOver(DomainError):
    """The session of a genuine cookie has ended: its person has to sign in again."""


class CookieReplayed(CookieSessionOver):
    """The refresh cookie was used before; its session has been ended."""


class CookieExpired(DomainError):
    """The access cookie has expired, and its session goes on: it has to be renewed.

    :param csrf_refresh: what the renewal has to bring along.
    """

    def __init__(self, csrf_refresh: str) -> None:
        super().__init__("the access cookie has expired")
        self.csrf_refresh = csrf_refresh


class BridgeRefused(DomainError):
    """A platform's word about its agent is not taken.

    :param message: why, in a sentence for the developer of the platform page; it tells nothing about people.
    """


class PlatformJwtRefused(BridgeRefused):
    """A platform JWT cannot be taken for what it says."""


class TooManyNewPeople(BridgeRefused):
    """One key made as many new people within the hour as it may."""


class HandoffRefused(DomainError):
    """The hand-off is unknown, too old, used, or was made for another widget."""


class ExchangeTokenRefused(DomainError):
    """The exchange token is not genuine, too old, or used, or the session it speaks for has ended."""


class ExchangeNotAllowed(DomainError):
    """A session that began with an exchange token can mint no further one."""


class MailLinkRefused(DomainError):
    """A link from a mail is not one of ours, or was altered.

    :param message: why, in constant words for the log.
    """


class MailLinkSpent(DomainError):
    """A link from a mail is genuine and cannot be used any more.

    :param used: it was used; otherwise it is too old.
    :param token: the link's, so that a new mail can be asked for with it; none where nobody may.
    """

    def __init__(self, *, used: bool, token: str | None) -> None:
        super().__init__("used" if used else "too old")
        self.used = used
        self.token = token


class MailNotOffered(DomainError):
    """The account does not let mail be a way in, or this provider sends none."""


class AddressRefused(DomainError):
    """What somebody typed is not an address to which we send mail."""


class TooManyRequests(DomainError):
    """Something was asked for more often than it may be.

    :param retry_after: when it may be asked for again.
    """

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("too many requests")
        self.retry_after = retry_after


class DecisionNotYours(DomainError):
    """Somebody may not decide about this request, or not give this role."""


class DecisionTooLate(DomainError):
    """A request was decided by somebody else meanwhile, has expired, or its decision cannot be taken back any more."""


class PermissionMissing(DomainError):
    """Somebody looks after an account, but their roles do not allow this.

    :param permission: the one that they lack.
    """

    def __init__(self, permission: str) -> None:
        super().__init__(f"the permission {permission} is missing", permission=permission)
        self.permission = permission


class ProofTooOld(DomainError):
    """A sensitive act wants a fresher proof of who acts (RFC 9470)."""


class ChangedMeanwhile(DomainError):
    """Somebody else changed the same thing since it was looked at; nothing was changed now."""


class LastManager(DomainError):
    """The account would be left without anybody who can manage it."""


class PlatformRequestRefused(DomainError):
    """A widget's sign-in window was opened for an origin that the account does not list, or without a challenge."""


class AttemptUnknown(DomainError):
    """The callback's state belongs to no open sign-in of this browser and provider."""


class RequestNotParked(DomainError):
    """The authorization request expired, was answered, or began in another browser."""


class PushedRequestUnknown(DomainError):
    """The request_uri was never given out, is too old, was answered before, or is another client's (RFC 9126)."""


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


class WrongOrganisation(UpstreamUntrusted):
    """The provider's answer is genuine but speaks of somebody from an organisation that is not pinned.

    :param pin: what was compared, by the field's own name: ``tid``, ``hd``, ``organization.id``, ….
    :param found: the identifier that the answer carries; none when it carries none.
    :param email: the address it names, for whoever looks for this sign-in; not for the log.
    """

    def __init__(self, pin: str, found: str | None, *, subject: str | None = None, email: str | None = None) -> None:
        super().__init__(f"{pin} is {found!r}, which is not admitted", pin=pin, found=found)
        self.pin = pin
        self.found = found
        self.subject = subject
        self.email = email


class UpstreamUnavailable(UpstreamError):
    """Network failure, time-out or server error; worth trying again."""


class DeliveryFailed(DomainError):
    """What the outbox delivers did not arrive; the worker tries again later.

    :param message: one sentence for ``idp outbox list`` and the log, without a secret.
    """


class DeliveryRefused(DomainError):
    """What the outbox delivers will never be taken; the worker buries it at once.

    :param message: as of ``DeliveryFailed``.
    """


class Refusal(StrEnum):
    """Why somebody who is known is not let in."""

    NO_VALID_ROLE = "no_valid_role"
    USER_DISABLED = "user_disabled"
    ACCOUNT_DISABLED = "account_disabled"
    STAFF_ADDRESS = "staff_address"
    """The address is of a staff domain, which signs in at the account ``staff`` alone."""
    ADDRESS_TAKEN = "address_taken"
    """Somebody else holds the address; whether they are the same is for a manager to say."""
    PROOF_NEEDED = "proof_needed"
    """The same, where signing in by the existing way in the same browser settles it."""
    LINK_DENIED = "link_denied"
    """A manager decided that this sign-in is not the person who holds the address."""
    NOT_ON_TRIAL = "not_on_trial"
    """The account is on trial, and does not know the person."""
    SINGLE_SIGN_ON_ONLY = "single_sign_on_only"
    """Mail is no way in for whoever has a sign-in at an upstream."""
    NO_GRANT = "no_grant"
    """A staff member without a grant for the account."""

    @property
    def needs_a_decision(self) -> bool:
        """Whether managers are asked to settle it."""
        return self in {Refusal.ADDRESS_TAKEN, Refusal.PROOF_NEEDED}


class NotAdmitted(DomainError):
    """The person is known but may not enter.

    :param refusal: chooses the page's sentence.
    """

    def __init__(self, refusal: Refusal, **evidence: Any) -> None:
        super().__init__(refusal.value, **evidence)
        self.refusal = refusal

"""Every kind of audit event. The name says ``subject.what_happened``; no event ever holds a secret."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar

OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Root of the events.

    :param account: the account it belongs to, or none.
    :param outcome: ``ok``, or the reason of a refusal.
    """

    kind: ClassVar[str]

    account: str | None = None
    user: str | None = None
    client: str | None = None
    outcome: str = OK

    def details(self) -> dict[str, Any]:
        """Return the fields that only this kind of event has, JSON-able."""
        common = {field.name for field in fields(Event)}
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name not in common}


class Change(StrEnum):
    """What the command line did to a record."""

    CREATED = "created"
    UPDATED = "updated"
    DISABLED = "disabled"
    ENABLED = "enabled"
    DELETED = "deleted"
    SECRET_ROTATED = "secret_rotated"  # noqa: S105 - a word for what happened


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFinished(Event):
    """An upstream said who somebody is, and they were let in or not (``outcome``)."""

    kind: ClassVar[str] = "sign_in.finished"

    provider: str
    new_user: bool
    roles: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed(Event):
    """A sign-in came back from the upstream without an identity that can be used."""

    kind: ClassVar[str] = "sign_in.failed"

    provider: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut(Event):
    """A person ended their session in this browser."""

    kind: ClassVar[str] = "session.ended"

    sid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIssued(Event):
    """A client was given an authorization code."""

    kind: ClassVar[str] = "code.issued"

    sid: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRedeemed(Event):
    """A client exchanged a code for tokens."""

    kind: ClassVar[str] = "code.redeemed"

    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReplayed(Event):
    """A spent code was presented again; what it gave was revoked."""

    kind: ClassVar[str] = "code.replayed"

    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensRefreshed(Event):
    """A client renewed its tokens by refresh token."""

    kind: ClassVar[str] = "token.refreshed"

    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshReplayed(Event):
    """A refresh token that was spent before came again: somebody copied it. All of its family was revoked."""

    kind: ClassVar[str] = "token.replayed"

    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTokenIssued(Event):
    """A client was given an access token for itself, by client_credentials."""

    kind: ClassVar[str] = "token.client_issued"

    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked(Event):
    """A client gave a token back: an access token alone, or with a refresh token all of its family."""

    kind: ClassVar[str] = "token.revoked"

    token: str
    family: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged(Event):
    """An account was created, changed or removed."""

    kind: ClassVar[str] = "account.changed"

    change: Change
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChanged(Event):
    """An upstream provider was created, changed or removed. The secret is never among the settings."""

    kind: ClassVar[str] = "provider.changed"

    provider: str
    change: Change
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChanged(Event):
    """A client was registered, changed or removed. The secret is never among the settings."""

    kind: ClassVar[str] = "client.changed"

    change: Change
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanged(Event):
    """A person was made, changed or removed by an operator; ``settings`` names what was set."""

    kind: ClassVar[str] = "user.changed"

    change: Change
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSignedOut(Event):
    """All that a person had open was ended, by an operator or by themselves."""

    kind: ClassVar[str] = "user.signed_out"

    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLinked(Event):
    """An upstream identity was tied to a user who was there before; ``match`` says on what ground."""

    kind: ClassVar[str] = "identity.linked"

    provider: str
    match: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRequested(Event):
    """Somebody brought an address that another person holds; managers decide whether they are the same."""

    kind: ClassVar[str] = "link.requested"

    request: str
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDecided(Event):
    """Such a request was decided: ``approved`` ties the sign-in to the person, ``denied`` refuses it from then on."""

    kind: ClassVar[str] = "link.decided"

    request: str
    decision: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGiven(Event):
    """A person allowed a client what it asked for."""

    kind: ClassVar[str] = "consent.given"

    scope: str
    claims: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWithdrawn(Event):
    """A person took back what they had allowed a client; what it held of them has ended."""

    kind: ClassVar[str] = "consent.withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffGranted(Event):
    """A staff member may enter an account (every account where it is none) from now on."""

    kind: ClassVar[str] = "staff.granted"

    grant: str
    address: str
    roles: list[str]
    until: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRevoked(Event):
    """A staff member may no longer enter by that grant; what they had open through it has ended."""

    kind: ClassVar[str] = "staff.revoked"

    grant: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffEntered(Event):
    """A staff member chose to enter a customer's account, at one client."""

    kind: ClassVar[str] = "staff.entered"

    roles: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRefused(Event):
    """A staff member wanted to enter a customer's account and may not."""

    kind: ClassVar[str] = "staff.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMade(Event):
    """A signing key was made and published."""

    kind: ClassVar[str] = "key.made"

    kid: str
    use: str
    alg: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPromoted(Event):
    """A published key signs from now on; ``cause`` says why."""

    kind: ClassVar[str] = "key.promoted"

    kid: str
    use: str
    alg: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRetired(Event):
    """A key signs no more; what it signed still verifies."""

    kind: ClassVar[str] = "key.retired"

    kid: str
    use: str
    alg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked(Event):
    """A key is not trusted any more, nor what it signed."""

    kind: ClassVar[str] = "key.revoked"

    kid: str
    use: str
    alg: str
    was: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRetried(Event):
    """An operator had something delivered at once, or again after it was given up."""

    kind: ClassVar[str] = "outbox.retried"

    item: str
    delivers: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxDropped(Event):
    """An operator gave up a delivery for good."""

    kind: ClassVar[str] = "outbox.dropped"

    item: str
    delivers: str
    attempts: int

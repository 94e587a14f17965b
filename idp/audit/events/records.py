"""Events of records that somebody changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from idp.audit.events.event import Event


class Change(StrEnum):
    """What the command line did to a record."""

    CREATED = "created"
    UPDATED = "updated"
    DISABLED = "disabled"
    ENABLED = "enabled"
    DELETED = "deleted"
    SECRET_ROTATED = "secret_rotated"  # noqa: S105 - a word for what happened
    REVOKED = "revoked"


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
class ApiKeyChanged(Event):
    """An account was given an integration API key, or one of its keys was revoked."""

    kind: ClassVar[str] = "api_key.changed"

    key_id: str
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSecretChanged(Event):
    """An account was given a secret to share with a platform, or one of its secrets was revoked."""

    kind: ClassVar[str] = "platform_secret.changed"

    secret_id: str
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanged(Event):
    """A person was made, changed or removed by an operator; ``settings`` names what was set."""

    kind: ClassVar[str] = "user.changed"

    change: Change
    settings: dict[str, Any]


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

"""Events of running the provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events.event import Event


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

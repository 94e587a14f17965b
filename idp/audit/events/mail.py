"""Events of people who sign in by mail, and of access requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAsked(Event):
    """Somebody asked for a mail that signs in; ``answer`` says what was mailed, which they are not told."""

    kind: ClassVar[str] = "mail.asked"

    mail: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSignInFinished(Event):
    """Somebody used a mail to sign in, by its button or (``by_code``) its code, and was let in or not."""

    kind: ClassVar[str] = "mail.signed_in"

    mail: str
    sid: str | None
    by_code: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MailCodeWrong(Event):
    """Somebody typed a wrong code."""

    kind: ClassVar[str] = "mail.code_wrong"

    mail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailGuessingAlarmed(Event):
    """As many wrong codes were typed for one address as may be in a day: somebody may be guessing."""

    kind: ClassVar[str] = "mail.guessing"

    mail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenAnew(Event):
    """The person of a session proved anew who they are, by a mailed code."""

    kind: ClassVar[str] = "session.proven"

    sid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequested(Event):
    """Somebody asked the managers of an account for access, with an address that they read."""

    kind: ClassVar[str] = "access.requested"

    request: str
    told: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEscalated(Event):
    """Nobody decided in time, so others may, too: ``stage`` says who."""

    kind: ClassVar[str] = "access.escalated"

    request: str
    stage: str
    told: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDecided(Event):
    """A request for access was decided; ``decision`` is ``approved``, ``denied`` or ``pending``, where taken back."""

    kind: ClassVar[str] = "access.decided"

    request: str
    decision: str
    role: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequestExpired(Event):
    """Nobody decided about a request for access until it expired."""

    kind: ClassVar[str] = "access.expired"

    request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessUsed(Event):
    """Somebody whose request was approved signed in for the first time, ``seconds`` after they had asked."""

    kind: ClassVar[str] = "access.used"

    request: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInvited(Event):
    """Somebody was mailed an invitation to sign in."""

    kind: ClassVar[str] = "user.invited"

    mail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffManages(Event):
    """A staff member chose to enter a customer's management pages."""

    kind: ClassVar[str] = "staff.manages"

    roles: list[str]

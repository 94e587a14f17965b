"""Events of people who sign in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events.event import Event


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
class UserSignedOut(Event):
    """All that a person had open was ended, by an operator or by themselves."""

    kind: ClassVar[str] = "user.signed_out"

    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffEntered(Event):
    """A staff member chose to enter a customer's account, at one client."""

    kind: ClassVar[str] = "staff.entered"

    roles: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRefused(Event):
    """A staff member wanted to enter a customer's account and may not."""

    kind: ClassVar[str] = "staff.refused"

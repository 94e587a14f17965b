"""Events of codes, tokens and what people allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events.event import Event


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
class ConsentGiven(Event):
    """A person allowed a client what it asked for."""

    kind: ClassVar[str] = "consent.given"

    scope: str
    claims: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWithdrawn(Event):
    """A person took back what they had allowed a client; what it held of them has ended."""

    kind: ClassVar[str] = "consent.withdrawn"

"""Events of the widget's cookie sessions, and of the bridges by which they begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CookiesBegun(Event):
    """A browser was given session cookies; ``way`` says by which way the person came."""

    kind: ClassVar[str] = "cookies.begun"

    sid: str
    family: str
    jar: str
    way: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CookiesRenewed(Event):
    """A widget renewed its session cookies."""

    kind: ClassVar[str] = "cookies.renewed"

    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CookiesReplayed(Event):
    """A refresh cookie that was spent before came again: somebody copied it. The session was ended."""

    kind: ClassVar[str] = "cookies.replayed"

    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeCrossed(Event):
    """A platform vouched for its agent, with an API key or a platform secret."""

    kind: ClassVar[str] = "bridge.crossed"

    bridge: str
    secret: str
    new_user: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeAlarmed(Event):
    """A bridge is used as nobody would who means well: ``alarm`` says how. Somebody should look."""

    kind: ClassVar[str] = "bridge.alarmed"

    bridge: str
    secret: str
    alarm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeMinted(Event):
    """A widget was given a token that opens its session in another browser."""

    kind: ClassVar[str] = "exchange.minted"

    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeUsed(Event):
    """Such a token was used, once."""

    kind: ClassVar[str] = "exchange.used"

    family: str

"""A provider on loopback that speaks the contract of cookie sessions to one account's pages, as a test tells it to.

It has no upstream: whoever a test names signs in. This is what it knows;
``calls.py`` beside it is what it answers.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "acme"
ACCESS_SECONDS = 900
# Scripts of the last page behind /platform/sso; it knows TOKEN and ORIGIN.
HANDS_OVER = "opener.postMessage({type: 'deepdesk:handoff', handoff: TOKEN}, ORIGIN); close();"
WAITS = ""
GOES_UPSTREAM = "location = '/upstream/'"
SAYS_OTHER_THINGS = """
    opener.postMessage({type: 'deepdesk:handoff'}, ORIGIN);
    opener.postMessage({type: 'something-else', handoff: TOKEN}, ORIGIN);
    opener.postMessage(null, ORIGIN);
    opener.postMessage('deepdesk:handoff', ORIGIN);
"""
API_KEY = "the-key-of-acme"
PLATFORM_JWT = "signed.by.platform"
ACCESS, REFRESH = "access_token_cookie", "refresh_token_cookie"


@dataclass
class Session:
    """One sign-in, as its cookies name it."""

    person: str
    expires_at: float
    sid: str = field(default_factory=lambda: secrets.token_hex(8))
    generation: int = 0
    ended: bool = False

    @property
    def csrf_access(self) -> str:
        return f"access-{self.sid}"

    @property
    def csrf_refresh(self) -> str:
        return f"refresh-{self.sid}"


@dataclass
class Provider:
    """What the next calls are answered; tests change it while a page is open."""

    issuer: str = ""
    origins: set[str] = field(default_factory=set)
    """The account's own."""
    account: str = ACCOUNT
    """The one that sessions are of."""
    access_seconds: int = ACCESS_SECONDS
    at_desk: str = "8001"
    """Who signs in at ``/platform/sso``: the session there is that person's."""
    windows: list[str] = field(default_factory=lambda: [HANDS_OVER])
    """What the last page does, one script a visit; the last of them from then on."""
    faults: dict[str, list[str]] = field(default_factory=dict)
    """Path → what goes wrong with its next calls: ``"500"``, or ``"lost"``: done, but the answer never arrives."""
    delays: dict[str, float] = field(default_factory=dict)
    """Path → seconds that each answer takes."""
    calls: Counter[str] = field(default_factory=Counter)
    """``METHOD /path`` → how often; preflights are not counted."""
    sessions: dict[str, Session] = field(default_factory=dict)
    departures: list[dict[str, str]] = field(default_factory=list)
    """The parameters of each visit of ``/platform/sso``."""
    handoffs: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Token → challenge and person, until it is redeemed."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    """What the bridges were sent."""
    ahead: float = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        return time.time() + self.ahead

    def signs_in(self, person: str) -> Session:
        session = Session(person=person, expires_at=self.now() + self.access_seconds)
        self.sessions[session.sid] = session
        return session

    def renewals(self) -> int:
        return self.calls["POST /auth/refresh"]

    def live(self) -> list[str]:
        """Whose sessions have not ended."""
        return sorted(session.person for session in self.sessions.values() if not session.ended)

    def end_all(self) -> None:
        for session in self.sessions.values():
            session.ended = True

"""A sign-out while one of the services is away for a minute, and what the page says meanwhile."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.interop.service import Service
from tests.interop.walking import Page
from tests.processes.hearing import HearingService, SignedIn

WITHIN_SECONDS = 10
OUTAGE_SECONDS = 60
LOOK_EVERY_SECONDS = 2


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the page after a sign-out said, and who had been told by then.

    :param states: by client.
    """

    states: Mapping[str, str]
    heard: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Outage:
    """What happened, in seconds.

    :param others_heard_after: the sign-out; infinite where they did not.
    :param looks: at the page, while the service was away.
    :param heard_after: the service's return.
    :param last_look: after that.
    """

    others_heard_after: Sequence[float]
    looks: Sequence[Look]
    heard_after: float
    last_look: Look


def states_on(page: Page) -> Mapping[str, str]:
    """Return what a page says of each service, by client."""
    return dict(re.findall(r'data-client="(.*?)" data-state="(.*?)"', page.html))


@dataclass(frozen=True, kw_only=True)
class Trio:
    """The services of the outage, and who is signed in at them: two are there, one goes away, one has no ear."""

    there: Sequence[HearingService]
    away: HearingService
    deaf: Service
    signed_in: SignedIn

    def looks_at(self, page: Page) -> Look:
        """Read the page again. Who has heard is asked afterwards, so they may be ahead of it, never behind."""
        states = states_on(self.signed_in.browser.open(page.url))
        heard = {one.client_id for one in (*self.there, self.away) if one.ear.has_heard_of(self.signed_in.sid)}
        return Look(states=states, heard=frozenset(heard))

    def lives_through_it(self) -> Outage:
        """Sign out while a service is away for a minute; it comes back."""
        self.away.ear.closes()
        went = time.monotonic()
        browser, sid = self.signed_in.browser, self.signed_in.sid
        question = browser.open(f"{self.deaf.issuer}/logout/")
        assert question.has("logout-confirm")
        since = time.monotonic()
        page = browser.submit(question)
        assert page.has("signed-out")
        heard_after = [one.ear.heard_after(sid, since=since, within=WITHIN_SECONDS) for one in self.there]
        looks = self._looks_until(went + OUTAGE_SECONDS, page)
        self.away.ear.opens()
        back = time.monotonic()
        away_heard_after = self.away.ear.heard_after(sid, since=back, within=2 * WITHIN_SECONDS)
        last_look = self._looks_while_it_waits(page)
        return Outage(others_heard_after=heard_after, looks=looks, heard_after=away_heard_after, last_look=last_look)

    def _looks_until(self, moment: float, page: Page) -> Sequence[Look]:
        looks = [self.looks_at(page)]
        while time.monotonic() < moment:
            time.sleep(LOOK_EVERY_SECONDS)
            looks.append(self.looks_at(page))
        return looks

    def _looks_while_it_waits(self, page: Page) -> Look:
        """Look until the page has noticed, which is to be at once, and at most until somebody would lose patience."""
        deadline = time.monotonic() + WITHIN_SECONDS
        look = self.looks_at(page)
        while look.states[self.away.client_id] == "waiting" and time.monotonic() < deadline:
            time.sleep(0.05)
            look = self.looks_at(page)
        return look

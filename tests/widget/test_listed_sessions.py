"""A session is listed for as long as anything of it counts, so that it can be ended."""

from __future__ import annotations

import json

from tests.support.app import MIA, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.widget import Widget

HOUR = 3600


def listed(op: OpenIdProvider) -> int:
    return len(json.loads(op.runs("users", "sessions", MIA.email or "", "--account", "acme", "--json")))


def test_a_session_is_listed_while_its_cookies_live(op: OpenIdProvider, widget: Widget, clock: FrozenClock) -> None:
    widget.signs_in_in_a_window(MIA)
    assert widget.takes_over().status_code == 200
    clock.advance(seconds=13 * HOUR)
    assert widget.renews().status_code == 200
    assert listed(op) == 1
    clock.advance(seconds=12 * HOUR)
    assert widget.renews().status_code == 401
    assert listed(op) == 0


def test_a_session_without_single_sign_on_is_listed_and_ends(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_by_key(agent_id="42", name="Ana")
    [ana] = [one for one in json.loads(op.runs("users", "list", "--account", "acme", "--json")) if one["name"] == "Ana"]
    assert len(json.loads(op.runs("users", "sessions", ana["id"], "--json"))) == 1
    op.runs("users", "sign-out", ana["id"])
    assert widget.renews().status_code == 401

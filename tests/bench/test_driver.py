"""Only right flows count: a wrong answer ends the run, and says what was wrong."""

from __future__ import annotations

from functools import partial

import pytest

from bench import wire
from bench.driver import Load, Measured, ask
from bench.modes import MODES, Mode, supplies
from bench.trivial import target_at
from bench.wire import Answer, Wrong
from tests.bench.conftest import provider_with

UNITS = 12


def under_load(mode: Mode, port: int, *, connections: int = 3) -> Measured:
    """Let each connection do several units: by number and not by time, which a busy machine may use up for nothing."""
    with Load(port, supplies(mode, target_at(port), connections, partial(ask, port))) as load:
        return load.paced(iter([0.0] * UNITS))


@pytest.mark.parametrize("mode", MODES.values(), ids=list(MODES))
def test_every_kind_of_work_counts_when_answered_rightly(mode: Mode, honest: int) -> None:
    measured = under_load(mode, honest)
    assert measured.units == len(measured.latencies) == UNITS


def test_a_closed_load_keeps_its_connections_busy_for_the_time_given(honest: int) -> None:
    """A busy machine may finish nothing in a moment: more time is given until each connection had work again."""
    with Load(honest, supplies(MODES["refresh"], target_at(honest), 3, partial(ask, honest))) as load:
        for seconds in (0.02, 0.2, 2.0, 20.0):
            measured = load.closed(seconds)
            if measured.units > 3:
                break
    assert measured.units == len(measured.latencies) > 3
    assert measured.seconds >= seconds


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        ("state", "the state is not the request's"),
        ("nonce", "the ID token lacks the request's nonce"),
        ("code", "authorize gives no code"),
    ],
)
@pytest.mark.parametrize("mode", ["flow-ES256", "flow-RS256"])
def test_a_flow_with_a_wrong_value_ends_the_run(mode: str, spoilt: str, why: str) -> None:
    faults = {spoilt: lambda value: "" if spoilt == "code" else value[::-1]}
    with provider_with(faults) as port, pytest.raises(Wrong, match=why):
        under_load(MODES[mode], port)


def test_a_refresh_token_that_stays_the_same_is_no_rotation() -> None:
    with provider_with({"refresh_token": lambda _: "the same"}) as port, pytest.raises(Wrong, match="not rotated"):
        under_load(MODES["refresh"], port)


def test_a_flow_with_another_browser_s_answer_is_wrong() -> None:
    """The answer of an earlier request, as a server would give it that mixes two browsers up."""
    said: list[str] = []

    def late(nonce: str) -> str:
        said.append(nonce)
        return said[-2] if len(said) > 1 else nonce

    with provider_with({"nonce": late}) as port, pytest.raises(Wrong, match="nonce"):
        under_load(MODES["flow-ES256"], port, connections=1)


def test_a_paced_load_begins_every_unit_that_is_due(honest: int) -> None:
    target = target_at(honest)
    with Load(honest, supplies(MODES["flow-ES256"], target, 2, partial(ask, honest))) as load:
        assert load.paced(iter([0.0] * 7)).units == 7


def test_a_redirect_to_the_sign_in_page_is_no_code(honest: int) -> None:
    unit = next(supplies(MODES["flow-ES256"], target_at(honest), 1, partial(ask, honest)))()
    next(unit)
    with pytest.raises(Wrong, match="authorize leads to '/login/'"):
        unit.send(Answer(303, b"HTTP/1.1 303 See Other\r\nLocation: /login/\r\n", b""))


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "without Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{}", "more bytes"),
    ],
)
def test_an_answer_that_cannot_be_measured_is_refused(sent: bytes, why: str) -> None:
    with pytest.raises(Wrong, match=why):
        wire.answer_in(sent)


def test_an_answer_in_pieces_is_waited_for() -> None:
    whole = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
    assert [wire.answer_in(whole[:length]) for length in range(len(whole))] == [None] * len(whole)
    assert wire.answer_in(whole) == (200, whole[:-4], b"{}")

"""Alternating rounds: every server once a round for each kind of work, never all rounds of one after another."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import TypeVar

from bench import processes
from bench.driver import Load, Measured, ask
from bench.machine import Machine
from bench.modes import MODES, Mode, code_flow, supplies
from bench.results import MEMORY, P99, START, Figure, Results
from bench.servers import Server
from bench.target import Target
from bench.wire import Wrong

CONNECTIONS = 8
T = TypeVar("T")

WEIGHED = "flow-ES256"
"""The work after which memory is read, and whose half is the paced load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long and how often. All times in seconds, each for one server and round.

    :param first_warm_up: longer, for what a server compiles and caches when it does a kind of work for the first time.
    """

    name: str
    rounds: int
    starts: int
    first_warm_up: float
    warm_up: float
    seconds: float
    paced_seconds: float
    modes: Sequence[str]


FULL = Plan(
    name="full", rounds=7, starts=5, first_warm_up=2.0, warm_up=0.5, seconds=2.0, paced_seconds=5.0, modes=tuple(MODES)
)
QUICK = Plan(
    name="quick",
    rounds=3,
    starts=2,
    first_warm_up=0.8,
    warm_up=0.2,
    seconds=0.6,
    paced_seconds=1.5,
    modes=("flow-ES256", "flow-RS256", "refresh", "cookie-refresh", "introspect", "userinfo", "discovery"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    server: Server
    pid: int


def run(servers: Sequence[Server], plan: Plan, machine: Machine, folder: Path) -> Results:
    """Measure everything; a round that went wrong is kept as a failure and never as a figure.

    :param servers: the first is judged; a mode that it has not built is left out for all.
    :raises NotStarted: a server did not come up.
    :raises Wrong: one that came up cannot do a single code flow.
    """
    results = Results()
    processes.pin(machine.load_core)
    for number in range(plan.starts):
        for server in _turned(servers, number):
            with _serving(server, folder, machine.server_core, results, number):
                pass
    with ExitStack() as stack:
        running = [stack.enter_context(_serving(server, folder, machine.server_core)) for server in servers]
        modes = _built(plan, servers[0].target(), results)
        given = {server.name: _given(server.target()) for server in servers}
        results.unequal += [name for name, tokens in given.items() if tokens != given[servers[0].name]]
        for number in range(plan.rounds):
            for mode in modes:
                _round(mode, _turned(running, number), number, plan, results)
        for number in range(plan.rounds):
            _paced_round(_turned(running, number), number, plan, results)
    return results


@contextmanager
def _serving(
    server: Server, folder: Path, core: int, results: Results | None = None, number: int = 0
) -> Iterator[_Running]:
    """Start a server; the time to its first answer is a figure where results are given."""
    log_file = folder / "server.log" if results else folder / f"server-{server.port}.log"
    command, began = server.command, time.perf_counter()
    with processes.started(command, log_file, core=core, settings=server.settings) as process:
        processes.first_answer(process, server.port, log_file)
        if results is not None:
            results.add(Figure(work=START, server=server.name, round=number, value=time.perf_counter() - began))
        yield _Running(server=server, pid=process.pid)


def _built(plan: Plan, target: Target, results: Results) -> list[Mode]:
    modes = [MODES[name] for name in plan.modes]
    results.not_built.update(mode.name for mode in modes if not mode.is_built(target))
    return [mode for mode in modes if mode.name not in results.not_built]


def _given(target: Target) -> set[str]:
    """Return which tokens a code flow gives."""
    tokens = ask(target.port, code_flow(target, "ES256", 0)())
    return {name for name in tokens if name.endswith("_token")}


def _round(mode: Mode, running: Sequence[_Running], number: int, plan: Plan, results: Results) -> None:
    for one in running:
        if mode.of_widgets and not mode.is_built(one.server.target()):
            continue  # nobody to compare with
        with results.failures_of(mode.name, one.server.name, number):
            measured = _closed(mode, one.server, plan.warm_up if number else plan.first_warm_up, plan.seconds)
            results.add(
                Figure(
                    work=mode.name,
                    server=one.server.name,
                    round=number,
                    value=measured.rate,
                    busy=measured.busy,
                    p99_ms=_p99_ms(measured),
                )
            )
            if mode.name == WEIGHED:
                mib = processes.worker_mib(one.pid)
                results.add(Figure(work=MEMORY, server=one.server.name, round=number, value=mib))
    _tell(mode.name, number, plan, results)


def _closed(mode: Mode, server: Server, warm_up: float, seconds: float) -> Measured:
    target = server.target()
    with Load(target.port, supplies(mode, target, CONNECTIONS, partial(ask, target.port))) as load:
        load.closed(warm_up)
        return load.closed(seconds)


def _paced_round(running: Sequence[_Running], number: int, plan: Plan, results: Results) -> None:
    for one in running:
        rates = results.values(WEIGHED, one.server.name)
        if not rates:
            continue
        with results.failures_of(P99, one.server.name, number):
            measured = _paced(MODES[WEIGHED], one.server, plan, rate=median(rates) / 2, seed=number)
            figure = Figure(work=P99, server=one.server.name, round=number, value=_p99_ms(measured), busy=measured.busy)
            results.add(figure)
    _tell(P99, number, plan, results)


def _paced(mode: Mode, server: Server, plan: Plan, *, rate: float, seed: int) -> Measured:
    """Let units come at random moments of a steady rate, the same ones for every server of a round."""
    target, chance = server.target(), random.Random(seed)  # noqa: S311 - no secret
    gaps = (chance.expovariate(rate) for _ in range(max(1, round(rate * plan.paced_seconds))))
    with Load(target.port, supplies(mode, target, CONNECTIONS, partial(ask, target.port))) as load:
        load.closed(plan.warm_up)
        return load.paced(accumulate(gaps))


def _p99_ms(measured: Measured) -> float:
    if not measured.latencies:
        raise Wrong("not one unit was done")
    ordered = sorted(measured.latencies)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000


def _turned(things: Sequence[T], by: int) -> list[T]:
    """Let another one begin each round, so that none always follows the same one."""
    by %= len(things)
    return [*things[by:], *things[:by]]


def _tell(work: str, number: int, plan: Plan, results: Results) -> None:
    said = ", ".join(f"{one.server} {one.value:.4g}" for one in results.of(work) if one.round == number)
    print(f"round {number + 1}/{plan.rounds}  {work:<18}  {said}", file=sys.stderr)

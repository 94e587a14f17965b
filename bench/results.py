"""Figures and failures of a run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from bench.wire import Wrong

MEMORY = "memory"
"""MiB of the worker, after a round of code flows."""
START = "start"
"""Seconds from the start of the process to its first answer."""
P99 = "p99"
"""Milliseconds of the slowest hundredth of token requests, at half load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one server did in one round.

    :param value: units a second, or what the work's own constant above says.
    :param busy: the driver's share of its core; a paced load has none, since it looks at the clock all the time.
    :param p99_ms: of each unit's last request, at full load.
    :param at_rate: units a second that a paced load began.
    """

    work: str
    server: str
    round: int
    value: float
    busy: float | None = None
    p99_ms: float | None = None
    at_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A round that went wrong; it counts nowhere else."""

    work: str
    server: str
    round: int
    why: str


@dataclass(slots=True)
class Results:
    """Everything that was found."""

    figures: list[Figure] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    not_built: set[str] = field(default_factory=set)
    unequal: list[str] = field(default_factory=list)
    """Servers whose code flow gives other tokens than the judged one's."""

    def add(self, figure: Figure) -> None:
        """Keep a figure."""
        self.figures.append(figure)

    @contextmanager
    def failures_of(self, work: str, server: str, number: int) -> Iterator[None]:
        """Keep what goes wrong in the block, and say it at once."""
        try:
            yield
        except (Wrong, OSError) as problem:
            self.failures.append(Failure(work=work, server=server, round=number, why=str(problem) or repr(problem)))
            print(f"round {number + 1}: {work} with {server} ended: {problem}", file=sys.stderr)

    def of(self, work: str, server: str | None = None) -> list[Figure]:
        """Return the figures of a kind of work, of one server or all."""
        return [one for one in self.figures if one.work == work and server in {None, one.server}]

    def values(self, work: str, server: str) -> list[float]:
        """Return the bare figures."""
        return [one.value for one in self.of(work, server)]

    def middle(self, work: str, server: str) -> float | None:
        """Return the median over the rounds."""
        values = self.values(work, server)
        return median(values) if values else None

    def ratios(self, work: str, server: str, against: str, *, than: str | None = None) -> list[float]:
        """Return one server's figure by another's, for each round that both finished.

        :param than: other work that the other figure is of; none for the same.
        """
        others = {one.round: one.value for one in self.of(than or work, against)}
        return [one.value / others[one.round] for one in self.of(work, server) if others.get(one.round)]

    def as_json(self) -> Iterator[dict[str, Any]]:
        """Return a line for each figure and failure."""
        yield from ({"figure": asdict(one)} for one in self.figures)
        yield from ({"failure": asdict(one)} for one in self.failures)

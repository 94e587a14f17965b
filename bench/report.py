"""The table: each kind of work with its gate and its goal, and what the figures say about them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.machine import Machine
from bench.results import MEMORY, P99, START, Results
from bench.rounds import WEIGHED, Plan
from bench.servers import IN_MEMORY, OURS, SQLITE

NOISE = 1.3
"""Two figures closer than this are the same: so much may one server differ from itself."""
ADAPTER_MUST_REACH = 0.6
"""Of node in memory; a slower SQLite adapter would be the adapter's fault, and no comparison."""
BUSY_LIMIT = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    :param gate: the ratio that must be reached; none for what is only told.
    :param than: other work with which it is compared; none for the same.
    :param less_is_better: the ratio must not be above gate and goal.
    """

    title: str
    work: str
    against: str
    than: str | None = None
    gate: float | None = None
    goal: float | None = None
    unit: str = "/s"
    less_is_better: bool = False

    def reaches(self, ratio: float, limit: float) -> bool:
        """Say whether a ratio satisfies a limit."""
        return ratio <= limit if self.less_is_better else ratio >= limit


ROWS = (
    Row(title="code flow, ES256", work="flow-ES256", against=SQLITE, gate=0.8, goal=1.5),
    Row(title="code flow, RS256", work="flow-RS256", against=SQLITE, gate=0.8, goal=1.5),
    Row(title="code flow, ES256", work="flow-ES256", against=IN_MEMORY, gate=0.5, goal=1.0),
    Row(title="code flow, RS256", work="flow-RS256", against=IN_MEMORY, gate=0.5, goal=1.0),
    Row(title="refresh with rotation", work="refresh", against=SQLITE, gate=1.0, goal=1.8),
    Row(title="cookie refresh", work="cookie-refresh", against=OURS, than="refresh", gate=1.0, goal=1.0),
    Row(title="introspect", work="introspect", against=SQLITE, gate=0.8, goal=2.0),
    Row(title="userinfo", work="userinfo", against=SQLITE, gate=0.8, goal=2.0),
    Row(title="client_credentials", work="client_credentials", against=SQLITE),
    Row(title="discovery", work="discovery", against=IN_MEMORY, gate=0.9, goal=3.0),
    Row(title="JWKS", work="jwks", against=IN_MEMORY, gate=0.9, goal=3.0),
    Row(
        title="memory of one worker",
        work=MEMORY,
        against=IN_MEMORY,
        gate=1.0,
        goal=0.7,
        unit=" MiB",
        less_is_better=True,
    ),
    Row(title="first answer", work=START, against=IN_MEMORY, gate=5.0, goal=1.5, unit=" s", less_is_better=True),
    Row(
        title="p99 of a token request, half load",
        work=P99,
        against=SQLITE,
        gate=1.0,
        goal=0.5,
        unit=" ms",
        less_is_better=True,
    ),
)
"""A further comparison is one more entry."""


def table(results: Results) -> str:
    """Return the table in Markdown, with what has to be known to read it."""
    lines = [
        "| work | idp | against | its figure | ratio (lowest–highest) | gate | goal | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_line(row, results) for row in ROWS if _is_part(row, results)),
        "",
        *_remarks(results),
    ]
    return "\n".join(lines)


def adapter_ratio(results: Results) -> float | None:
    """Return how fast node on SQLite is, by node in memory."""
    ratios = results.ratios(WEIGHED, SQLITE, IN_MEMORY)
    return median(ratios) if ratios else None


def verdict(row: Row, results: Results) -> str:
    """Return in a few words what a row's figures say."""
    ratios = results.ratios(row.work, OURS, row.against, than=row.than)
    failed = sum(one.work == row.work for one in results.failures)
    if failed or not ratios:
        return f"{failed} round{'s' * (failed > 1)} failed" if failed else "no figures"
    if row.against == SQLITE and (adapter_ratio(results) or 0) < ADAPTER_MUST_REACH:
        return "does not count"
    words = [_standing(row, median(ratios)), *_cautions(row, ratios, results)]
    return ", ".join(word for word in words if word)


def save(path: Path, results: Results, machine: Machine, plan: Plan) -> None:
    """Write machine, figures and rows, a JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        for line in _saved(results, machine, plan):
            file.write(json.dumps(line) + "\n")


def _saved(results: Results, machine: Machine, plan: Plan) -> Iterator[dict[str, object]]:
    yield {"machine": machine.as_json, "plan": plan.name, "rounds": plan.rounds}
    yield from results.as_json()
    for row in ROWS:
        ratios = results.ratios(row.work, OURS, row.against, than=row.than)
        if ratios:
            summary = {"ratio": median(ratios), "gate": row.gate, "goal": row.goal, "verdict": verdict(row, results)}
            yield {"row": {"work": row.work, "against": row.against, **summary}}


def _is_part(row: Row, results: Results) -> bool:
    """A quick run leaves some work out; what is not built yet keeps its line."""
    tried = {one.work for one in results.figures} | {one.work for one in results.failures}
    return row.work in tried | results.not_built


def _line(row: Row, results: Results) -> str:
    if row.work in results.not_built:
        return _cells(row.title, "", row.against, "", "", row, "not built")
    ratios = results.ratios(row.work, OURS, row.against, than=row.than)
    shown = f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})" if ratios else ""
    own = _figure(results.middle(row.work, OURS), row.unit)
    other = _figure(results.middle(row.than or row.work, row.against), row.unit)
    against = f"{row.against}, {row.than}" if row.than else row.against
    return _cells(row.title, own, against, other, shown, row, verdict(row, results))


def _cells(title: str, own: str, against: str, other: str, ratio: str, row: Row, said: str) -> str:
    limits = (_limit(row, limit) for limit in (row.gate, row.goal))
    return f"| {' | '.join((title, own, against, other, ratio, *limits, said))} |"


def _limit(row: Row, limit: float | None) -> str:
    return "" if limit is None else f"{'≤' if row.less_is_better else '≥'} {limit:g}"


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value:.0f}{unit}" if value >= 10 else f"{value:.2f}{unit}"


def _standing(row: Row, ratio: float) -> str:
    if row.gate is None or row.goal is None:
        return "told only"
    if row.reaches(ratio, row.goal):
        return "goal"
    return "gate" if row.reaches(ratio, row.gate) else "**below the gate**"


def _cautions(row: Row, ratios: Sequence[float], results: Results) -> Iterator[str]:
    if 1 / NOISE < median(ratios) < NOISE:
        yield "within noise"
    shares = [one.busy for one in results.of(row.work) if one.busy is not None]
    if shares and max(shares) > BUSY_LIMIT:
        yield "driver-bound"


def _remarks(results: Results) -> Iterator[str]:
    yield (
        "Figures are medians over the rounds, ratios the median of each round's own. "
        f"“Within noise”: a difference under {NOISE} says nothing."
    )
    ratio = adapter_ratio(results)
    if ratio is not None:
        counts = "so it counts" if ratio >= ADAPTER_MUST_REACH else "so comparisons with it do not count"
        yield f"Node on SQLite reaches {ratio:.2f} of node in memory (needed: {ADAPTER_MUST_REACH}), {counts}."
    if any("driver-bound" in verdict(row, results) for row in ROWS if _is_part(row, results)):
        yield "“Driver-bound”: the load itself was at its limit, so the faster server is faster than shown."
    if results.unequal:
        yield f"Unequal work: the code flow of {' and '.join(results.unequal)} gives other tokens than ours."
    for failure in results.failures:
        yield f"Round {failure.round + 1} of {failure.work} with {failure.server} ended: {failure.why}"

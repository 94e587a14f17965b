"""What the table says: medians of each round's ratio, and which comparisons count."""

from __future__ import annotations

import pytest

from bench.report import ROWS, Row, table, verdict
from bench.results import MEMORY, Failure, Figure, Results
from bench.servers import IN_MEMORY, OURS, SQLITE

FLOW = next(row for row in ROWS if row.work == "flow-ES256" and row.against == SQLITE)
WEIGHT = next(row for row in ROWS if row.work == MEMORY)


def measured(work: str, **rounds: tuple[float, ...]) -> Results:
    results = Results()
    for name, values in rounds.items():
        server = {"ours": OURS, "sqlite": SQLITE, "memory": IN_MEMORY}[name]
        for number, value in enumerate(values):
            results.add(Figure(work=work, server=server, round=number, value=value))
    return results


@pytest.mark.parametrize(
    ("ours", "said"), [(200.0, "goal"), (100.0, "gate, within noise"), (40.0, "**below the gate**")]
)
def test_a_row_says_which_limit_is_reached(ours: float, said: str) -> None:
    assert verdict(FLOW, measured("flow-ES256", ours=(ours,), sqlite=(100.0,), memory=(150.0,))) == said


def test_less_memory_is_better() -> None:
    assert verdict(WEIGHT, measured(MEMORY, ours=(60.0,), memory=(100.0,))) == "goal"
    assert verdict(WEIGHT, measured(MEMORY, ours=(160.0,), memory=(100.0,))) == "**below the gate**"


def test_a_slow_adapter_is_no_measure() -> None:
    results = measured("flow-ES256", ours=(200.0,), sqlite=(59.0,), memory=(100.0,))
    assert verdict(FLOW, results) == "does not count"
    assert "0.59 of node in memory (needed: 0.6), so comparisons with it do not count" in table(results)


def test_a_ratio_is_of_one_round_never_across_rounds() -> None:
    results = measured("flow-ES256", ours=(100.0, 400.0, 100.0), sqlite=(50.0, 200.0, 400.0))
    assert results.ratios("flow-ES256", OURS, SQLITE) == [2.0, 2.0, 0.25]
    assert "2.00 (0.25–2.00)" in table(results)


def test_a_failed_round_is_told_and_no_verdict_given() -> None:
    results = measured("flow-ES256", ours=(300.0, 300.0), sqlite=(100.0, 100.0), memory=(100.0, 100.0))
    results.failures.append(Failure(work="flow-ES256", server=OURS, round=2, why="status 500"))
    assert verdict(FLOW, results) == "1 round failed"
    assert "Round 3 of flow-ES256 with idp ended: status 500" in table(results)


@pytest.mark.parametrize("row", [row for row in ROWS if row.work == "refresh"])
def test_what_is_not_built_keeps_its_line(row: Row) -> None:
    results = Results(not_built={row.work})
    assert f"| {row.title} |  | {row.against} |  |  | ≥ 1 | ≥ 1.8 | not built |" in table(results)


def test_a_driver_at_its_limit_is_told() -> None:
    results = measured("discovery", memory=(100.0,))
    results.add(Figure(work="discovery", server=OURS, round=0, value=400.0, busy=0.9))
    assert "| goal, driver-bound |" in table(results)


def test_unequal_work_is_told() -> None:
    results = measured("flow-ES256", ours=(100.0,), sqlite=(100.0,), memory=(100.0,))
    assert "Unequal" not in table(results)
    results.unequal.append(SQLITE)
    assert "Unequal work: the code flow of node, SQLite gives other tokens than ours." in table(results)

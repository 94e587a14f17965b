"""``python -m bench``: look at the machine, measure, print the table, keep the figures. ``QUICK=1`` is a short run."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from bench import machine, report, rounds, servers
from bench.machine import ROOT, Machine, Unsuitable
from bench.processes import NotStarted
from bench.results import Results
from bench.rounds import FULL, QUICK, Plan
from bench.wire import Wrong


def main() -> int:
    """Run the benchmark; returns the exit code.

    A ratio below its gate is no failure of the run: whoever reads the table decides. A round that ended wrongly is.
    """
    plan = QUICK if os.environ.get("QUICK", "") not in {"", "0"} else FULL
    try:
        here = machine.look()
        results = _measured(plan, here)
    except (Unsuitable, NotStarted, Wrong) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    file = ROOT / "instance" / "bench" / f"{here.date.replace(':', '').replace('+0000', 'Z')}.jsonl"
    report.save(file, results, here, plan)
    print(_heading(plan, here), report.table(results), sep="\n\n")
    print(f"\nEvery round: {file.relative_to(ROOT)}")
    return 1 if results.failures else 0


def _measured(plan: Plan, here: Machine) -> Results:
    with tempfile.TemporaryDirectory(prefix="idp-bench-") as folder:
        return rounds.run(servers.every(Path(folder), here.node), plan, here, Path(folder))


def _heading(plan: Plan, here: Machine) -> str:
    return (
        f"Commit {here.commit}, {here.date}, {plan.name} run of {plan.rounds} alternating rounds.\n"
        f"{here.cpu}, {here.cores} cores; Python {here.python} with SQLite {here.sqlite}; "
        f"Node {here.node_version} with SQLite {here.node_sqlite}, oidc-provider {here.peer}."
    )


if __name__ == "__main__":
    sys.exit(main())

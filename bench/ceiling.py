"""What the driver can do: each mode against a server that does next to nothing (``python -m bench.ceiling``)."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from bench import machine, processes
from bench.driver import Load, Measured, ask
from bench.machine import ROOT, Unsuitable
from bench.modes import MODES, Mode, supplies
from bench.rounds import CONNECTIONS, FULL
from bench.trivial import target_at


def main() -> int:
    """Print a line a mode; returns the exit code."""
    try:
        here = machine.look()
    except Unsuitable as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    processes.pin(here.load_core)
    port = processes.free_port()
    command = (sys.executable, "-m", "bench.trivial", str(port))
    with tempfile.TemporaryDirectory(prefix="idp-bench-") as folder:
        log_file = Path(folder) / "server.log"
        settings = {"PYTHONPATH": str(ROOT)}
        with processes.started(command, log_file, core=here.server_core, settings=settings) as process:
            processes.first_answer(process, port, log_file)
            for mode in MODES.values():
                print(_line(mode, _measured(mode, port)))
    return 0


def _measured(mode: Mode, port: int) -> Measured:
    target = target_at(port)
    with Load(port, supplies(mode, target, CONNECTIONS, partial(ask, port))) as load:
        load.closed(FULL.warm_up)
        return load.closed(FULL.seconds)


def _line(mode: Mode, measured: Measured) -> str:
    """Tell the rate, and the rate at which the driver would have no time left."""
    reached, limit = measured.rate, measured.rate / measured.busy
    return f"{mode.name:<20} {reached:>7.0f}/s with {measured.busy:>4.0%} of the core, so at most {limit:>7.0f}/s"


if __name__ == "__main__":
    sys.exit(main())

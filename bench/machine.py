"""The machine: whether it can measure at all, and what stands with the figures so that they can be judged later."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.support.node import node, peer_version
from tests.support.parts import PartMissing

ROOT = Path(__file__).parents[1]
PEER_PACKAGE = "oidc-provider"


class Unsuitable(Exception):
    """Nothing can be measured here; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What was measured, on what, and when.

    :param server_core: where each server and its database run.
    :param load_core: where the driver runs.
    :param node: path of the Node.js that is used.
    """

    date: str
    commit: str
    cores: int
    cpu: str
    server_core: int
    load_core: int
    python: str
    sqlite: str
    node: str
    node_version: str
    node_sqlite: str
    peer: str

    @property
    def as_json(self) -> dict[str, object]:
        """Return all of it for the file of results."""
        described = asdict(self)
        del described["node"]
        return described


def look() -> Machine:
    """Return what there is.

    :raises Unsuitable: one core, no Linux, or no Node.js with ``oidc-provider``.
    """
    if not sys.platform.startswith("linux"):
        raise Unsuitable("needs Linux, to keep server and load on cores of their own")
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise Unsuitable("needs two cores, one for the server and one for the load; there is one")
    try:
        found, peer = node(), peer_version(PEER_PACKAGE)
    except PartMissing as missing:
        raise Unsuitable(f"needs Node.js with npm {PEER_PACKAGE}: {missing}") from None
    return Machine(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=_commit(),
        cores=len(allowed),
        cpu=_cpu(),
        server_core=allowed[0],
        load_core=allowed[1],
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        node=found.executable,
        node_version=found.version,
        node_sqlite=_sqlite_of(found.executable),
        peer=peer,
    )


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    """Return the commit, with a word when the working tree differs from it."""
    try:
        commit, changed = _said("git", "rev-parse", "--short=12", "HEAD"), _said("git", "status", "--porcelain")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit} with changes" if changed else commit


def _sqlite_of(executable: str) -> str:
    script = "try { await import('node:sqlite'); console.log(JSON.stringify(process.versions.sqlite)) } catch { }"
    said = _said(executable, "--input-type=module", "--no-warnings", "-e", script)
    if not said:
        raise Unsuitable("needs a Node.js with node:sqlite, 22.13 or later; run: make peers")
    return str(json.loads(said))


def _said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout.strip()

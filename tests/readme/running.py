"""Running what README.md says: shell blocks in a second terminal, programs in a process of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.readme.document import ROOT
from tests.support.serve import environment

COMMAND_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """A shell in the repository's folder.

    :param settings: the variables that the README says may be set.
    """

    settings: Mapping[str, str]

    @property
    def env(self) -> dict[str, str]:
        """What its commands see; the ``make`` that runs the tests leaves no flags behind."""
        inherited = environment(self.settings)
        return {name: value for name, value in inherited.items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}}

    def run(self, *blocks: str) -> str:
        """Run blocks in one shell, as somebody would who pastes them; return what they printed.

        :raises AssertionError: a command failed; the message is what it said.
        """
        done = subprocess.run(
            ["sh", "-eu", "-c", "\n".join(blocks)],
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        return done.stdout


def facts(printed: str) -> dict[str, str]:
    """Read the ``name  value`` lines that commands print for people."""
    lines = (line.split(maxsplit=1) for line in printed.splitlines())
    return {words[0]: words[1] for words in lines if len(words) == 2}


@dataclass(frozen=True, kw_only=True)
class Program:
    """A running program that says and hears one line at a time."""

    _process: subprocess.Popen[str]

    def says(self) -> str:
        """Return its next line; if it ended instead, fail with what it wrote to standard error."""
        line = self._process.stdout.readline()
        assert line, self._process.stderr.read()
        return line.strip()

    def hears(self, line: str) -> None:
        """Send it a line."""
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()


@contextmanager
def program(*command: str, cwd: Path, env: Mapping[str, str]) -> Iterator[Program]:
    """Run a program while the block runs."""
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Program(_process=process)
        finally:
            process.terminate()
            process.wait(STOP_TIMEOUT_SECONDS)

"""``idp`` commands, each in a process of its own that was forked where the provider is imported already.

The imports are nearly all that a command costs, and the tests run hundreds of
them. What a command does is as from a shell: the script's own entry point, an
environment, standard streams and an exit code, and nothing that another
command has left behind. The script itself is run by ``serve.run_idp``.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

TIMEOUT_SECONDS = 60
IMPORTED_BEFOREHAND = ("idp.console", "idp.app", __name__)

# The server of the forks has no thread and never runs a command itself, so every fork begins alike.
_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(list(IMPORTED_BEFOREHAND))


def run_forked(*words: str, environ: Mapping[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run one ``idp`` command to its end, whatever its exit code.

    :param environ: the whole environment that it sees.
    :raises subprocess.TimeoutExpired: it was still running after a minute, and was killed.
    """
    with TemporaryDirectory(prefix="idp-command-") as name:
        streams = Path(name)
        (streams / "stdin").write_text(stdin, encoding="utf-8")
        process = _forking.Process(target=_become, args=(words, dict(environ), streams))
        process.start()
        process.join(TIMEOUT_SECONDS)
        overdue = process.exitcode is None
        if overdue:
            process.kill()
            process.join()
        code = process.exitcode
        process.close()
        out, err = ((streams / stream).read_text(encoding="utf-8") for stream in ("stdout", "stderr"))
    if overdue:
        raise subprocess.TimeoutExpired(["idp", *words], TIMEOUT_SECONDS, out, err)
    assert code is not None
    return subprocess.CompletedProcess(["idp", *words], code, out, err)


def _become(words: tuple[str, ...], environ: Mapping[str, str], streams: Path) -> None:
    """Be the command; runs in the forked process, which ends with it."""
    sys.argv = ["idp", *words]
    os.environ.clear()
    os.environ.update(environ)
    for number, (stream, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        opened = (streams / stream).open(mode, encoding="utf-8")
        os.dup2(opened.fileno(), number)
        setattr(sys, stream, opened)
    from idp.console import main

    main()

"""From the readable source of the script to what pages load: the same statements, in fewer bytes.

``python -m idp.widget.sdk.release 1.1.0`` writes ``1.1.0/session.js`` from
``1.1.0/session.source.js`` beside it, once: what was released never changes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from string import ascii_letters

SOURCE, SERVED = "session.source.js", "session.js"
PRIVATE_NAME = re.compile(r"#([A-Za-z_]\w*)")


def served_form(source: str) -> str:
    """Return the script without comment lines and indentation, its private names cut to one letter.

    Nobody outside a class can see or reach a private name (ECMA-262 §6.2.12). The first comment, in ``/* … */``, stays.

    :raises ValueError: a line holds what these three steps would break.
    """
    lines = [line.strip() for line in source.splitlines()]
    kept = [line for line in lines if line and not line.startswith("//")]
    for line in kept:
        _refuse_what_would_break(line)
    return PRIVATE_NAME.sub(_one_letter(), "".join(f"{line}\n" for line in kept))


def _refuse_what_would_break(line: str) -> None:
    if "//" in line or "#" in PRIVATE_NAME.sub("", line):
        raise ValueError(f"A comment needs a line of its own, and # begins a private name: {line}")
    if line.count("`") % 2:
        raise ValueError(f"A text that spans lines would lose its indentation: {line}")


def _one_letter() -> Callable[[re.Match[str]], str]:
    """Return what replaces a name: the next letter for a new one, for a known one its own."""
    letters: dict[str, str] = {}

    def replacement(found: re.Match[str]) -> str:
        return "#" + letters.setdefault(found[1], ascii_letters[len(letters)])

    return replacement


def release(folder: Path) -> Path:
    """Write what pages will load of this version.

    :raises FileExistsError: it is released already.
    :raises ValueError: see :func:`served_form`.
    """
    text = served_form((folder / SOURCE).read_text(encoding="utf-8"))
    target = folder / SERVED
    with target.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return target


if __name__ == "__main__":
    release(Path(__file__).parent / sys.argv[1])

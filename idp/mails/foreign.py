"""Words that others chose, made fit to stand in a mail of ours.

A name or a message must not end a line of the header, look like a line that we
wrote, turn the words around it about, or become a link that we seem to
recommend. What is HTML in it, the templates escape.
"""

from __future__ import annotations

import re
import unicodedata
from textwrap import TextWrapper
from typing import Final

NAME_LENGTH: Final = 64
WIDTH: Final = 76
"""Columns of the text part (RFC 3676 §4.2 asks for at most 78)."""

_JOINERS: Final = frozenset("\u200c\u200d")
"""Invisible, but letters of some scripts and parts of some pictures depend on them."""
_UNFIT: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_MADE_A_LINK: Final = re.compile(r"(?<=\S)[.:@\u3002\uff0e\uff61](?=\S)")
_BREAKABLE: Final = "\u200b"
"""Seen by nobody, and no mail program takes for an address what it stands in."""


def name(text: str) -> str:
    """Return a name in one line of at most 64 characters, without what is not seen."""
    line = one_line(text)
    return line if len(line) <= NAME_LENGTH else f"{line[: NAME_LENGTH - 1].rstrip()}…"


def one_line(text: str) -> str:
    """Return ``text`` as one line, with a space for each run of spaces and of what is not seen."""
    return " ".join("".join(" " if _is_unfit(character) else character for character in text).split())


def message(text: str) -> str:
    """Return a message in its own lines; what is not seen is shown as the sign for that, nothing is left out."""
    return "\n".join(_visible(line) for line in text.splitlines()) if text.strip() else ""


def without_links(text: str) -> str:
    """Return ``text``, looking the same, with no part that a mail program makes a link of by itself."""
    return _MADE_A_LINK.sub(rf"\g<0>{_BREAKABLE}", text)


def wrapped(text: str) -> str:
    """Return a paragraph in lines of at most 76 characters; a longer word has a line of its own."""
    return _WRAPPER.fill(text)


def quoted(text: str) -> str:
    """Return a message with ``>`` before each line, so that none can pass for ours."""
    lines = (_QUOTE_WRAPPER.wrap(line) or [""] for line in text.splitlines())
    return "\n".join(f"> {part}".rstrip() for parts in lines for part in parts)


_WRAPPER: Final = TextWrapper(width=WIDTH, break_long_words=False, break_on_hyphens=False)
_QUOTE_WRAPPER: Final = TextWrapper(width=WIDTH - len("> "), break_on_hyphens=False, replace_whitespace=False)


def _visible(line: str) -> str:
    return "".join("\ufffd" if _is_unfit(character) and character != "\t" else character for character in line)


def _is_unfit(character: str) -> bool:
    return unicodedata.category(character) in _UNFIT and character not in _JOINERS

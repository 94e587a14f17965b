"""The code blocks of README.md, found by the headings they stand under."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "README.md"

_SECTION = re.compile(r"^## (?P<heading>.+)\n(?P<body>(?:(?!## ).*\n)*)", re.MULTILINE)
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block, word for word."""

    heading: str
    language: str
    text: str


@cache
def blocks() -> tuple[Block, ...]:
    """Return every block below a second-level heading, in order."""
    return tuple(_blocks(README.read_text(encoding="utf-8")))


def the_blocks(heading: str, language: str) -> list[str]:
    """Return the texts of a section's blocks in one language; there is at least one."""
    found = [block.text for block in blocks() if (block.heading, block.language) == (heading, language)]
    assert found, f"README.md has no {language} block under “{heading}”"
    return found


def the_block(heading: str, language: str) -> str:
    """Return the text of a section's only block in one language."""
    (text,) = the_blocks(heading, language)
    return text


def _blocks(text: str) -> Iterator[Block]:
    for section in _SECTION.finditer(text):
        for block in _BLOCK.finditer(section["body"]):
            yield Block(section["heading"], block["language"], block["text"])

"""A guide as its reader meets it: its page, the files that the page shows, and the commands that it says to type."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
_BLOCK = re.compile(r"^```(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAMPLE = re.compile(r"http://localhost:\d+")
"""The service's address, as every guide has it."""


@dataclass(frozen=True, kw_only=True)
class Guide:
    """One page of ``docs/guides`` and the folder beside it that has its programs."""

    name: str

    @property
    def page(self) -> Path:
        return GUIDES / f"{self.name}.md"

    @property
    def folder(self) -> Path:
        return GUIDES / self.name

    def programs(self) -> list[Path]:
        """The files of the folder that a reader copies, without what running them left behind."""
        return sorted(file for file in self.folder.rglob("*") if file.is_file() and file.suffix != ".pyc")

    def blocks(self, *languages: str) -> list[str]:
        """The contents of the page's fenced blocks in these languages; in all when none is named."""
        found = _BLOCK.findall(self.page.read_text(encoding="utf-8"))
        return [text for language, text in found if not languages or language in languages]

    def registration(self, service_url: str) -> list[str]:
        """The words of the page's ``idp clients create``, for a service at another address."""
        (command,) = (text for text in self.blocks("sh") if text.startswith("idp clients create"))
        return shlex.split(_SAMPLE.sub(service_url, command.replace("\\\n", " ")))[1:]


def guides() -> list[Guide]:
    """All guides that have a folder of programs."""
    return [Guide(name=folder.name) for folder in sorted(GUIDES.iterdir()) if folder.is_dir()]

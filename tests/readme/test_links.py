"""Every link from one document to another, or to a place in the repository, leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.readme.document import README, ROOT

DOCUMENTS = sorted([README, ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_its_links_lead_somewhere(document: Path) -> None:
    dead = [link for link in _links(document) if not (document.parent / link).resolve().exists()]
    assert dead == []


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [README]
    while waiting:
        document = waiting.pop()
        reached.add(document)
        linked = {(document.parent / link).resolve() for link in _links(document) if link.endswith(".md")}
        waiting += linked - reached
    assert set(DOCUMENTS) <= reached


def _links(document: Path) -> Iterator[str]:
    """Yield the relative links, without their fragments."""
    text = _FENCED.sub("", document.read_text(encoding="utf-8"))
    for link in _LINK.findall(text):
        target = link.partition("#")[0]
        if target and "://" not in link:
            yield target

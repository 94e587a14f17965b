"""The real software that tests use, and what becomes of a test when some of it is missing.

With ``CI=true`` a missing part fails the test; elsewhere the test is skipped
and the summary names the part. Each process keeps its own record;
``tests/conftest.py`` brings the workers' records together.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

used: dict[str, str] = {}
"""Name of a part → the version that ran."""
missing: dict[str, str] = {}
"""Name of a part → what to install."""


class PartMissing(Exception):
    """A part is not on this machine; the message says what to install."""


def record(name: str, version: str) -> None:
    """Note that ``name`` was started and which version it is."""
    used[name] = version


def do_without(name: str, reason: PartMissing) -> NoReturn:
    """End the running test: failed with ``CI=true``, skipped elsewhere."""
    missing[name] = str(reason)
    sentence = f"{name} is missing: {reason}"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)

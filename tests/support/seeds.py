"""What random tests were begun with, so that a run can be repeated.

Each process keeps its own record; ``tests/conftest.py`` brings the workers'
records together and writes them at the end.
"""

from __future__ import annotations

used: dict[str, str] = {}
"""Name of a test → how to run exactly that again."""

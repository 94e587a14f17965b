"""What tests have measured, so that it can be read and not only believed; brought together as seeds are."""

from __future__ import annotations

used: dict[str, str] = {}
"""What was measured → how it came out."""

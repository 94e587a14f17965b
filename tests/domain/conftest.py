"""Properties are checked without a deadline: on a busy machine the first example may take a while."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

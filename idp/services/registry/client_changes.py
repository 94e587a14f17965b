"""How often this process changed clients, so that what it keeps of them in memory is read again at once.

Changes of other processes are seen when what is kept has become old.
"""

from __future__ import annotations

import itertools
import threading

_lock = threading.Lock()
_numbers = itertools.count(1)
_latest = 0


def note() -> None:
    """Note that a client was changed here."""
    global _latest
    with _lock:
        _latest = next(_numbers)


def latest() -> int:
    """Return the number of the latest change."""
    return _latest

"""What the services are built from; made once by the composition root and passed in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from idp.domain.clock import Clock
from idp.settings import Settings
from idp.tokens.key_ring import KeyRing
from idp.tokens.sealing import Sealer
from idp.upstream.parts import UpstreamParts


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The long-lived objects of one process."""

    settings: Settings
    clock: Clock
    sealer: Sealer
    keys: KeyRing
    upstream: UpstreamParts


EXTENSION = "deepdesk-idp"
"""Under which name an application keeps its parts."""

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
"""The migrations beside the package."""

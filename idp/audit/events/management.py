"""Events of looking after an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionDenied(Event):
    """Somebody who looks after the account tried what they may not do."""

    kind: ClassVar[str] = "permission.denied"

    permission: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesProvisioned(Event):
    """Groups and permissions were written down as the code says; lists name ``GROUP: PERMISSION``."""

    kind: ClassVar[str] = "roles.provisioned"

    added: list[str]
    removed: list[str]

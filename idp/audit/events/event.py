"""What every event has."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Root of the events.

    :param account: the account it belongs to, or none.
    :param outcome: ``ok``, or the reason of a refusal.
    """

    kind: ClassVar[str]

    account: str | None = None
    user: str | None = None
    client: str | None = None
    outcome: str = OK

    def details(self) -> dict[str, Any]:
        """Return the fields that only this kind of event has, JSON-able."""
        names = _OWN_FIELDS.get(self.kind)
        if names is None:
            common = {field.name for field in fields(Event)}
            names = _OWN_FIELDS[self.kind] = tuple(one.name for one in fields(self) if one.name not in common)
        return {name: getattr(self, name) for name in names}


_OWN_FIELDS: dict[str, tuple[str, ...]] = {}
"""By kind; looked up once a process, since hot paths write an event each."""

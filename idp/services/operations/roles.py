"""Writing groups and permissions down as the code says, so that what a deployment changes can be seen before and after.

What somebody may is decided by ``idp/domain/roles.py`` itself (ADR 0028): a table that a deployment forgot, or
that somebody edited, gives nobody a permission and takes none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import RolesProvisioned
from idp.domain.context import Context
from idp.domain.roles import OF_ROLE, PROVISIONED, expanded
from idp.services.operations.readiness import Finding
from idp.store import permission_groups
from idp.store.unit_of_work import reading, unit_of_work

_ROLE_OF = {group.name: role.value for role, group in OF_ROLE.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What provisioning would change, each line ``GROUP: PERMISSION``; a group without permissions is ``GROUP: –``."""

    added: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        """Whether the database says what the code says."""
        return not self.added and not self.removed


def difference() -> Difference:
    """Say what :func:`provision` would change."""
    with reading() as session:
        return _difference(session)


def provision(*, context: Context) -> Difference:
    """Make the database equal to the code.

    :returns: what was changed.
    """
    with reading() as session:
        if _difference(session).is_none:
            return Difference(added=(), removed=())
    with unit_of_work() as session:
        found = _difference(session)
        if not found.is_none:
            permission_groups.replace(
                session, [(group.name, _ROLE_OF.get(group.name), expanded(group.grants)) for group in PROVISIONED]
            )
            event = RolesProvisioned(added=list(found.added), removed=list(found.removed))
            trail.record(session, event, context)
    return found


def findings() -> Iterator[Finding]:
    """Say whether the last deployment provisioned what its code says: what ``idp doctor`` finds."""
    found = difference()
    if found.is_none:
        yield Finding(part="roles", what="Groups and permissions are written down as this version says.")
        return
    lines = len(found.added) + len(found.removed)
    what = f"Groups and permissions are written down otherwise than this version says ({lines} lines); run: idp init"
    yield Finding(part="roles", what=what, deserves_attention=True)


def _difference(session: Session) -> Difference:
    wanted = _lines({group.name: expanded(group.grants) for group in PROVISIONED}, _ROLE_OF)
    stands = permission_groups.everything(session)
    present = _lines(stands, permission_groups.roles(session))
    return Difference(
        added=tuple(line for line in wanted if line not in present),
        removed=tuple(line for line in present if line not in wanted),
    )


def _lines(groups: Mapping[str, Collection[str]], roles: Mapping[str, str | None]) -> list[str]:
    lines = []
    for name, permissions in groups.items():
        role = roles.get(name)
        lines.append(f"{name}: –" if role is None else f"{name} ({role}): –")
        lines += [f"{name}: {permission}" for permission in sorted(permissions)]
    return lines

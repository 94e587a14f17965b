"""Groups and their permissions as they were last provisioned; what counts is ``idp/domain/roles.py`` (ADR 0028)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ForeignKey, String, delete, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.store.db import Base


class PermissionGroup(Base):
    """A group; ``role`` is the identifier of the role that stands for it, where one does."""

    __tablename__ = "permission_groups"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str | None] = mapped_column(String(40))
    position: Mapped[int]


class GroupPermission(Base):
    """A permission of a group, wildcards expanded."""

    __tablename__ = "group_permissions"

    group_name: Mapped[str] = mapped_column(ForeignKey("permission_groups.name", ondelete="CASCADE"), primary_key=True)
    permission: Mapped[str] = mapped_column(String(100), primary_key=True)


def everything(session: Session) -> Mapping[str, frozenset[str]]:
    """Return the groups with their permissions."""
    names = session.scalars(select(PermissionGroup.name).order_by(PermissionGroup.position)).all()
    rows = session.execute(select(GroupPermission.group_name, GroupPermission.permission)).all()
    return {name: frozenset(permission for group, permission in rows if group == name) for name in names}


def roles(session: Session) -> Mapping[str, str | None]:
    """Return by which role each group is had."""
    return {row.name: row.role for row in session.scalars(select(PermissionGroup))}


def replace(session: Session, groups: Sequence[tuple[str, str | None, Sequence[str]]]) -> None:
    """Write groups down in place of all that there were.

    :param groups: name, role, permissions; the highest first.
    """
    session.execute(delete(GroupPermission))
    session.execute(delete(PermissionGroup))
    for position, (name, role, permissions) in enumerate(groups):
        session.execute(insert(PermissionGroup).values(name=name, role=role, position=position))
        if permissions:
            session.execute(
                insert(GroupPermission), [{"group_name": name, "permission": permission} for permission in permissions]
            )

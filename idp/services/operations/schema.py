"""Bringing the database's tables up to this version."""

from __future__ import annotations

import logging

from alembic.runtime.migration import MigrationContext
from flask_migrate import upgrade

from idp.store.unit_of_work import reading


def migrate() -> str:
    """Run the migrations that are missing.

    :returns: the revision at which the database stands.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    upgrade()
    with reading() as session:
        return str(MigrationContext.configure(session.connection()).get_current_revision())

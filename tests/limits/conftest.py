"""Limits are counted in the database, so each test runs on both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from idp.domain.context import Context
from tests.support.database import DATABASES, database_alone, fresh_url

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An empty database with its tables, within an application context."""
    with database_alone(fresh_url(request, tmp_path)) as app:
        yield app


def at(now: datetime = NOW) -> Context:
    """Return the circumstances of somebody who asks at a moment."""
    return Context.of_operator("test", now)

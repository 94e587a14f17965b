"""Use cases on both databases, each test on one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from idp.domain.context import Context
from idp.services.parts import EXTENSION, Parts
from tests.support.database import DATABASES, application, fresh_url

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.fixture(params=DATABASES)
def provider_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The whole provider on an empty database, within its application context."""
    with application(fresh_url(request, tmp_path), tmp_path) as app:
        yield app


@pytest.fixture
def parts(provider_app: Flask) -> Parts:
    return provider_app.extensions[EXTENSION]


@pytest.fixture
def context() -> Context:
    return Context.of_operator("test", NOW)

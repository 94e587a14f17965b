"""The gallery, for tests of the templates by themselves; the same providers and browsers as the protocol's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.protocol.conftest import (
    browser,
    clock,
    connected,
    database,
    on_loopback,
    on_sqlite,
    one_platform,
    op,
    platform,
    rp,
    stranger,
)
from tests.support.gallery import create_gallery

__all__ = [
    "browser",
    "clock",
    "connected",
    "database",
    "on_loopback",
    "on_sqlite",
    "one_platform",
    "op",
    "platform",
    "rp",
    "stranger",
]


@pytest.fixture(scope="session")
def gallery_app() -> Flask:
    return create_gallery()


@pytest.fixture
def gallery(gallery_app: Flask) -> FlaskClient:
    return gallery_app.test_client()


@pytest.fixture
def rendering(gallery_app: Flask) -> Iterator[None]:
    """Be inside a request, so that templates and lazy texts can be turned into words."""
    with gallery_app.test_request_context():
        yield

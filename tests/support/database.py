"""Databases with this version's tables, filled by the migrations, and races on them."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
from flask import Flask

from idp.app import create_app
from idp.domain.clock import Clock
from idp.services.operations.schema import migrate
from idp.settings import Settings
from idp.store.db import db, prepare

T = TypeVar("T")

DATABASES = ("sqlite", "postgres")
RACERS = 8
PATIENCE_SECONDS = 30


@contextmanager
def application(url: str, directory: Path, *, clock: Clock | None = None, **settings: str) -> Iterator[Flask]:
    """Build the provider on a database, within its application context; its connections end with the block.

    :param directory: for the instance's own files.
    :param settings: further settings by their full names.
    """
    environ = {"IDP_DATABASE_URL": url, "IDP_INSTANCE_DIR": str(directory / "instance"), **settings}
    app = create_app(Settings.load(environ, root=directory), clock=clock)
    with app.app_context():
        try:
            yield app
        finally:
            db.engine.dispose()


@contextmanager
def database_alone(url: str) -> Iterator[Flask]:
    """Open a database as the provider does, without the rest of it: that takes a tenth of the time."""
    app = Flask("database")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
        try:
            yield app
        finally:
            db.engine.dispose()


def migrate_at(url: str) -> None:
    """Make the tables in an empty database."""
    with tempfile.TemporaryDirectory() as directory, application(url, Path(directory)):
        migrate()


def fresh_url(request: pytest.FixtureRequest, directory: Path) -> str:
    """Return the URL of a database with empty tables that only this test sees; the fixture's parameter says which.

    :param request: of a fixture with the parameters :data:`DATABASES`.
    :param directory: for the file of SQLite.
    """
    if request.param == "sqlite":
        return fresh_sqlite(directory)
    return str(request.getfixturevalue("postgres").fresh_database(prepared_by=migrate_at))


def fresh_sqlite(directory: Path) -> str:
    """Return the URL of an SQLite database with empty tables in ``directory``."""
    return f"sqlite:///{shutil.copy(_migrated_file(), directory / 'idp.db')}"


@cache
def _migrated_file() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="idp-migrated-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    migrate_at(f"sqlite:///{directory / 'idp.db'}")
    return directory / "idp.db"


def racing(app: Flask, act: Callable[[], T], *, racers: int = RACERS) -> list[T | Exception]:
    """Let ``act`` run at the same moment in several threads, each with a database session of its own.

    :returns: what each returned or raised.
    """
    start = threading.Barrier(racers)

    def run(_number: int) -> T | Exception:
        with app.app_context():
            # The connection is opened beforehand, so that the statements themselves meet.
            with db.engine.connect():
                start.wait(PATIENCE_SECONDS)
            try:
                return act()
            except Exception as error:  # noqa: BLE001 - the test looks at it
                return error

    with ThreadPoolExecutor(racers) as pool:
        return list(pool.map(run, range(racers)))

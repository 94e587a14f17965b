"""Starting the provider for tests: in this process, on a SQLite file of its own, with keys of its own."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import structlog
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import event

from idp.app import create_app
from idp.domain.clock import Clock
from idp.services.operations import keys, roles
from idp.services.parts import MIGRATIONS
from idp.services.registry import accounts
from idp.settings import Settings
from idp.store.db import db
from idp.store.unit_of_work import unit_of_work
from idp.testing import serving
from idp.testing.provider import Provider


@contextmanager
def running(directory: Path | None = None, *, clock: Clock | None = None, **settings: str) -> Iterator[Provider]:
    """Run a provider until the block ends; it has no account yet but ``staff``.

    The environment is not read, and nothing leaves this machine: there is no worker.

    :param directory: for its database; a temporary one when none.
    :param clock: the machine's own when none.
    :param settings: by the names of docs/settings.md, such as ``IDP_ACCESS_TOKEN_TTL="60"``.
    """
    with _folder(directory) as folder, closing(serving.listening()) as listener:
        issuer = f"http://{serving.HOST}:{listener.getsockname()[1]}"
        app = _application(_settings(folder, issuer, settings), clock)
        provider = Provider(app=app, issuer=issuer)
        with app.app_context():
            _initialise(provider)
        try:
            with serving.served(app, listener):
                yield provider
        finally:
            with app.app_context():
                db.engine.dispose()


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="deepdesk-idp-") as made:
        yield Path(made)


def _settings(directory: Path, issuer: str, given: dict[str, str]) -> Settings:
    environ = {
        "IDP_ISSUER": issuer,
        "IDP_INSTANCE_DIR": str(directory / "instance"),
        "IDP_RATE_LIMITS": "off",
        "IDP_LOG_LEVEL": "error",
        **given,
    }
    return Settings.load(environ, root=directory)


def _application(settings: Settings, clock: Clock | None) -> Flask:
    """Build the application, and leave structlog to the service under test, where that has set it up."""
    theirs = structlog.get_config() if structlog.is_configured() else None
    app = create_app(settings, clock=clock)
    if theirs is not None:
        structlog.configure(**theirs)
    with app.app_context():
        event.listen(db.engine, "connect", _without_waiting_for_the_disk)
    return app


def _initialise(provider: Provider) -> None:
    """Do what ``idp init`` does, the tables in one step: the migrations end in the same ones (our tests compare)."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with unit_of_work() as session:
        connection = session.connection()
        db.metadata.create_all(connection)
        if MIGRATIONS.is_dir():
            MigrationContext.configure(connection).stamp(ScriptDirectory(str(MIGRATIONS)), "head")
    keys.ensure(sealer=provider.parts.sealer, context=provider.context)
    accounts.ensure_staff(context=provider.context)
    roles.provision(context=provider.context)


def _without_waiting_for_the_disk(connection: Any, _record: object) -> None:
    """Give up what survives a power failure; nothing of a test has to."""
    connection.execute("PRAGMA synchronous=OFF").close()

"""Commands as an operator types them, in this process, on a database of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from idp.app import create_app
from idp.console import cli
from idp.settings import Settings
from idp.store.db import db
from tests.support.database import fresh_sqlite

SECRET_KEY = "the key under which these tests seal"


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a command did."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)

    @property
    def problems(self) -> list[str]:
        """The lines on standard error."""
        return self.err.splitlines()


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Somebody at the command line of one provider."""

    app: Flask

    def types(self, *words: str, stdin: str = "") -> Done:
        """Run ``idp`` with these words to its end."""
        result = CliRunner().invoke(
            cli, [*words], input=stdin, obj=ScriptInfo(create_app=lambda: self.app), prog_name="idp"
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
        return Done(exit_code=result.exit_code, out=result.stdout, err=result.stderr)

    def gets(self, *words: str, stdin: str = "") -> Any:
        """Run a command that succeeds, and return its JSON."""
        done = self.types(*words, "--json", stdin=stdin)
        assert done.exit_code == 0, done.err
        return done.json


@pytest.fixture
def at_database(tmp_path: Path) -> Iterator[Callable[..., Operator]]:
    """Opens the command line at the database of a URL."""
    opened = []

    def open_at(url: str, *, key: str = SECRET_KEY, **settings: str) -> Operator:
        environ = {"IDP_DATABASE_URL": url, "IDP_SECRET_KEYS": key, "IDP_LOG_LEVEL": "error", **settings}
        app = create_app(Settings.load(environ, root=tmp_path))
        opened.append(app)
        return Operator(app=app)

    yield open_at
    for app in opened:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def migrated_url(tmp_path: Path) -> str:
    """A database with empty tables."""
    return fresh_sqlite(tmp_path)


@pytest.fixture
def operator(at_database: Callable[..., Operator], migrated_url: str) -> Operator:
    """At a provider with tables and the account acme."""
    at = at_database(migrated_url)
    at.gets("accounts", "create", "acme", "--name", "Acme")
    return at

"""Starting a provider for tests: quick ways that end where the slow ones do, and nothing left behind."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import structlog
from sqlalchemy import create_engine, inspect

from idp.services.operations import keys, roles
from idp.services.operations.schema import migrate
from idp.services.registry import accounts
from idp.store.tables import metadata
from idp.testing import running
from tests.support.app import provider_on


def described(file: Path) -> dict[str, str]:
    """Return everything about the tables of a database, in words."""
    engine = create_engine(f"sqlite:///{file}")
    look = inspect(engine)
    found = {
        name: in_words(
            [
                look.get_columns(name),
                look.get_pk_constraint(name),
                look.get_foreign_keys(name),
                look.get_unique_constraints(name),
                look.get_check_constraints(name),
                look.get_indexes(name),
            ]
        )
        for name in look.get_table_names()
    }
    engine.dispose()
    return found


def in_words(value: Any) -> str:
    """Say what it is in whatever order; types and conditions are objects that equal only themselves."""
    if isinstance(value, dict):
        return str(sorted((key, in_words(one)) for key, one in value.items()))
    if isinstance(value, list):
        return str(sorted(in_words(one) for one in value))
    return str(value)


def contents(file: Path) -> dict[str, int]:
    """Return how many rows each table has."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        found = {
            name: len(connection.exec_driver_sql(f'SELECT 1 FROM "{name}"').all())  # noqa: S608 - our own tables
            for name in (*metadata.tables, "alembic_version")
        }
    engine.dispose()
    return found


def test_the_database_is_as_the_migrations_and_idp_init_make_it(tmp_path: Path) -> None:
    quick, slow = tmp_path / "quick", tmp_path / "slow"
    slow.mkdir()
    with running(quick):
        pass
    with provider_on(f"sqlite:///{slow / 'idp.db'}", slow) as op, op.app.app_context():
        migrate()
        keys.ensure(sealer=op.parts.sealer, context=op.context)
        accounts.ensure_staff(context=op.context)
        roles.provision(context=op.context)
    assert described(quick / "instance" / "idp.db") == described(slow / "idp.db")
    assert contents(quick / "instance" / "idp.db") == contents(slow / "idp.db")


def test_two_providers_are_two(tmp_path: Path) -> None:
    with running(tmp_path / "one") as one, running(tmp_path / "other") as other:
        one.account("acme")
        other.account("acme")
        user, client = one.user(), other.client()
        assert one.issuer != other.issuer
        assert one.tokens_for(user, one.client()).claims["iss"] == one.issuer
        with pytest.raises(AssertionError, match="keeps the browser"):
            one.sign_in(user).tokens(client)


def test_its_files_are_gone_afterwards() -> None:
    with running() as provider:
        folder = provider.parts.settings.instance_dir
        assert folder.is_dir()
    assert not folder.exists()


def test_its_port_is_free_afterwards(tmp_path: Path) -> None:
    with running(tmp_path) as provider:
        assert requests.get(f"{provider.issuer}/healthz", timeout=10).ok
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{provider.issuer}/healthz", timeout=10)


def test_the_environment_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDP_ISSUER", "https://login.example.com")
    monkeypatch.setenv("IDP_NO_SUCH_SETTING", "1")
    with running(tmp_path) as provider:
        assert (
            requests.get(f"{provider.issuer}/.well-known/openid-configuration", timeout=10)
            .json()["issuer"]
            .startswith("http://127.0.0.1:")
        )


def test_a_setting_can_be_given(tmp_path: Path) -> None:
    with running(tmp_path, IDP_ACCESS_TOKEN_TTL="60") as provider:
        provider.account("acme")
        assert provider.tokens_for(provider.user(), provider.client()).expires_in == 60


@pytest.fixture
def own_logging() -> Iterator[list[Any]]:
    """The service under test logs by structlog, too."""
    before, lines = structlog.get_config(), []
    structlog.configure(
        processors=[lambda _logger, _method, event: lines.append(event) or str(event)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    yield lines
    structlog.configure(**before)


def test_the_services_own_logging_stays_as_it_is(tmp_path: Path, own_logging: list[Any]) -> None:
    with running(tmp_path):
        structlog.get_logger().warning("of the service")
    assert [line["event"] for line in own_logging] == ["of the service"]

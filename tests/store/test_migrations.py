"""The migrations make exactly what the models say, from nothing, on both databases."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import Engine, create_engine, inspect, select, text

from idp.domain.identifiers import AccountCode, UserId
from idp.services.operations.schema import migrate
from idp.services.parts import MIGRATIONS
from idp.services.registry.providers import settings_of
from idp.store import accounts, clients, providers, sign_ins, upstream_identities, users
from idp.store.db import db
from idp.store.tables import metadata
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.user_terms import UserTerm, terms_of
from tests.store.conftest import new_account, new_user
from tests.support.database import DATABASES, application, fresh_sqlite

MIGRATION_LOCK = 0x1D9
"""Of ``migrations/env.py``, which cannot be imported: to import it is to migrate."""
ROWS_OF_0001 = Path(__file__).parent / "rows_of_0001.sql"
"""One customer as revision 0001 kept them."""
REBUILDS_ACCOUNTS = """
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade():
    with op.batch_alter_table("accounts", recreate="always"):
        pass
"""


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return request.getfixturevalue("postgres").fresh_database()


@pytest.fixture
def empty(empty_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The provider on a database without any table."""
    with application(empty_url, tmp_path) as app:
        yield app


@pytest.fixture
def from_models(empty_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database whose tables were made from the models, without any migration."""
    if empty_url.startswith("sqlite"):
        engine = create_engine(f"sqlite:///{tmp_path / 'models.db'}")
    else:
        engine = create_engine(request.getfixturevalue("postgres").fresh_database())
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def shape(engine: Engine) -> dict[str, Any]:
    """Return all that a database says of its tables, by name, apart from the order of things."""
    inspector = inspect(engine)
    tables = [name for name in inspector.get_table_names() if name != "alembic_version"]
    return {
        name: {
            "columns": {column["name"]: _in_words(column) for column in inspector.get_columns(name)},
            "primary key": inspector.get_pk_constraint(name),
            "foreign keys": {one["name"]: one for one in inspector.get_foreign_keys(name)},
            "unique": {one["name"]: one for one in inspector.get_unique_constraints(name)},
            "indexes": {one["name"]: _in_words(one) for one in inspector.get_indexes(name)},
        }
        for name in tables
    }


def _in_words(found: Any) -> dict[str, str]:
    """Return a column or an index comparably: types and conditions are objects that equal only themselves."""
    options = {key: str(value) for key, value in found.get("dialect_options", {}).items()}
    return {key: str(value) for key, value in found.items() if key != "dialect_options"} | options


def test_from_nothing_the_migrations_make_what_the_models_say(empty, from_models):
    migrate()
    migrated = shape(db.engine)
    assert migrated == shape(from_models)
    assert set(migrated) == set(metadata.tables)


def test_alembic_finds_nothing_left_to_do(empty):
    migrate()
    with reading() as session:
        compared = MigrationContext.configure(session.connection(), opts={"compare_server_default": True})
        assert compare_metadata(compared, metadata) == []


def test_every_constraint_and_index_has_the_name_that_the_convention_gives_it(empty):
    migrate()
    for table, found in shape(db.engine).items():
        names = [found["primary key"]["name"], *found["foreign keys"], *found["unique"], *found["indexes"]]
        assert all(name.startswith((f"pk_{table}", f"fk_{table}_", f"uq_{table}_", f"ix_{table}_")) for name in names)


def test_the_partial_indexes_are_partial(empty):
    """A full one would forbid two retired keys, or one address that is nobody's on two people."""
    migrate()
    partial = {
        index["name"]
        for table in shape(db.engine).values()
        for index in table["indexes"].values()
        if any(key.endswith("_where") for key in index)
    }
    assert partial == {
        "uq_users_held_email",
        "uq_users_platform_id",
        "uq_signing_keys_current",
        "uq_signing_keys_next",
        "ix_outbox_open",
        "uq_access_requests_pending_address",
    }


def test_a_second_run_changes_nothing(empty):
    first = migrate()
    before = shape(db.engine)
    with unit_of_work() as session:
        session.add(new_account("acme"))
    assert migrate() == first
    assert shape(db.engine) == before
    with reading() as session:
        assert session.scalar(text("SELECT count(*) FROM accounts")) == 1


def test_the_way_back_leaves_nothing_and_the_way_forth_works_again(empty):
    migrate()
    before = shape(db.engine)
    flask_migrate.downgrade(revision="base")
    assert shape(db.engine) == {}
    migrate()
    assert shape(db.engine) == before


def test_a_migration_that_fails_leaves_nothing(empty, tmp_path):
    copy = _migrations_with(tmp_path, REBUILDS_ACCOUNTS.replace("pass", "raise LookupError"))
    with pytest.raises(LookupError):
        flask_migrate.upgrade(directory=str(copy))
    assert shape(db.engine) == {}


def test_rebuilding_a_table_keeps_the_rows_that_hang_on_it(tmp_path):
    """SQLite rebuilds by dropping the old table, which cascades unless foreign keys are off meanwhile."""
    with application(fresh_sqlite(tmp_path), tmp_path):
        with unit_of_work() as session:
            session.add(new_account("acme"))
            session.flush()
            session.add(new_user("kim"))
        flask_migrate.upgrade(directory=str(_migrations_with(tmp_path, REBUILDS_ACCOUNTS)))
        with reading() as session:
            assert session.execute(text("SELECT id, account_code FROM users")).all() == [("kim", "acme")]


def test_after_migrating_foreign_keys_count_again(tmp_path):
    with application(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path):
        migrate()
        with reading() as session:
            assert session.scalar(text("PRAGMA foreign_keys")) == 1


def test_on_postgresql_a_migration_waits_for_another_hosts(postgres, tmp_path):
    url = postgres.fresh_database()
    elsewhere = create_engine(url, isolation_level="AUTOCOMMIT")
    with application(url, tmp_path) as app, elsewhere.connect() as other_host:
        other_host.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        done = threading.Event()

        def deploy() -> None:
            with app.app_context():
                migrate()
            done.set()

        deploying = threading.Thread(target=deploy)
        deploying.start()
        assert not done.wait(1)
        assert inspect(other_host).get_table_names() == []
        other_host.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
        deploying.join(30)
        assert done.is_set()
    elsewhere.dispose()


@pytest.fixture
def upgraded(empty) -> Flask:
    """A database that had rows before revision 0002, brought to the present."""
    flask_migrate.upgrade(revision="0001")
    with unit_of_work() as session:
        for statement in ROWS_OF_0001.read_text().removesuffix(";\n").split(";\n"):
            session.connection().exec_driver_sql(statement)
    migrate()
    return empty


def test_people_keep_their_addresses_and_those_vouched_for_are_theirs(upgraded):
    with reading() as session:
        held = {user.id: (user.email_held, user.email_vouched) for user in users.everyone(session)}
        holder = users.holder_of_address(session, AccountCode("acme"), "kim@acme.example")
    assert held == {"vouched": (True, True), "unvouched": (False, False), "nameless": (False, False)}
    assert (holder.id, holder.roles, holder.platform_id) == ("vouched", ["deepdesk.manager"], None)


def test_people_who_were_there_are_found_as_if_they_had_come_today(upgraded):
    """The migration has a copy of what makes the terms: it must not change with the code, and says the same now."""
    with unit_of_work() as session:
        everyone = users.everyone(session)
        written = session.execute(select(UserTerm.user_id, UserTerm.account_code, UserTerm.term)).all()
        expected = {(user.id, user.account_code, term) for user in everyone for term in terms_of(user)}
    assert {tuple(row) for row in written} == expected
    assert {user.id for user in everyone} == {row.user_id for row in written}


@pytest.mark.parametrize("name", ["Zoë Ångström", "", "ß" * 200, "\U0010ffff x", "O'Brien_Smith", "\ufdfa" * 99])
def test_the_terms_of_the_migration_are_those_of_the_code(upgraded, name):
    with unit_of_work() as session:
        user = users.get(session, UserId("vouched"))
        user.name, user.enabled = name, False
    flask_migrate.downgrade(revision="0005")
    migrate()
    with reading() as session:
        written = set(session.scalars(select(UserTerm.term).where(UserTerm.user_id == "vouched")))
        assert written == terms_of(users.get(session, UserId("vouched")))


def test_links_providers_clients_and_sign_ins_outlive_the_upgrade(upgraded):
    with reading() as session:
        (provider,) = providers.everyone(session)
        (link,) = upstream_identities.of_user(session, UserId("vouched"))
        (client,) = clients.everyone(session)
        account = accounts.find(session, AccountCode("acme"))
        sign_in = sign_ins.last_of_user(session, UserId("vouched"))
    assert (provider.tenants, provider.hosted_domains, provider.api_url) == ([], [], None)
    assert (provider.any_google_account, provider.trust_email, provider.role_based_iam) == (False, False, True)
    assert settings_of(provider).role_map == {"a": "deepdesk.agent"}
    assert (link.subject, client.account_code, list(client.admitted)) == ("00u1", "acme", [])
    assert (account.trial, account.link_by_email) == (False, False)
    assert (sign_in.match, sign_in.organisation, sign_in.issuer, sign_in.roles_before) == (None, None, None, [])


def test_the_way_back_from_staff_keeps_what_there_was(upgraded):
    flask_migrate.downgrade(revision="0001")
    with reading() as session:
        assert session.scalar(text("SELECT count(*) FROM users")) == 3
        assert session.scalar(text("SELECT count(*) FROM upstream_identities")) == 1
    migrate()
    with reading() as session:
        holder = users.holder_of_address(session, AccountCode("acme"), "kim@acme.example")
    assert holder is not None


def _migrations_with(tmp_path: Path, following: str) -> Path:
    """Return a copy of the migrations, run by the same ``env.py``, with one more."""
    copy = shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    (copy / "versions" / "0003_following.py").write_text(following)
    return copy

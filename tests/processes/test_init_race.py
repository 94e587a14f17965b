"""Hosts that deploy at the same moment prepare one database together."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.support.database import DATABASES
from tests.support.serve import IDP, environment

HOSTS = 2


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return str(request.getfixturevalue("postgres").fresh_database())


def test_hosts_that_prepare_one_database_at_once_all_succeed(empty_url: str, tmp_path: Path) -> None:
    env = environment(
        {
            "IDP_DATABASE_URL": empty_url,
            "IDP_INSTANCE_DIR": str(tmp_path / "instance"),
            "IDP_SECRET_KEYS": "a secret that all of the hosts share",
        }
    )
    running = [
        subprocess.Popen([IDP, "init"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(HOSTS)
    ]
    said = [process.communicate(timeout=60)[1] for process in running]
    assert [process.returncode for process in running] == [0] * HOSTS, "\n".join(said)
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        keys = connection.execute(text("SELECT use, alg, state FROM signing_keys ORDER BY use, alg, state")).all()
        accounts = connection.execute(text("SELECT code FROM accounts")).scalars().all()
    engine.dispose()
    assert keys == [
        (*kind, state)
        for kind in (("oauth", "ES256"), ("oauth", "RS256"), ("session", "ES256"))
        for state in ("current", "next")
    ]
    assert accounts == ["staff"]

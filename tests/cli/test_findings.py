"""What is damaged or out of reach is told in one line, by every command that meets it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from idp.store.unit_of_work import unit_of_work
from tests.cli.conftest import SECRET_KEY, Operator

ROOT = Path(__file__).parents[2]
NOWHERE = "postgresql+psycopg://idp:shown-nowhere@127.0.0.1:9/idp?connect_timeout=2"


@pytest.fixture
def damaged(operator: Operator) -> Callable[..., list[str]]:
    """Prepares a provider, damages its database by a statement, and returns what the doctor finds broken.

    Or whatever else it finds: ``verdict`` and the exit code that goes with it.
    """
    operator.gets("init")

    def findings(statement: str, *, verdict: str = "broken", exit_code: int = 1) -> list[str]:
        with operator.app.app_context(), unit_of_work() as session:
            session.execute(text(statement))
        done = operator.types("doctor", "--json")
        assert done.exit_code == exit_code
        return [one["finding"] for one in done.json if one["verdict"] == verdict]

    return findings


def test_the_doctor_names_tables_of_another_version(damaged: Callable[[str], list[str]]) -> None:
    assert damaged("UPDATE alembic_version SET version_num = '0000'") == [
        "The tables are not those of this version; run: idp init"
    ]


def test_the_doctor_names_the_one_key_that_is_missing(damaged: Callable[[str], list[str]]) -> None:
    assert damaged("DELETE FROM signing_keys WHERE alg = 'ES256'") == ["There is no ES256 signing key; run: idp init"]


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("use = 'oauth' AND alg = 'RS256'", "RS256 signing key"),
        ("use = 'oauth' AND alg = 'ES256'", "ES256 signing key"),
        ("use = 'session'", "ES256 signing key of cookie tokens"),
    ],
)
def test_the_doctor_misses_a_next_key_although_all_can_be_served(
    damaged: Callable[..., list[str]], kind: str, named: str
) -> None:
    statement = f"DELETE FROM signing_keys WHERE {kind} AND state = 'next'"  # noqa: S608
    assert damaged(statement, verdict="look", exit_code=0) == [
        f"There is no next {named}, so the keys cannot be rotated; run: idp init"
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM signing_keys WHERE use = 'session' AND state = 'current'",
        "UPDATE signing_keys SET private_jwk_sealed = '' WHERE use = 'session' AND state = 'current'",
    ],
)
def test_keys_of_cookie_tokens_are_missed_although_all_can_be_served(
    damaged: Callable[..., list[str]], statement: str
) -> None:
    (finding,) = damaged(statement, verdict="look", exit_code=0)
    assert "ES256 signing key of cookie tokens" in finding


@pytest.mark.parametrize("spoilt", ["''", "'1.x'", "'1.00000000.AAAA'", "substr(private_jwk_sealed, 1, 30)"])
def test_the_doctor_names_a_damaged_key(damaged: Callable[[str], list[str]], spoilt: str) -> None:
    (finding,) = damaged(f"UPDATE signing_keys SET private_jwk_sealed = {spoilt} WHERE alg = 'RS256'")  # noqa: S608
    assert finding.startswith("The RS256 signing key ")
    assert "IDP_SECRET_KEYS" in finding


def test_after_a_rotation_of_the_secret_keys_all_is_well(
    at_database: Callable[..., Operator], migrated_url: str
) -> None:
    at_database(migrated_url).gets("init")
    rotated = at_database(migrated_url, key=f"a newer key of 32 bytes or rather more,{SECRET_KEY}")
    assert rotated.types("doctor").exit_code == 0


@pytest.mark.parametrize("url", [NOWHERE, "sqlite:////nowhere/at/all/idp.db"])
@pytest.mark.parametrize("words", [("accounts", "list"), ("init",), ("serve",)], ids=" ".join)
def test_a_database_out_of_reach_is_one_line_without_its_password(
    at_database: Callable[..., Operator], url: str, words: tuple[str, ...]
) -> None:
    done = at_database(url).types(*words)
    assert (done.exit_code, len(done.problems), done.out) == (1, 1, "")
    assert "shown-nowhere" not in done.err


def test_the_doctor_tells_no_password(at_database: Callable[..., Operator]) -> None:
    done = at_database(NOWHERE).types("doctor")
    assert done.exit_code == 1
    assert "IDP_DATABASE_URL" in done.out
    assert "shown-nowhere" not in done.out + done.err


@pytest.mark.parametrize(
    "words",
    [
        ("accounts", "create", "acme", "--name", "Acme"),
        ("accounts", "delete", "acme", "--yes"),
        ("clients", "list"),
        ("providers", "list"),
        ("users", "list"),
        ("keys", "list"),
        ("audit", "list"),
    ],
    ids=" ".join,
)
def test_before_init_every_command_says_what_to_run(
    at_database: Callable[..., Operator], tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = at_database(f"sqlite:///{tmp_path / 'empty.db'}").types(*words)
    assert (done.exit_code, len(done.problems)) == (1, 1)
    assert "run: idp init" in done.err

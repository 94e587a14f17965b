"""``idp init``, ``doctor``, ``serve``: each finding is a sentence with its mend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Operator


def verdicts(findings: list[dict[str, Any]]) -> dict[str, set[str]]:
    return {part: {f["verdict"] for f in findings if f["part"] == part} for part in {f["part"] for f in findings}}


def test_init_prepares_an_empty_database_and_changes_nothing_afterwards(
    at_database: Callable[..., Operator], tmp_path: Path
) -> None:
    operator = at_database(f"sqlite:///{tmp_path / 'new.db'}")
    assert len(operator.gets("init")["keys_made"]) == 6
    assert operator.gets("init")["keys_made"] == []
    assert verdicts(operator.gets("doctor")) == {
        part: {"ok"} for part in ("settings", "database", "migrations", "keys", "roles", "outbox", "mail")
    }
    assert [account["code"] for account in operator.gets("accounts", "list")] == ["staff"]
    assert {(key["use"], key["alg"], key["state"]) for key in operator.gets("keys", "list")} == {
        (*kind, state)
        for kind in (("oauth", "RS256"), ("oauth", "ES256"), ("session", "ES256"))
        for state in ("current", "next")
    }


def test_the_staff_account_stays(at_database: Callable[..., Operator], migrated_url: str) -> None:
    operator = at_database(migrated_url)
    operator.gets("init")
    assert operator.types("accounts", "delete", "staff", "--yes").exit_code == 1


def test_the_doctor_misses_tables(at_database: Callable[..., Operator], tmp_path: Path) -> None:
    done = at_database(f"sqlite:///{tmp_path / 'empty.db'}").types("doctor", "--json")
    assert done.exit_code == 1
    assert verdicts(done.json)["migrations"] == {"broken"}
    assert "idp init" in done.out


def test_the_doctor_misses_keys(at_database: Callable[..., Operator], migrated_url: str) -> None:
    done = at_database(migrated_url).types("doctor", "--json")
    assert done.exit_code == 1
    assert [(one["verdict"], one["finding"]) for one in done.json if one["part"] == "keys"] == [
        ("broken", "There is no RS256 signing key; run: idp init"),
        ("broken", "There is no ES256 signing key; run: idp init"),
        ("look", "There is no ES256 signing key of cookie tokens; run: idp init"),
    ]


def test_the_doctor_names_the_setting_when_keys_cannot_be_opened(
    at_database: Callable[..., Operator], migrated_url: str
) -> None:
    at_database(migrated_url).gets("init")
    done = at_database(migrated_url, key="another key than the one that sealed").types("doctor", "--json")
    assert done.exit_code == 1
    assert "IDP_SECRET_KEYS" in done.out


def test_the_doctor_cannot_reach_the_database(at_database: Callable[..., Operator], tmp_path: Path) -> None:
    done = at_database(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}").types("doctor", "--json")
    assert done.exit_code == 1
    assert verdicts(done.json)["database"] == {"broken"}
    assert "IDP_DATABASE_URL" in done.out


def test_other_commands_point_at_init(at_database: Callable[..., Operator], tmp_path: Path) -> None:
    done = at_database(f"sqlite:///{tmp_path / 'empty.db'}").types("accounts", "list")
    assert done.exit_code == 1
    assert "idp init" in done.err


def test_serving_without_tables_is_refused(at_database: Callable[..., Operator], tmp_path: Path) -> None:
    done = at_database(f"sqlite:///{tmp_path / 'empty.db'}").types("serve")
    assert done.exit_code == 1
    assert "idp init" in done.err


def test_working_without_tables_is_refused(at_database: Callable[..., Operator], tmp_path: Path) -> None:
    done = at_database(f"sqlite:///{tmp_path / 'empty.db'}").types("worker")
    assert (done.exit_code, len(done.problems)) == (1, 1)
    assert "idp init" in done.err


@pytest.mark.parametrize("bind", ["8000", "127.0.0.1:", "127.0.0.1:http", ":8000", "127.0.0.1:70000"])
def test_a_place_to_listen_is_host_and_port(operator: Operator, bind: str) -> None:
    assert operator.types("serve", "--bind", bind).exit_code == 2


def test_the_sandbox_refuses_a_public_address(operator: Operator) -> None:
    assert operator.types("sandbox", "--host", "0.0.0.0").exit_code == 1  # noqa: S104 - that is the point

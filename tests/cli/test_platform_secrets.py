"""``idp platform-secrets``: what an operator sees and may do; the rules are tested with the service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from idp.services.parts import EXTENSION, Parts
from idp.services.registry import platform_secrets
from tests.cli.conftest import Operator

BROUGHT = "the platform's secret, of thirty-two bytes and more"
KNOWN = {"id", "account", "created_at", "last_used_at", "revoked_at", "state"}


def states(operator: Operator) -> dict[str, str]:
    return {secret["id"]: secret["state"] for secret in operator.gets("platform-secrets", "list")}


def opened(operator: Operator) -> list[str]:
    """Return the live secrets as a bridge would use them."""
    parts: Parts = operator.app.extensions[EXTENSION]
    with operator.app.app_context():
        found = platform_secrets.list_all("acme")
        return [platform_secrets.opened(row, sealer=parts.sealer) for row in found if row.revoked_at is None]


def stored(folder: Path) -> bytes:
    """Return every byte that the database keeps."""
    return b"".join(path.read_bytes() for path in folder.glob("idp.db*"))


class TestCreate:
    def test_a_made_secret_is_printed_once_and_in_no_later_answer_nor_clear_in_the_database(
        self, operator: Operator, tmp_path: Path
    ) -> None:
        made = operator.gets("platform-secrets", "create", "acme")
        assert set(made) == {"id", "account", "secret"}
        assert made["account"] == "acme"
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", made["secret"])
        assert opened(operator) == [made["secret"]]
        later = [
            operator.types(*words)
            for words in (
                ("platform-secrets", "list"),
                ("platform-secrets", "list", "--json"),
                ("platform-secrets", "revoke", made["id"], "--json"),
                ("audit", "list", "--json"),
            )
        ]
        assert made["id"] in later[-1].out
        assert made["secret"][:8] not in "".join(done.out + done.err for done in later)
        assert made["id"].encode() in stored(tmp_path)
        assert made["secret"].encode() not in stored(tmp_path)

    def test_people_are_told_to_keep_it(self, operator: Operator) -> None:
        done = operator.types("platform-secrets", "create", "acme")
        assert done.out.count("secret ") == 1
        assert done.problems == ["The secret is shown this once: keep it now."]

    @pytest.mark.parametrize("way", ["file", "standard input"])
    def test_a_secret_of_elsewhere_is_taken_without_the_line_end_and_not_printed(
        self, operator: Operator, tmp_path: Path, way: str
    ) -> None:
        (tmp_path / "secret").write_text(f"{BROUGHT}\n")
        path = str(tmp_path / "secret") if way == "file" else "-"
        words = ("platform-secrets", "create", "acme", "--secret-file", path)
        done = operator.types(*words, "--json", stdin=f"{BROUGHT}\n")
        assert (done.exit_code, set(done.json), done.err) == (0, {"id", "account"}, "")
        assert opened(operator) == [BROUGHT]
        again = operator.types(*words, stdin=f"{BROUGHT}\n")
        assert (again.exit_code, len(again.problems)) == (1, 1)
        assert done.json["id"] in again.err
        assert BROUGHT not in done.out + again.out + again.err
        assert BROUGHT.encode() not in stored(tmp_path)

    @pytest.mark.parametrize("secret", ["", "s" * 31, "é" * 257, f"{'s' * 32}\n{'s' * 32}", "\ufeff" + "s" * 32])
    def test_what_cannot_be_one_is_refused_in_one_line_and_not_repeated(self, operator: Operator, secret: str) -> None:
        done = operator.types("platform-secrets", "create", "acme", "--secret-file", "-", stdin=secret)
        assert (done.exit_code, done.out, len(done.problems)) == (1, "", 1)
        assert "ssss" not in done.err
        assert states(operator) == {}

    def test_a_file_that_cannot_be_read_is_named(self, operator: Operator, tmp_path: Path) -> None:
        (tmp_path / "binary").write_bytes(b"\xff\xfe" * 20)
        for path in (tmp_path / "binary", tmp_path / "missing", tmp_path):
            done = operator.types("platform-secrets", "create", "acme", "--secret-file", str(path))
            assert (done.exit_code, done.problems) == (1, [f"Error: the file {str(path)!r} cannot be read"])
        assert states(operator) == {}

    @pytest.mark.parametrize(("account", "told"), [("nobody", "idp accounts list"), ("staff", "bridges")])
    def test_not_every_account_can_have_one(self, operator: Operator, account: str, told: str) -> None:
        operator.gets("init")
        done = operator.types("platform-secrets", "create", account)
        assert (done.exit_code, done.out, len(done.problems)) == (1, "", 1)
        assert told in done.err

    def test_a_third_is_refused_with_what_to_do(self, operator: Operator) -> None:
        [first, _] = (operator.gets("platform-secrets", "create", "acme") for _ in range(2))
        for words in (("create", "acme"), ("rotate", first["id"])):
            done = operator.types("platform-secrets", *words)
            assert (done.exit_code, done.out, len(done.problems)) == (1, "", 1)
            assert "idp platform-secrets revoke ID" in done.err


class TestList:
    def test_it_tells_state_and_moments(self, operator: Operator) -> None:
        first, second = (operator.gets("platform-secrets", "create", "acme")["id"] for _ in range(2))
        operator.gets("platform-secrets", "revoke", first)
        listed = {secret["id"]: secret for secret in operator.gets("platform-secrets", "list")}
        assert [set(secret) for secret in listed.values()] == [KNOWN, KNOWN]
        assert (listed[first]["state"], listed[second]["state"]) == ("revoked", "live")
        assert listed[first]["revoked_at"] > listed[first]["created_at"]
        assert (listed[second]["revoked_at"], listed[second]["last_used_at"]) == (None, None)

    def test_one_accounts_are_those_of_an_account_that_exists(self, operator: Operator) -> None:
        operator.gets("accounts", "create", "globex", "--name", "Globex")
        made = {account: operator.gets("platform-secrets", "create", account)["id"] for account in ("acme", "globex")}
        [listed] = operator.gets("platform-secrets", "list", "--account", "globex")
        assert listed["id"] == made["globex"]
        assert set(states(operator)) == set(made.values())
        assert operator.types("platform-secrets", "list", "--account", "nobody").exit_code == 1

    def test_people_get_a_table(self, operator: Operator) -> None:
        made = operator.gets("platform-secrets", "create", "acme")
        head, line = operator.types("platform-secrets", "list").out.splitlines()
        assert head.split("  ")[0] == "id"
        assert line.split()[:2] == [made["id"], "acme"]
        assert line.split()[-1] == "live"


class TestEnding:
    def test_rotating_prints_the_new_one_and_says_how_to_end_the_old(self, operator: Operator) -> None:
        old = operator.gets("platform-secrets", "create", "acme")
        done = operator.types("platform-secrets", "rotate", old["id"])
        assert old["secret"] not in done.out
        assert done.problems[-1].endswith(f"idp platform-secrets revoke {old['id']}")
        assert list(states(operator).values()) == ["live", "live"]

    def test_rotating_as_json_is_the_new_secret(self, operator: Operator) -> None:
        old = operator.gets("platform-secrets", "create", "acme")
        new = operator.gets("platform-secrets", "rotate", old["id"])
        assert set(new) == {"id", "account", "secret"}
        assert set(opened(operator)) == {old["secret"], new["secret"]}

    def test_revoking_shows_the_secret_as_it_is_now(self, operator: Operator) -> None:
        made = operator.gets("platform-secrets", "create", "acme")
        ended = operator.gets("platform-secrets", "revoke", made["id"])
        assert (set(ended), ended["id"], ended["state"]) == (KNOWN, made["id"], "revoked")
        assert opened(operator) == []

    @pytest.mark.parametrize("verb", ["rotate", "revoke"])
    def test_what_has_ended_is_told_and_exits_1(self, operator: Operator, verb: str) -> None:
        made = operator.gets("platform-secrets", "create", "acme")
        operator.gets("platform-secrets", "revoke", made["id"])
        done = operator.types("platform-secrets", verb, made["id"])
        assert (done.exit_code, done.out, len(done.problems)) == (1, "", 1)
        assert "was revoked before" in done.err

    def test_the_help_says_what_does_not_end(self, operator: Operator) -> None:
        assert "idp users sign-out" in operator.types("platform-secrets", "revoke", "--help").out


def test_the_account_takes_its_secrets_with_it(operator: Operator) -> None:
    operator.gets("platform-secrets", "create", "acme")
    operator.gets("accounts", "delete", "acme", "--yes")
    assert states(operator) == {}

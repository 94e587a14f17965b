"""``idp api-keys``: what an operator sees and may do; the rules are tested with the service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Operator

BROUGHT = "0b7c8a1e-6a55-4b39-9d0c-7d3f6f1f2a10"
KNOWN = {"id", "account", "created_at", "last_used_at", "revoked_at", "state"}


def states(operator: Operator) -> dict[str, str]:
    return {key["id"]: key["state"] for key in operator.gets("api-keys", "list")}


def stored(folder: Path) -> bytes:
    """Return every byte that the database keeps."""
    return b"".join(path.read_bytes() for path in folder.glob("idp.db*"))


class TestCreate:
    def test_a_made_key_is_printed_once_and_in_no_later_answer_nor_in_the_database(
        self, operator: Operator, tmp_path: Path
    ) -> None:
        made = operator.gets("api-keys", "create", "acme")
        assert set(made) == {"id", "account", "api_key"}
        assert made["account"] == "acme"
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", made["api_key"])
        later = [
            operator.types(*words)
            for words in (
                ("api-keys", "list"),
                ("api-keys", "list", "--json"),
                ("api-keys", "revoke", made["id"], "--json"),
                ("audit", "list", "--json"),
            )
        ]
        assert made["id"] in later[-1].out
        assert made["api_key"][:8] not in "".join(done.out + done.err for done in later)
        assert made["id"].encode() in stored(tmp_path)
        assert made["api_key"].encode() not in stored(tmp_path)

    def test_people_are_told_to_keep_it(self, operator: Operator) -> None:
        done = operator.types("api-keys", "create", "acme")
        assert done.out.count("api_key") == 1
        assert done.problems == ["The api_key is shown this once: keep it now."]

    @pytest.mark.parametrize("way", ["file", "standard input"])
    def test_a_key_of_elsewhere_is_taken_without_the_line_end_and_not_printed(
        self, operator: Operator, tmp_path: Path, way: str
    ) -> None:
        (tmp_path / "key").write_text(f"{BROUGHT}\n")
        path = str(tmp_path / "key") if way == "file" else "-"
        done = operator.types("api-keys", "create", "acme", "--key-file", path, "--json", stdin=f"{BROUGHT}\n")
        assert (done.exit_code, set(done.json), done.err) == (0, {"id", "account"}, "")
        again = operator.types("api-keys", "create", "acme", "--key-file", "-", stdin=BROUGHT)
        assert (again.exit_code, len(again.problems)) == (1, 1)
        assert done.json["id"] in again.err
        assert BROUGHT not in done.out + again.out + again.err
        assert BROUGHT.encode() not in stored(tmp_path)

    @pytest.mark.parametrize(("length", "told"), [(31, True), (32, False)])
    def test_a_weak_one_is_taken_with_a_warning(self, operator: Operator, length: int, told: bool) -> None:
        done = operator.types("api-keys", "create", "acme", "--key-file", "-", "--json", stdin="k" * length)
        assert (done.exit_code, done.json["account"]) == (0, "acme")
        assert ("can be guessed" in done.err) is told
        assert "k" * length not in done.out + done.err

    @pytest.mark.parametrize(
        "key", ["", "  \n", "short", "k" * 257, f"{BROUGHT} two", f"{BROUGHT}\n{BROUGHT}", "é" * 20]
    )
    def test_what_cannot_be_one_is_refused_in_one_line_and_not_repeated(self, operator: Operator, key: str) -> None:
        done = operator.types("api-keys", "create", "acme", "--key-file", "-", stdin=key)
        assert (done.exit_code, done.out, len(done.problems)) == (1, "", 1)
        assert "16 to 256 visible ASCII characters" in done.err
        assert BROUGHT not in done.err
        assert states(operator) == {}

    def test_a_file_that_cannot_be_read_is_named(self, operator: Operator, tmp_path: Path) -> None:
        (tmp_path / "binary").write_bytes(b"\xff\xfe" * 20)
        for path in (tmp_path / "binary", tmp_path / "missing", tmp_path):
            done = operator.types("api-keys", "create", "acme", "--key-file", str(path))
            assert (done.exit_code, done.problems) == (1, [f"Error: the file {str(path)!r} cannot be read"])
        assert states(operator) == {}

    @pytest.mark.parametrize(("account", "told"), [("nobody", "idp accounts list"), ("staff", "bridges")])
    def test_not_every_account_can_have_one(self, operator: Operator, account: str, told: str) -> None:
        operator.gets("init")
        done = operator.types("api-keys", "create", account)
        assert (done.exit_code, done.out, len(done.problems)) == (1, "", 1)
        assert told in done.err

    def test_a_third_is_refused_with_what_to_do(self, operator: Operator) -> None:
        for _ in range(2):
            operator.gets("api-keys", "create", "acme")
        done = operator.types("api-keys", "create", "acme")
        assert (done.exit_code, done.out, len(done.problems)) == (1, "", 1)
        assert "idp api-keys revoke ID" in done.err


class TestList:
    def test_it_tells_state_and_moments(self, operator: Operator) -> None:
        first, second = (operator.gets("api-keys", "create", "acme")["id"] for _ in range(2))
        operator.gets("api-keys", "revoke", first)
        listed = {key["id"]: key for key in operator.gets("api-keys", "list")}
        assert [set(key) for key in listed.values()] == [KNOWN, KNOWN]
        assert (listed[first]["state"], listed[second]["state"]) == ("revoked", "live")
        assert listed[first]["revoked_at"] > listed[first]["created_at"]
        assert (listed[second]["revoked_at"], listed[second]["last_used_at"]) == (None, None)

    def test_one_accounts_are_those_of_an_account_that_exists(self, operator: Operator) -> None:
        operator.gets("accounts", "create", "globex", "--name", "Globex")
        made = {account: operator.gets("api-keys", "create", account)["id"] for account in ("acme", "globex")}
        assert [key["id"] for key in operator.gets("api-keys", "list", "--account", "globex")] == [made["globex"]]
        assert set(states(operator)) == set(made.values())
        assert operator.types("api-keys", "list", "--account", "nobody").exit_code == 1

    def test_people_get_a_table(self, operator: Operator) -> None:
        made = operator.gets("api-keys", "create", "acme")
        head, line = operator.types("api-keys", "list").out.splitlines()
        assert head.split("  ")[0] == "id"
        assert line.split()[:2] == [made["id"], "acme"]
        assert line.split()[-1] == "live"


class TestEnding:
    def test_rotating_prints_the_new_one_and_says_that_the_old_has_ended(self, operator: Operator) -> None:
        old = operator.gets("api-keys", "create", "acme")
        done = operator.types("api-keys", "rotate", old["id"])
        assert "api_key" in done.out
        assert old["api_key"] not in done.out
        assert f"The key {old['id']} has ended: the platform's pages need the new one now." in done.problems
        assert sorted(states(operator).values()) == ["live", "revoked"]
        assert states(operator)[old["id"]] == "revoked"

    def test_rotating_as_json_is_the_new_key(self, operator: Operator) -> None:
        old = operator.gets("api-keys", "create", "acme")
        new = operator.gets("api-keys", "rotate", old["id"])
        assert set(new) == {"id", "account", "api_key"}
        assert (new["id"] != old["id"], new["api_key"] != old["api_key"]) == (True, True)

    def test_revoking_shows_the_key_as_it_is_now(self, operator: Operator) -> None:
        made = operator.gets("api-keys", "create", "acme")
        ended = operator.gets("api-keys", "revoke", made["id"])
        assert (set(ended), ended["id"], ended["state"]) == (KNOWN, made["id"], "revoked")

    @pytest.mark.parametrize("verb", ["rotate", "revoke"])
    def test_what_has_ended_is_told_and_exits_1(self, operator: Operator, verb: str) -> None:
        made = operator.gets("api-keys", "create", "acme")
        operator.gets("api-keys", "revoke", made["id"])
        done = operator.types("api-keys", verb, made["id"])
        assert (done.exit_code, done.out, len(done.problems)) == (1, "", 1)
        assert "was revoked before" in done.err

    @pytest.mark.parametrize("verb", ["rotate", "revoke"])
    def test_the_help_says_what_does_not_end(self, operator: Operator, verb: str) -> None:
        assert "idp users sign-out" in operator.types("api-keys", verb, "--help").out


def test_the_account_takes_its_keys_with_it(operator: Operator) -> None:
    operator.gets("api-keys", "create", "acme")
    operator.gets("accounts", "delete", "acme", "--yes")
    assert states(operator) == {}


@pytest.mark.parametrize("group", ["api-keys", "platform-secrets"])
class TestAgainAtEveryDeployment:
    def words(self, group: str, folder: Path) -> tuple[str, ...]:
        brought = folder / "brought.txt"
        brought.write_text(f"{BROUGHT}-{BROUGHT}")
        option = "--key-file" if group == "api-keys" else "--secret-file"
        return (group, "create", "acme", option, str(brought), "--exist-ok")

    def test_what_is_there_stays_as_it_is(self, operator: Operator, tmp_path: Path, group: str) -> None:
        first = operator.gets(*self.words(group, tmp_path))
        assert operator.gets(*self.words(group, tmp_path)) == first
        assert len(operator.gets(group, "list")) == 1

    def test_what_was_revoked_does_not_count_as_there(self, operator: Operator, tmp_path: Path, group: str) -> None:
        made = operator.gets(*self.words(group, tmp_path))
        operator.gets(group, "revoke", made["id"])
        done = operator.types(*self.words(group, tmp_path))
        assert (done.exit_code, len(done.problems)) == (1, 1)

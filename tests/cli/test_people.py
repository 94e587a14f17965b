"""Making people beforehand, changing and ending what they may, one by one and from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Operator

KIM = ("kim@acme.example", "--account", "acme")
HEADER = "email,name,roles,platform_id\n"


class TestCreating:
    def test_a_user_is_made_with_roles_and_platform_id(self, operator: Operator) -> None:
        words = ("--name", "Kim", "--role", "deepdesk.editor", "--role", "deepdesk.manager", "--platform-id", "17")
        made = operator.gets("users", "create", *KIM, *words)
        assert (made["email"], made["name"], made["platform_id"]) == ("kim@acme.example", "Kim", "17")
        assert made["roles"] == ["deepdesk.manager", "deepdesk.editor"]
        assert (made["email_vouched"], made["email_proved"], made["last_sign_in_at"]) == (False, False, None)

    def test_without_roles_it_is_an_agent(self, operator: Operator) -> None:
        assert operator.gets("users", "create", *KIM)["roles"] == ["deepdesk.agent"]

    @pytest.mark.parametrize("email", ["kim@acme.example", "KIM@ACME.example"])
    def test_an_address_is_one_persons(self, operator: Operator, email: str) -> None:
        made = operator.gets("users", "create", *KIM)
        again = ("users", "create", email, "--account", "acme")
        assert operator.types(*again).exit_code == 1
        assert operator.gets(*again, "--exist-ok")["id"] == made["id"]

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("not an address",), "not an email address"),
            (("lee@acme.example", "--role", "boss"), "not a role"),
            (("lee@acme.example", "--name", "a" * 256), "the name"),
            (("lee@acme.example", "--platform-id", "a\nb"), "the platform id"),
            (("lee@acme.example", "--platform-id", "17"), "belongs to another user"),
            (("lée@acme.example", "--invite"), "written in ASCII"),
            (('"lee"@acme.example', "--invite"), "no mail can be sent"),
        ],
    )
    def test_what_cannot_be_is_refused_and_makes_nobody(
        self, operator: Operator, words: tuple[str, ...], told: str
    ) -> None:
        operator.gets("users", "create", *KIM, "--platform-id", "17")
        done = operator.types("users", "create", *words, "--account", "acme")
        assert done.exit_code == 1
        assert told in done.err
        assert len(operator.gets("users", "list")) == 1

    def test_an_address_of_staff_belongs_to_no_customer(self, operator: Operator) -> None:
        operator.gets("init")
        words = ("--kind", "google", "--client-id", "x", "--hosted-domain", "deepdesk.example")
        operator.gets("providers", "create", "staff", "google", *words, "--client-secret-file", "-", stdin="secret")
        done = operator.types("users", "create", "casey@deepdesk.example", "--account", "acme")
        assert done.exit_code == 1
        assert "idp staff grant" in done.err


class TestChanging:
    @pytest.fixture(autouse=True)
    def kim(self, operator: Operator) -> None:
        operator.gets("users", "create", *KIM)

    def test_roles_are_replaced(self, operator: Operator) -> None:
        changed = operator.gets("users", "set-roles", *KIM, "--role", "deepdesk.assistant_editor")
        assert changed["roles"] == ["deepdesk.assistant_editor"]
        assert operator.gets("users", "set-roles", *KIM, "--role", "")["roles"] == ["deepdesk.agent"]

    def test_a_role_that_is_none_changes_nothing(self, operator: Operator) -> None:
        assert operator.types("users", "set-roles", *KIM, "--role", "boss").exit_code == 1
        assert operator.types("users", "set-roles", *KIM).exit_code == 2
        assert operator.gets("users", "show", *KIM)["roles"] == ["deepdesk.agent"]

    def test_somebody_is_kept_out_and_let_in_again(self, operator: Operator) -> None:
        assert operator.gets("users", "disable", *KIM)["enabled"] is False
        assert operator.gets("users", "enable", *KIM)["enabled"] is True

    def test_nobody_is_signed_in_who_never_came(self, operator: Operator) -> None:
        assert operator.gets("users", "sessions", *KIM) == []
        assert operator.gets("users", "sign-out", *KIM) == {"sessions_ended": 0}

    def test_deleting_asks_first(self, operator: Operator) -> None:
        assert operator.types("users", "delete", *KIM, stdin="n\n").exit_code == 1
        assert operator.gets("users", "delete", *KIM, "--yes")["deleted"] is True
        assert operator.gets("users", "list") == []

    def test_what_was_done_is_in_the_trail(self, operator: Operator) -> None:
        operator.gets("users", "set-roles", *KIM, "--role", "deepdesk.editor")
        operator.gets("users", "disable", *KIM)
        operator.gets("users", "delete", *KIM, "--yes")
        events = [one for one in operator.gets("audit", "list", "--account", "acme") if one["kind"] == "user.changed"]
        assert [one["details"]["change"] for one in events] == ["created", "updated", "disabled", "deleted"]


class TestExplaining:
    def test_an_operators_word(self, operator: Operator) -> None:
        operator.gets("users", "create", *KIM, "--role", "deepdesk.editor")
        found = operator.gets("users", "explain", *KIM)
        [standing] = found["standings"]
        assert (standing["basis"], standing["roles"]) == ("operator", ["deepdesk.editor"])
        assert standing["replayed"] == standing["roles"]
        assert "no sign-in has changed it" in operator.types("users", "explain", *KIM).out

    def test_nobody(self, operator: Operator) -> None:
        done = operator.types("users", "explain", *KIM)
        assert done.exit_code == 1
        assert "nobody of 'acme' has the address" in done.err


class TestImporting:
    def run(self, operator: Operator, tmp_path: Path, text: str, *words: str) -> tuple[int, str]:
        """Import a file; returns the exit code and what was said of problems."""
        file = tmp_path / "people.csv"
        file.write_bytes(text.encode())
        done = operator.types("users", "import", str(file), "--account", "acme", *words)
        return done.exit_code, "\n".join(line for line in done.problems if line.startswith("Error"))

    def test_people_come_with_roles_and_platform_ids(self, operator: Operator, tmp_path: Path) -> None:
        text = (
            "\ufeff"
            + HEADER
            + 'kim@acme.example,"Kim, of Sales",deepdesk.editor deepdesk.agent,17\r\nlee@acme.example,,,\n'
        )
        assert self.run(operator, tmp_path, text) == (0, "")
        lee, kim = sorted(operator.gets("users", "list"), key=lambda one: one["email"], reverse=True)
        assert (kim["name"], kim["platform_id"]) == ("Kim, of Sales", "17")
        assert kim["roles"] == ["deepdesk.editor", "deepdesk.agent"]
        assert (lee["name"], lee["roles"]) == (None, ["deepdesk.agent"])

    def test_a_second_run_makes_the_new_ones_only(self, operator: Operator, tmp_path: Path) -> None:
        self.run(operator, tmp_path, HEADER + "kim@acme.example,Kim,,\n")
        assert self.run(operator, tmp_path, HEADER + "KIM@acme.example,Other,,\nlee@acme.example,Lee,,\n") == (0, "")
        assert [one["name"] for one in operator.gets("users", "list")] == ["Kim", "Lee"]

    def test_a_check_makes_nobody(self, operator: Operator, tmp_path: Path) -> None:
        assert self.run(operator, tmp_path, HEADER + "kim@acme.example,Kim,,\n", "--check") == (0, "")
        assert operator.gets("users", "list") == []
        assert [one for one in operator.gets("audit", "list") if one["kind"] == "user.changed"] == []

    def test_every_problem_is_told_with_its_line_and_nobody_is_made(self, operator: Operator, tmp_path: Path) -> None:
        rows = (
            "kim@acme.example,Kim,,17",
            "nobody,Nobody,,",
            "lee@acme.example,Lee,deepdesk.boss,",
            "KIM@acme.example,Again,,",
            "max@acme.example,Max,,17",
            "too,few",
        )
        code, told = self.run(operator, tmp_path, HEADER + "\n".join(rows))
        assert code == 1
        for line in ("line 3: 'nobody'", "line 4: 'deepdesk.boss'", "line 5: the same address as in line 2"):
            assert line in told
        assert "line 6: the same platform id as in line 2" in told
        assert "line 7: 2 values instead of 4" in told
        assert operator.gets("users", "list") == []

    def test_a_platform_id_of_somebody_else_refuses_the_whole_file(self, operator: Operator, tmp_path: Path) -> None:
        operator.gets("users", "create", *KIM, "--platform-id", "17")
        rows = HEADER + "lee@acme.example,,,\nmax@acme.example,,,17\n"
        code, told = self.run(operator, tmp_path, rows)
        assert code == 1
        assert "line 3: the platform id '17' belongs to another user" in told
        assert len(operator.gets("users", "list")) == 1

    @pytest.mark.parametrize(
        "text",
        ["", "email\n", "name,email,roles,platform_id\n", "email;name;roles;platform_id\n", HEADER + '"unclosed'],
    )
    def test_another_file_is_refused(self, operator: Operator, tmp_path: Path, text: str) -> None:
        code, told = self.run(operator, tmp_path, text)
        assert code == 1
        assert told

    def test_a_file_that_is_not_text_is_refused(self, operator: Operator, tmp_path: Path) -> None:
        file = tmp_path / "people.xls"
        file.write_bytes(b"\xd0\xcf\x11\xe0\xff\xfe")
        for path in (str(file), "/nowhere.csv"):
            done = operator.types("users", "import", path, "--account", "acme")
            assert (done.exit_code, len(done.problems)) == (1, 1)

    def test_standard_input_will_do(self, operator: Operator) -> None:
        done = operator.types(
            "users", "import", "-", "--account", "acme", "--json", stdin=HEADER + "kim@acme.example,,,\n"
        )
        assert done.json == {"account": "acme", "checked_only": False, "made": 1, "present": []}

"""What holds for every command (CONTRACT §2)."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from idp import __version__
from idp.console import cli
from tests.cli.conftest import Operator


def every(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Return the words of each command below a group."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from every(below, (*words, name))
    else:
        yield words


COMMANDS = sorted(every(cli))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(operator: Operator, words: tuple[str, ...]) -> None:
    done = operator.types(*words, "--help")
    assert done.exit_code == 0
    assert f"Example: idp {' '.join(words)}" in done.out


@pytest.mark.parametrize("words", [("nonsense",), ("accounts", "nonsense"), ("accounts", "create"), ("serve", "--x")])
def test_an_unparsable_command_line_exits_2(operator: Operator, words: tuple[str, ...]) -> None:
    assert operator.types(*words).exit_code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("accounts", "list"),
        ("accounts", "show", "acme"),
        ("providers", "list"),
        ("clients", "list"),
        ("users", "list"),
        ("keys", "list"),
        ("outbox", "list"),
        ("audit", "list"),
        ("doctor",),
    ],
    ids=" ".join,
)
def test_json_is_one_document_and_nothing_else(operator: Operator, words: tuple[str, ...]) -> None:
    done = operator.types(*words, "--json")
    assert isinstance(done.json, dict if words[-1] == "acme" else list)
    assert done.err == ""


@pytest.mark.parametrize(
    "words",
    [
        ("accounts", "show", "nobody"),
        ("accounts", "update", "nobody", "--name", "X"),
        ("accounts", "disable", "nobody"),
        ("accounts", "delete", "nobody", "--yes"),
        ("providers", "show", "acme", "nobody"),
        ("providers", "check", "nobody", "okta"),
        ("providers", "delete", "acme", "nobody", "--yes"),
        ("clients", "show", "nobody"),
        ("clients", "update", "nobody"),
        ("clients", "rotate-secret", "nobody"),
        ("clients", "delete", "nobody", "--yes"),
        ("clients", "list", "--account", "nobody"),
        ("users", "list", "--account", "nobody"),
        ("users", "show", "nobody"),
        ("users", "show", "nobody@acme.example", "--account", "acme"),
        ("outbox", "list", "--account", "nobody"),
        ("outbox", "retry", "nothing"),
        ("outbox", "drop", "nothing"),
        ("audit", "list", "--since", "yesterday"),
    ],
    ids=" ".join,
)
def test_what_is_not_there_exits_1_in_one_line(operator: Operator, words: tuple[str, ...]) -> None:
    done = operator.types(*words)
    assert done.exit_code == 1
    assert done.out == ""
    assert len(done.problems) == 1
    assert done.problems[0].startswith("Error: ")


def test_the_version_is_the_packages(operator: Operator) -> None:
    assert __version__ in operator.types("--version").out

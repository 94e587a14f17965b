"""The documentation names everything that an operator or developer can meet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from idp.audit.events import Event
from idp.console import cli
from idp.domain.provider_kinds import Kind
from idp.domain.roles import APPS, DEPUTY, ENTERED_STAFF, OF_ROLE
from idp.settings import PREFIX, Settings

DOCS = Path(__file__).parents[2] / "docs"


def named(document: str) -> set[str]:
    """Return what stands in backticks."""
    return set(re.findall(r"`([^`\n]+)`", (DOCS / document).read_text(encoding="utf-8")))


def commands(command: click.Command, words: str = "idp") -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, f"{words} {name}")
    else:
        yield words, command


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_every_setting_is_documented(setting: str) -> None:
    assert f"{PREFIX}{setting.upper()}" in named("settings.md")


@pytest.mark.parametrize("command", sorted(name for name, _ in commands(cli)))
def test_every_command_is_documented(command: str) -> None:
    assert any(text.startswith(command) for text in named("commands.md"))


@pytest.mark.parametrize(
    ("command", "option"),
    sorted(
        (name, option.opts[0])
        for name, command in commands(cli)
        for option in command.params
        if isinstance(option, click.Option)
    ),
)
def test_every_option_is_documented(command: str, option: str) -> None:
    assert option in (DOCS / "commands.md").read_text(encoding="utf-8"), f"{command} {option}"


@pytest.mark.parametrize("kind", sorted(event.kind for event in Event.__subclasses__()))
def test_every_audit_event_is_documented(kind: str) -> None:
    assert kind in named("audit-events.md")


def table(document: str, first: str) -> list[list[str]]:
    """Return the rows of the table whose first column is called so, without backticks."""
    text = (DOCS / document).read_text(encoding="utf-8")
    below = text.partition(f"| {first} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split(" | ")] for line in below]


def test_the_roles_and_what_they_grant_are_those_of_the_code() -> None:
    assert table("roles.md", "role") == [
        [role.value, group.name, " ".join(group.grants) or "–"] for role, group in OF_ROLE.items()
    ]
    assert [row[1:] for row in table("roles.md", "who")] == [
        [group.name, " ".join(group.grants)] for group in (ENTERED_STAFF, DEPUTY)
    ]


def test_the_permissions_are_those_of_the_code() -> None:
    assert table("roles.md", "app") == [
        [app.label, model, " ".join(app.actions)] for app in APPS for model in app.models
    ]


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_upstream_is_documented(kind: str) -> None:
    assert kind in named("upstreams.md")

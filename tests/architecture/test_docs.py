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


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_upstream_is_documented(kind: str) -> None:
    assert kind in named("upstreams.md")

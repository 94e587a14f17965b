"""Showing results: one JSON document with ``--json``, else a table or a list of facts for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 1000

F = TypeVar("F", bound=Callable[..., Any])

Facts = Mapping[str, Any]

json_option: Callable[[F], F] = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on standard output."
)


def facts(values: Facts, *, as_json: bool) -> None:
    """Show one object."""
    if as_json:
        click.echo(json.dumps(_plain(values), indent=2, ensure_ascii=False))
        return
    width = max(len(name) for name in values)
    for name, value in values.items():
        click.echo(f"{name.ljust(width)}  {_text(value)}")


def rows(found: Sequence[Facts], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """Show a list: all fields in JSON, the named columns in the table.

    :param empty: what to say to people when there is nothing, and what to do about it.
    """
    if as_json:
        click.echo(json.dumps([_plain(one) for one in found], indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo(empty, err=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for one in found:
        # As text: what an upstream said of somebody must not be read as markup.
        table.add_row(*(Text(_text(one[column])) for column in columns))
    # Piped output is read by programs and searched by people: nothing may be folded there.
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


def line(values: Facts) -> None:
    """Show one object of a stream as one line of JSON."""
    click.echo(json.dumps(_plain(values), ensure_ascii=False))


def done(sentence: str, values: Facts, *, as_json: bool) -> None:
    """Confirm an act: a sentence for people, an object for programs."""
    if as_json:
        facts(values, as_json=True)
    else:
        click.echo(sentence)


def _plain(values: Facts) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _text(value: Any) -> str:
    match value:
        case None | [] | ():
            return "–"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S UTC")
        case Mapping():
            return ", ".join(f"{key}={_text(one)}" for key, one in value.items()) or "–"
        case list() | tuple():
            separator = "; " if any(isinstance(one, Mapping) for one in value) else " "
            return separator.join(_text(one) for one in value)
    return printable(str(value))


def printable(text: str) -> str:
    """Return the text without what a terminal would obey: it may hold anything that an upstream said."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)

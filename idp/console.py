"""The ``idp`` script: the same commands as ``flask --app wsgi``, with settings problems told in plain lines."""

from __future__ import annotations

import sys

import click
from flask import Flask
from flask.cli import ScriptInfo

from idp import __version__
from idp.cli import COMMANDS
from idp.sandbox.command import sandbox
from idp.settings import SettingsError


def _create(*_: object) -> Flask:
    from idp.app import create_app

    return create_app()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="idp")
def cli() -> None:
    """Deepdesk's identity provider."""


for _command in (*COMMANDS, sandbox):
    cli.add_command(_command)


def main() -> None:
    """Run one command; what is wrong with the settings is told in one line a problem."""
    try:
        cli.main(obj=ScriptInfo(create_app=_create))
    except SettingsError as error:
        for problem in error.problems:
            click.echo(f"Error: {problem}", err=True)
        sys.exit(1)

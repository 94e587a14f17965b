"""What every command needs: the process' parts, who types, and one way to refuse."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import click
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from idp.domain.context import Context
from idp.domain.errors import (
    AddressRefused,
    AlreadyExists,
    DecisionNotYours,
    DecisionTooLate,
    DomainError,
    Invalid,
    MailLinkRefused,
    MailLinkSpent,
    MailNotOffered,
    TooManyRequests,
)
from idp.services.parts import EXTENSION, Parts

P = ParamSpec("P")
R = TypeVar("R")

_TO_DO: Mapping[type[DomainError], str] = {
    DecisionTooLate: "{}; how it was decided, and who came of it, says: idp access-requests list",
    DecisionNotYours: "{}; ask a manager of the account to decide",
    MailNotOffered: "mail is no way in here; see --magic-link in: idp accounts update --help",
    AddressRefused: "no mail can be sent to this address; give one written in ASCII",
    MailLinkRefused: "the link is none of ours ({}); ask for a new mail",
    MailLinkSpent: "the link cannot be used any more ({}); ask for a new mail",
    TooManyRequests: "{}; try again later",
}
"""Refusals that say why, and leave what to do about it to whoever tells them."""


def parts() -> Parts:
    """Return the parts of the application that runs this command."""
    return cast(Parts, current_app.extensions[EXTENSION])


def context() -> Context:
    """Return the operator's circumstances."""
    return Context.of_operator(_operator(), parts().clock.now())


def refusing(command: Callable[P, R]) -> Callable[P, R]:
    """Turn refusals into exit 1 with one line a problem on standard error (CONTRACT §2)."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except Invalid as invalid:
            problems: tuple[str, ...] = invalid.problems
        except DomainError as refused:
            problems = (_TO_DO.get(type(refused), "{}").format(refused),)
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", error)).splitlines()[0]
            problems = (f"the database cannot do this ({reason}); if it is new or of another version, run: idp init",)
        except UnicodeEncodeError:
            problems = ("what was typed is not UTF-8; check the terminal's encoding",)
        for problem in problems:
            click.echo(f"Error: {problem}", err=True)
        raise SystemExit(1)

    return guarded


def existing_ok(exist_ok: bool, create: Callable[[], R], show: Callable[[], R]) -> R:
    """Create something; with ``--exist-ok`` show what exists instead of refusing."""
    try:
        return create()
    except AlreadyExists:
        if not exist_ok:
            raise
        return show()


def read_secret(path: str | None, *, prompt: str) -> str:
    """Read a secret from a file, from standard input (``-``), or from a prompt that does not show it."""
    if path is None:
        typed: str = click.prompt(prompt, hide_input=True, err=True)
        return typed.strip()
    return read_file(path).strip()


def read_file(path: str) -> str:
    """Read a text from a file, or from standard input (``-``).

    :raises Invalid: it cannot be read.
    """
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Invalid(f"the file {path!r} cannot be read") from None


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"

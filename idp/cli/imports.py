"""``idp users import``: many people at once, from a CSV file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from idp.cli import show as shown
from idp.cli.runtime import context, parts, refusing
from idp.cli.users import group
from idp.domain.errors import Invalid
from idp.services.people import importing


@group.command("import")
@click.argument("file")
@click.option("--account", required=True, help="The account to which the people belong.")
@click.option("--check", is_flag=True, help="Find every problem, and change nothing.")
@shown.json_option
@refusing
def import_users(file: str, account: str, check: bool, as_json: bool) -> None:
    """Make users from a CSV file with the header email,name,roles,platform_id; - reads standard input.

    Either all rows are taken or none. Whose address is known stays as they are.

    \b
    Example: idp users import people.csv --account acme --check
    """
    rows = importing.parse(_text(file))
    with click.progressbar(length=len(rows), label="Users", file=sys.stderr) as bar:
        done = importing.load(
            account, rows, only_check=check, progress=lambda: bar.update(1), parts=parts(), context=context()
        )
    verb = "would be made" if check else "made"
    sentence = f"{done.made} users {verb}, {len(done.present)} known already."
    facts = {"account": account, "checked_only": check, "made": done.made, "present": list(done.present)}
    shown.done(sentence, facts, as_json=as_json)


def _text(file: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return raw.decode("utf-8")
    except OSError:
        raise Invalid(f"the file {file!r} cannot be read") from None
    except UnicodeDecodeError:
        raise Invalid(f"the file {file!r} is not UTF-8; save it as “CSV UTF-8”") from None

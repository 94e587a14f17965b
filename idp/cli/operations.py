"""``idp init``, ``serve``, ``doctor``: running the provider."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext

import click
from flask.cli import with_appcontext

from idp.cli import show as shown
from idp.cli.runtime import context, parts, refusing
from idp.services.operations import doctor as examination
from idp.services.operations import keys, mail_findings, outbox, readiness, roles
from idp.services.operations.schema import migrate
from idp.services.registry import accounts

DEFAULT_BIND = "127.0.0.1:8000"


@click.command()
@shown.json_option
@with_appcontext
@refusing
def init(as_json: bool) -> None:
    """Migrate the database, provision roles, make signing keys and the account staff where they are missing.

    Changes nothing that is there: run it at every deployment.

    \b
    Example: idp init
    """
    revision = migrate()
    made = keys.ensure(sealer=parts().sealer, context=context())
    accounts.ensure_staff(context=context())
    changed = roles.provision(context=context())
    sentence = f"Ready: database at {revision}, {len(made)} signing keys made."
    facts = {
        "revision": revision,
        "keys_made": [row.kid for row in made],
        "roles_changed": len(changed.added) + len(changed.removed),
    }
    shown.done(sentence, facts, as_json=as_json)


@click.command()
@click.option("--bind", default=DEFAULT_BIND, show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Server processes.")
@click.option("--no-worker", is_flag=True, help="Leave the outbox worker out; run it elsewhere: idp worker.")
@with_appcontext
@refusing
def serve(bind: str, workers: int, no_worker: bool) -> None:
    """Serve until stopped, with the outbox worker beside the server.

    \b
    Example: idp serve --bind 0.0.0.0:8000 --workers 2
    """
    from idp.serving import is_free, serve_until_stopped, worker_beside

    host, port = _parse_bind(bind)
    problems = [finding.what for finding in readiness.findings(parts=parts()) if finding.breaks]
    if not is_free(host, port):
        problems.append(f"{bind} is in use, or is no address of this machine; choose another with --bind")
    for problem in problems:
        click.echo(f"Error: {problem}", err=True)
    if problems:
        raise SystemExit(1)
    click.echo(f"Serving {parts().settings.issuer} at {bind} ({workers} workers); Ctrl-C stops it.", err=True)
    with nullcontext() if no_worker else worker_beside():
        serve_until_stopped("idp.server_process:create_served_app", host=host, port=port, workers=workers)


@click.command()
@click.argument("account", required=False)
@shown.json_option
@with_appcontext
@refusing
def doctor(account: str | None, as_json: bool) -> None:
    """Look at settings, database, migrations, keys, roles, outbox and mail; with ACCOUNT at its providers, end to end.

    Exits 1 when something would break; each finding says what to do.

    \b
    Example: idp doctor acme
    """
    found = [*readiness.settings_findings(parts()), *readiness.findings(parts=parts())]
    if not any(finding.breaks for finding in found):
        found += roles.findings()
        found += outbox.findings(context=context())
        found += mail_findings.findings(parts=parts())
        if account is not None:
            found += _watched(examination.examine(account, parts=parts(), context=context()))
    rows = [{"part": one.part, "verdict": _verdict(one), "finding": one.what} for one in found]
    shown.rows(rows, ("part", "verdict", "finding"), as_json=as_json, empty="")
    if any(finding.breaks for finding in found):
        raise SystemExit(1)


def _watched(findings: Iterable[readiness.Finding]) -> Iterator[readiness.Finding]:
    """Say on a terminal what is being looked at: an upstream may take seconds to answer."""
    for finding in findings:
        if sys.stderr.isatty():
            click.echo(f"{finding.part} …", err=True)
        yield finding


def _verdict(finding: readiness.Finding) -> str:
    if finding.breaks:
        return "broken"
    return "look" if finding.deserves_attention else "ok"


def _parse_bind(bind: str) -> tuple[str, int]:
    host, colon, port = bind.rpartition(":")
    if not (colon and host and port.isdecimal() and 0 < int(port) < 65536):
        raise click.BadParameter("must look like 127.0.0.1:8000", param_hint="--bind")
    return host.strip("[]"), int(port)

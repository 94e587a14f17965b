"""``idp sandbox``: the command alone, so that other commands start without loading what it starts."""

from __future__ import annotations

import click

from idp.settings import is_loopback


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option("--port", type=click.IntRange(1024, 65500), default=8000, show_default=True)
@click.option("--tls", is_flag=True, help="Two sites below .test over https, with a certificate authority of its own.")
def sandbox(host: str, port: int, tls: bool) -> None:
    """Serve this provider with a demo account, simulated platforms, a sample service and an embedded widget.

    Development only.

    \b
    Example: idp sandbox --port 8000
    """
    if not is_loopback(host):
        click.echo("Error: the sandbox is for this machine only; --host must be a loopback address.", err=True)
        raise SystemExit(1)
    from idp.sandbox.start import run

    run(host=host, port=port, tls=tls)

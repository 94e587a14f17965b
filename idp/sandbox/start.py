"""Starting the sandbox: everything that a newcomer needs to see a sign-in, on one machine, until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from idp.app import create_app
from idp.sandbox.neighbours import NEIGHBOURS
from idp.sandbox.seed import seed
from idp.sandbox.world import ADDRESS, WORLD_VARIABLE, World, open_world
from idp.serving import is_free, serve_until_stopped, worker_beside
from idp.settings import Settings

READY_WITHIN_SECONDS = 60
STOP_WITHIN_SECONDS = 3


def run(*, host: str, port: int) -> None:
    """Serve the sandbox; prints one address when it can be opened.

    Settings of the environment count, except that the issuer follows from host and port.
    """
    environ = {**os.environ, "IDP_ISSUER": _origin(host, port)}
    settings = Settings.load(environ, root=Path.cwd())
    _refuse_production(settings)
    _refuse_busy_ports(host, port)
    world = open_world(host=host, port=port, instance=settings.instance_dir)
    environ |= {WORLD_VARIABLE: world.as_json(), "IDP_LOG_LEVEL": environ.get("IDP_LOG_LEVEL", "warning")}
    seed(create_app(settings), world)
    # The server's worker processes read their settings from the environment, as in production.
    os.environ.update(environ)
    with _neighbours(environ), worker_beside():
        threading.Thread(target=_announce, args=(world,), daemon=True).start()
        serve_until_stopped("idp.sandbox.provider:create_sandbox_provider", host=host, port=port, workers=1)


def _origin(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _refuse_production(settings: Settings) -> None:
    if settings.is_production:
        click.echo("Error: the sandbox is for development; unset IDP_ENV, or use: idp serve", err=True)
        raise SystemExit(1)


def _refuse_busy_ports(host: str, port: int) -> None:
    for one in range(port, port + 3):
        if not is_free(host if one == port else ADDRESS, one):
            click.echo(f"Error: port {one} is in use; choose another with: make run PORT={port + 1000}", err=True)
            raise SystemExit(1)


@contextlib.contextmanager
def _neighbours(environ: Mapping[str, str]) -> Iterator[None]:
    """Run the platforms and the sample service beside the provider."""
    running = [
        subprocess.Popen([sys.executable, "-m", "idp.sandbox.neighbours", name], env=dict(environ))
        for name in NEIGHBOURS
    ]
    try:
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_WITHIN_SECONDS)


def _announce(world: World) -> None:
    """Print the one address to open, once all three answer."""
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    addresses = [f"{world.issuer}/readyz", f"{world.platform_url}/.well-known/openid-configuration", world.sample_url]
    while addresses and time.monotonic() < deadline:
        if _answers(addresses[0]):
            addresses.pop(0)
        else:
            time.sleep(0.1)
    if addresses:
        click.echo(f"Error: {addresses[0]} does not answer; stop with Ctrl-C and try again.", err=True)
    else:
        click.echo(f"Deepdesk sign-in sandbox: open {world.issuer}/   (Ctrl-C stops it)")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - our own http address
            return bool(answer.status == 200)
    except OSError:
        return False

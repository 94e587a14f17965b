"""Starting the sandbox: everything that a newcomer needs to see a sign-in, on one machine, until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from idp.app import create_app
from idp.domain.clock import SystemClock
from idp.sandbox.certificates import Certificates, ensure_certificates
from idp.sandbox.neighbours import NEIGHBOURS
from idp.sandbox.seed import seed
from idp.sandbox.world import ADDRESS, PORTS, SECURE_NAMES, WORLD_VARIABLE, World, issuer_at, open_world
from idp.serving import is_free, serve_until_stopped, worker_beside
from idp.settings import Settings

READY_WITHIN_SECONDS = 60
STOP_WITHIN_SECONDS = 3


def run(*, host: str, port: int, tls: bool = False) -> None:
    """Serve the sandbox; prints one address when it can be opened, and with TLS what a browser needs besides.

    Settings of the environment count, except that the issuer follows from host and port.
    """
    environ = {**os.environ, "IDP_ISSUER": issuer_at(host, port, tls=tls)}
    settings = Settings.load(environ, root=Path.cwd())
    _refuse_production(settings)
    _refuse_busy_ports(host, port)
    certificates = _certificates(settings.instance_dir) if tls else None
    world = open_world(host=host, port=port, instance=settings.instance_dir, certificates=certificates)
    environ |= {WORLD_VARIABLE: world.as_json(), "IDP_LOG_LEVEL": environ.get("IDP_LOG_LEVEL", "warning")}
    seed(create_app(settings), world)
    # The server's worker processes read their settings from the environment, as in production.
    os.environ.update(environ)
    with _neighbours(environ | _trusting(certificates)), worker_beside():
        threading.Thread(target=_announce, args=(world, certificates), daemon=True).start()
        serve_until_stopped(
            "idp.sandbox.provider:create_sandbox_provider",
            host=host,
            port=port,
            workers=1,
            certificate=(certificates.server, certificates.server_key) if certificates else None,
        )


def _certificates(instance: Path) -> Certificates:
    return ensure_certificates(instance / "tls", SECURE_NAMES, now=SystemClock().now())


def _trusting(certificates: Certificates | None) -> dict[str, str]:
    """Return by what the sample service's HTTP library trusts the provider."""
    return {"REQUESTS_CA_BUNDLE": str(certificates.authority)} if certificates else {}


def _refuse_production(settings: Settings) -> None:
    if settings.is_production:
        click.echo("Error: the sandbox is for development; unset IDP_ENV, or use: idp serve", err=True)
        raise SystemExit(1)


def _refuse_busy_ports(host: str, port: int) -> None:
    for one in range(port, port + PORTS):
        if not all(is_free(address, one) for address in {host, ADDRESS}):
            click.echo(f"Error: port {one} is in use; choose another with: make run PORT={port + 1000}", err=True)
            raise SystemExit(1)


@contextlib.contextmanager
def _neighbours(environ: Mapping[str, str]) -> Iterator[None]:
    """Run platforms, sample service and platform page beside the provider."""
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


def _announce(world: World, certificates: Certificates | None) -> None:
    """Print the one address to open, once all of them answer."""
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    addresses = [
        f"{world.issuer}/readyz",
        f"{world.platform_url}/.well-known/openid-configuration",
        world.sample_url,
        world.widget_page_url,
    ]
    while addresses and time.monotonic() < deadline:
        if _answers(addresses[0], world.host, certificates):
            addresses.pop(0)
        else:
            time.sleep(0.1)
    if addresses:
        click.echo(f"Error: {addresses[0]} does not answer; stop with Ctrl-C and try again.", err=True)
    else:
        click.echo("\n".join(_announcement(world, certificates)))


def _announcement(world: World, certificates: Certificates | None) -> Iterator[str]:
    yield f"Deepdesk sign-in sandbox: open {world.issuer}/   (Ctrl-C stops it)"
    if certificates:
        yield f"  the widget on another site: {world.widget_page_url}/"
        yield f"  certificate authority to trust, for .test only: {certificates.authority}"
        yield f"  in /etc/hosts: {world.host} {' '.join(SECURE_NAMES)}"
        yield (
            "  or instead of both: chromium --user-data-dir=/tmp/deepdesk-sandbox "
            f"--host-resolver-rules='MAP *.test {world.host}' "
            f"--ignore-certificate-errors-spki-list={certificates.server_pin}"
        )


def _answers(address: str, host: str, certificates: Certificates | None) -> bool:
    """Say whether something answers; what is below ``.test`` is looked for here."""
    trusting = None
    if certificates:
        trusting = ssl.create_default_context(cafile=certificates.authority)
        trusting.check_hostname = False
        for name in SECURE_NAMES:
            address = address.replace(name, f"[{host}]" if ":" in host else host)
    try:
        with urllib.request.urlopen(address, timeout=2, context=trusting) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except OSError:
        return False

"""A private PostgreSQL: own data, a Unix socket, no network, and nothing kept.

Made from the installed server's binaries. PostgreSQL refuses to run as root,
so there it runs as the user ``postgres`` that the system's package creates.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

from tests.support.parts import PartMissing

INSTALL = "install PostgreSQL (Debian and Ubuntu: apt install postgresql)"
START_TIMEOUT_SECONDS = 30
# Crash safety is no use to data that lives for a minute; a commit is then a matter of microseconds.
UNSAFE_AND_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal")
SMALL = ("max_wal_senders=0", "shared_buffers=32MB", "max_connections=200", "autovacuum=off")

Prepare = Callable[[str], object]
"""Fills the empty database at the URL that it is given."""


@dataclass(kw_only=True)
class Cluster:
    """A running server.

    :param directory: holds the socket; short, as socket paths are limited to some 100 bytes.
    :param user: the database superuser, trusted on the socket.
    """

    directory: Path
    user: str
    version: str = ""
    _numbers: Iterator[int] = field(default_factory=count)
    _templates: dict[Prepare, str] = field(default_factory=dict)

    def fresh_database(self, prepared_by: Prepare | None = None) -> str:
        """Create a database that no other test sees, and return its SQLAlchemy URL.

        :param prepared_by: fills a template the first time; later databases are copies of it,
            which takes some 30 ms whatever the preparation took. It must leave no connection open.
        """
        template = "template0"
        if prepared_by is not None:
            if prepared_by not in self._templates:
                name = self._create("template0")
                prepared_by(self.url(name))
                self._templates[prepared_by] = name
            template = self._templates[prepared_by]
        return self.url(self._create(template))

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database, through psycopg 3."""
        return f"postgresql+psycopg://{self.user}@/{database}?host={self.directory}"

    def connect(self) -> psycopg.Connection:
        """Open a superuser's connection to the maintenance database."""
        return psycopg.connect(
            host=str(self.directory), user=self.user, dbname="postgres", autocommit=True, connect_timeout=5
        )

    def _create(self, template: str) -> str:
        name = f"idp_{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return name


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a server for as long as the block does.

    :raises PartMissing: no PostgreSQL is installed.
    """
    binaries = _binaries()
    account = "postgres" if os.geteuid() == 0 else None
    # Not pytest's tmp_path: that is deep, and closed to other users.
    directory = Path(tempfile.mkdtemp(prefix="idp-pg-", dir="/tmp"))
    try:
        if account:
            shutil.chown(directory, account, account)
        running = Cluster(directory=directory, user=account or "idp")
        _initialise(binaries, running, account)
        with _serving(binaries, running, account):
            yield running
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _binaries() -> Path:
    """Return the folder of the newest installed server's binaries."""
    installed = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if installed:
        return max(installed, key=lambda folder: int(folder.parent.name))
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    raise PartMissing(INSTALL)


def _as(account: str | None) -> dict[str, object]:
    """Return the arguments of ``subprocess`` that run a command as that user of the system."""
    return {"user": account, "group": account, "extra_groups": []} if account else {}


def _initialise(binaries: Path, running: Cluster, account: str | None) -> None:
    subprocess.run(
        [
            binaries / "initdb",
            f"--pgdata={running.directory / 'data'}",
            f"--username={running.user}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        check=True,
        capture_output=True,
        cwd=running.directory,
        **_as(account),
    )


@contextmanager
def _serving(binaries: Path, running: Cluster, account: str | None) -> Iterator[None]:
    options = [word for setting in (*UNSAFE_AND_FAST, *SMALL) for word in ("-c", setting)]
    log = running.directory / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", running.directory / "data", "-h", "", "-k", running.directory, *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=running.directory,
            **_as(account),
        )
    try:
        running.version = _wait_until_ready(running, server, log)
        yield
    finally:
        server.send_signal(signal.SIGQUIT)  # immediate: nothing needs to reach the disk
        server.wait(timeout=START_TIMEOUT_SECONDS)


def _wait_until_ready(running: Cluster, server: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            with running.connect() as connection:
                return str(connection.info.parameter_status("server_version"))
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from None
            time.sleep(0.02)

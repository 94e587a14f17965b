"""The worker as operators run it: beside the server or alone, told to stop, killed, and taken over from."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from sqlalchemy import update

from idp.domain.client_metadata import ClientMetadata
from idp.domain.clock import SystemClock
from idp.domain.context import Context
from idp.services.operations import keys
from idp.services.parts import EXTENSION, Parts
from idp.services.registry import accounts, clients
from idp.services.registry.accounts import AccountSettings
from idp.store import outbox
from idp.store.clients import Client
from idp.store.outbox import OutboxItem, OutboxKind
from idp.store.unit_of_work import unit_of_work
from tests.support.database import DATABASES, application, database_alone, fresh_sqlite, fresh_url
from tests.support.serve import IDP, environment, free_port, running, wait_for

PATIENCE_SECONDS = 30
SECRET_KEY = "the one key of this provider under test"


class Receiver:
    """A service's back-channel logout address; the first that arrives is kept waiting where asked.

    :param holds: whether it is.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.holds = False
        self.arrived: Queue[str] = Queue()
        self.go_on = threading.Event()

    def takes(self, body: str) -> None:
        hold, self.holds = self.holds, False
        self.arrived.put(body)
        if hold:
            self.go_on.wait(PATIENCE_SECONDS)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.takes(self.rfile.read(int(self.headers["Content-Length"])).decode())
            try:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except ConnectionError:
                pass  # who was kept waiting is dead

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/logout")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield receiver
        receiver.go_on.set()
        server.shutdown()
        thread.join()


class Provider:
    """A provider's database and settings, with the client ``studio``."""

    def __init__(self, url: str, directory: Path) -> None:
        self.url = url
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.log_file = directory / "log"
        self.env = {
            "IDP_ISSUER": self.issuer,
            "IDP_DATABASE_URL": url,
            "IDP_INSTANCE_DIR": str(directory / "instance"),
            "IDP_SECRET_KEYS": SECRET_KEY,
            "IDP_LOG_FORMAT": "json",
        }
        with application(url, directory, IDP_SECRET_KEYS=SECRET_KEY) as app:
            parts: Parts = app.extensions[EXTENSION]
            context = Context.of_operator("a-test", SystemClock().now())
            keys.ensure(sealer=parts.sealer, context=context)
            accounts.create("acme", AccountSettings(name="Acme"), context=context)
            metadata = ClientMetadata.parse(client_name="Studio", redirect_uris=["https://studio.example/callback"])
            clients.create(metadata, account="acme", client_id="studio", sealer=parts.sealer, context=context)

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command in the background; what it logs is told by :meth:`told`."""
        with running([IDP, *words], self.log_file, env=environment(self.env)) as process:
            yield process

    @contextmanager
    def serving(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        with self.running("serve", "--bind", f"127.0.0.1:{self.port}", *words) as process:
            wait_for(f"{self.issuer}/readyz", process, self.log_file)
            yield process

    def has_to_tell(self, receiver: Receiver) -> None:
        """Enqueue a logout for the client."""
        payload = {"client_id": "studio", "sub": "mia", "sid": "session-1"}
        with database_alone(self.url), unit_of_work() as session:
            session.execute(update(Client).values(backchannel_logout_uri=receiver.url))
            outbox.enqueue(session, OutboxKind.BACKCHANNEL_LOGOUT, payload, account="acme", now=SystemClock().now())

    def lets_leases_run_out(self) -> None:
        """Do what a minute would."""
        with database_alone(self.url), unit_of_work() as session:
            session.execute(update(OutboxItem).values(leased_until=SystemClock().now()))

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return the lines about an event that were logged so far."""
        lines = [line for line in self.log_file.read_text().splitlines() if line.startswith("{")]
        return [told for line in lines if (told := json.loads(line))["event"] == event]


@pytest.fixture(params=DATABASES)
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> Provider:
    return Provider(fresh_url(request, tmp_path), tmp_path)


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Provider:
    return Provider(fresh_sqlite(tmp_path), tmp_path)


def wait_until(holds: Callable[[], Any], log_file: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, log_file.read_text()
        time.sleep(0.05)


def pid_of(started: dict[str, Any]) -> int:
    return int(started["holder"].split(":")[1])


def test_what_a_killed_worker_was_delivering_the_next_one_delivers(provider: Provider, receiver: Receiver) -> None:
    receiver.holds = True
    with provider.running("worker") as first:
        provider.has_to_tell(receiver)
        receiver.arrived.get(timeout=PATIENCE_SECONDS)
        first.kill()
        first.wait(PATIENCE_SECONDS)
    provider.lets_leases_run_out()
    with provider.running("worker"):
        assert receiver.arrived.get(timeout=PATIENCE_SECONDS).startswith("logout_token=")
        wait_until(lambda: provider.told("delivered"), provider.log_file)
    assert [line["attempts"] for line in provider.told("delivered")] == [2]


def test_a_worker_that_is_told_to_stop_finishes_its_delivery_and_ends_well(
    on_sqlite: Provider, receiver: Receiver
) -> None:
    receiver.holds = True
    with on_sqlite.running("worker") as worker:
        on_sqlite.has_to_tell(receiver)
        receiver.arrived.get(timeout=PATIENCE_SECONDS)
        worker.send_signal(signal.SIGTERM)
        receiver.go_on.set()
        assert worker.wait(PATIENCE_SECONDS) == 0
    assert len(on_sqlite.told("delivered")) == 1
    assert len(on_sqlite.told("worker_stopped")) == 1


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_resting_worker_stops_when_it_is_told_to(on_sqlite: Provider, told: signal.Signals) -> None:
    with on_sqlite.running("worker") as worker:
        wait_until(lambda: on_sqlite.told("worker_started"), on_sqlite.log_file)
        worker.send_signal(told)
        assert worker.wait(PATIENCE_SECONDS) == 0


def test_a_server_has_a_worker_beside_it(on_sqlite: Provider, receiver: Receiver) -> None:
    with on_sqlite.serving() as server:
        on_sqlite.has_to_tell(receiver)
        assert receiver.arrived.get(timeout=PATIENCE_SECONDS).startswith("logout_token=")
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE_SECONDS) == 0
        # The server waited for it.
        assert len(on_sqlite.told("worker_stopped")) == 1


def test_ctrl_c_ends_the_server_and_its_worker(on_sqlite: Provider) -> None:
    """A terminal sends it to all of them at once."""
    with on_sqlite.serving() as server:
        wait_until(lambda: on_sqlite.told("worker_started"), on_sqlite.log_file)
        os.killpg(server.pid, signal.SIGINT)
        server.wait(PATIENCE_SECONDS)
        assert len(on_sqlite.told("worker_stopped")) == 1
    assert len(on_sqlite.told("worker_started")) == 1
    assert "Traceback" not in on_sqlite.log_file.read_text()


def test_a_worker_that_died_is_started_again(on_sqlite: Provider, receiver: Receiver) -> None:
    with on_sqlite.serving():
        wait_until(lambda: on_sqlite.told("worker_started"), on_sqlite.log_file)
        os.kill(pid_of(on_sqlite.told("worker_started")[0]), signal.SIGKILL)
        wait_until(lambda: len(on_sqlite.told("worker_started")) == 2, on_sqlite.log_file)
        on_sqlite.has_to_tell(receiver)
        receiver.arrived.get(timeout=PATIENCE_SECONDS)


def test_a_worker_ends_when_its_server_was_killed(on_sqlite: Provider) -> None:
    with on_sqlite.serving() as server:
        wait_until(lambda: on_sqlite.told("worker_started"), on_sqlite.log_file)
        server.kill()
        wait_until(lambda: on_sqlite.told("worker_stopped"), on_sqlite.log_file)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not list processes in /proc")
@pytest.mark.parametrize(("words", "workers"), [((), 1), (("--no-worker",), 0)], ids=["beside", "without"])
def test_a_server_starts_a_worker_unless_told_not_to(on_sqlite: Provider, words: tuple[str, ...], workers: int) -> None:
    with on_sqlite.serving(*words) as server:
        beside = [command for command in commands_below(server.pid) if "idp.worker_process" in command]
        assert len(beside) == workers


def commands_below(pid: int) -> list[str]:
    """Return the command lines of a process' children."""
    commands = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            command = (process / "cmdline").read_text()
        except OSError:
            continue
        if parent == pid:
            commands.append(command)
    return commands

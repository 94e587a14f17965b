"""A mail server that hangs, and then is away for a minute, while mails are posted all the time.

Two workers deliver; one is killed with its hands full. Nobody who posts waits,
and afterwards every mail has arrived once.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from flask import Flask

from idp.domain.clock import SystemClock
from idp.domain.context import Context
from idp.mails.kinds import Asked, SignInLink
from idp.outbound import smtp
from idp.services.mailing.post import post
from idp.services.operations import keys
from idp.services.parts import EXTENSION, Parts
from idp.store import outbox
from idp.store.outbox import OutboxItem
from idp.store.unit_of_work import reading, unit_of_work
from idp.working import SLOTS
from tests.support.database import DATABASES, application, fresh_url
from tests.support.mail_server import MailServer, mail_server
from tests.support.serve import IDP, environment, running

WORKERS = 2
POSTERS = 4
PAUSE_SECONDS = 0.3
OUTAGE_SECONDS = 60
PATIENCE_SECONDS = 60
"""To begin with, and to deliver afterwards what waited: some hundred mails."""
SECRET_KEY = "the one key of this provider under test"


@dataclass(kw_only=True)
class Posters:
    """Threads that post, each a mail after the other.

    :param waited: how long each transaction took, in seconds.
    """

    app: Flask
    over: threading.Event = field(default_factory=threading.Event)
    posted: list[str] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._post_all_the_time, args=(number,)) for number in range(POSTERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def _post_all_the_time(self, poster: int) -> None:
        number = 0
        with self.app.app_context():
            while not self.over.wait(PAUSE_SECONDS):
                number += 1
                try:
                    self._post_one(f"person-{poster}-{number}@acme.example")
                except Exception as error:  # noqa: BLE001 - the test looks at it
                    self.troubles.append(error)
                    return

    def _post_one(self, to: str) -> None:
        parts: Parts = self.app.extensions[EXTENSION]
        context = Context.of_operator("a-test", SystemClock().now())
        link = SignInLink(
            account_name="Acme",
            link=f"https://login.example/login/magic/confirm/?t={to}",
            code="ABCD-EFGH",
            service_name="Studio",
            asked=Asked(at=context.now, network="203.0.113.7"),
            lives_for=timedelta(minutes=10),
        )
        began = time.monotonic()
        with unit_of_work() as session:
            item_id = post(session, link, to=to, language="en", account="acme", parts=parts, context=context)
            message_id = session.get_one(OutboxItem, item_id).payload["message_id"]
        self.waited.append(time.monotonic() - began)
        self.posted.append(message_id)


@contextmanager
def provider(url: str, directory: Path, server: MailServer) -> Iterator[tuple[Flask, dict[str, str]]]:
    """Make a provider with a mail server, and the environment of its workers."""
    settings = {"IDP_SECRET_KEYS": SECRET_KEY, "IDP_MAIL_URL": server.url(tls="none")}
    with application(url, directory, **settings) as app:
        parts: Parts = app.extensions[EXTENSION]
        keys.ensure(sealer=parts.sealer, context=Context.of_operator("a-test", SystemClock().now()))
        instance = {"IDP_DATABASE_URL": url, "IDP_INSTANCE_DIR": str(directory / "instance")}
        yield app, settings | instance


def wait_until(holds: Callable[[], Any], why: Callable[[], Any] = str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)


def waiting(app: Flask) -> list[str]:
    """Return what is not delivered yet, with the last error."""
    with app.app_context(), reading() as session:
        return [f"{item.attempts} {item.last_error}" for item in outbox.unsettled(session, account=None)]


@pytest.mark.parametrize("database", DATABASES)
def test_every_mail_arrives_once_and_nobody_waits(
    request: pytest.FixtureRequest, database: str, tmp_path: Path
) -> None:
    request.param = database
    with ExitStack() as stack:
        server = stack.enter_context(mail_server())
        app, env = stack.enter_context(provider(fresh_url(request, tmp_path), tmp_path, server))
        killed, _other = [start_worker(stack, tmp_path / f"worker-{n}.log", env) for n in range(WORKERS)]
        posters = Posters(app=app)
        with posters.at_work():
            wait_until(lambda: len(server.received) >= 10, (tmp_path / "worker-0.log").read_text)
            everybody_has_their_hands_full(server)
            lost = server.lost
            killed.kill()
            wait_until(lambda: server.lost >= lost + SLOTS)
            server.goes()
            before = len(server.received)
            time.sleep(OUTAGE_SECONDS)
            assert len(server.received) == before
            server.goes_on()
            server.comes()
            wait_until(lambda: len(server.received) > before)
        wait_until(lambda: not waiting(app), lambda: waiting(app)[:5])
    assert posters.troubles == []
    assert max(posters.waited) < smtp.TIMEOUT.total_seconds() / 2
    assert len(posters.posted) > before + POSTERS * OUTAGE_SECONDS
    arrived = Counter(received.message_id for received in server.received)
    assert arrived == Counter(posters.posted)


def start_worker(stack: ExitStack, log_file: Path, env: dict[str, str]) -> Popen[bytes]:
    return stack.enter_context(running([IDP, "worker"], log_file, env=environment(env)))


def everybody_has_their_hands_full(server: MailServer) -> None:
    """Let the server hang until each worker has handed over as many mails as it can, and none is being noted."""
    server.holds()
    wait_until(lambda: server.in_hand == WORKERS * SLOTS, lambda: server.in_hand)

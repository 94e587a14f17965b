"""Mail by SMTP: verified TLS, a deadline for everything, and connections that are used again.

Built on Flask-Mail's ``Connection``, whose own way to a server has no timeout
and checks no certificate, and which dials anew after a number of mails, where
a failure would make a mail that was taken look lost.
"""

from __future__ import annotations

import smtplib
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import flask_mail

from idp.domain.mail import Mail
from idp.outbound.connection import Deadline
from idp.outbound.message import FLASK_MAIL, application, letter
from idp.outbound.smtp_answers import judged
from idp.outbound.smtp_conversation import Conversation
from idp.outbound.trust import tls_context
from idp.settings.mail import MailServer

TIMEOUT = timedelta(seconds=10)
"""For the way to the server, and to learn whether a connection still stands."""
PATIENCE = 3
"""So many times as long a mail may take: a server that looks into it before it answers, and is given up, gets it
twice. All together stays below the outbox' lease."""
GOODBYE = timedelta(seconds=2)
IDLE = timedelta(seconds=15)
"""After which a connection without a mail is closed; servers keep one for minutes, but count them."""
MOST_MAILS = 100
"""After so many a connection is closed: servers have limits there, and say so by refusing."""
_REFUSALS_FROM = 400


class _Line(flask_mail.Connection):
    """A connection to the server, used by one thread at a time."""

    host: Conversation

    def __init__(self, dial: Callable[[], Conversation]) -> None:
        super().__init__(FLASK_MAIL)
        self._dial = dial

    def configure_host(self) -> Conversation:
        """Connect, in place of Flask-Mail's own way."""
        return self._dial()

    def opened(self) -> _Line:
        """Connect, and return the line itself."""
        self.host = self.configure_host()
        return self

    def keep(self, seconds: float) -> None:
        """Give what follows so much time."""
        self.host.keep(Deadline(seconds))

    def leave(self) -> None:
        """End the connection politely, within :data:`GOODBYE`."""
        self.keep(GOODBYE.total_seconds())
        self.host.leave()


class SmtpMailer:
    """Hands mails in at a server; safe to share between threads.

    :param sender: as ``IDP_MAIL_FROM`` has it.
    :param greeting: how we call ourselves there, a domain or an address literal.
    :param ca_file: certificate authorities to trust besides the usual ones, as PEM.
    :param timeout: see :data:`TIMEOUT`.
    :param idle: see :data:`IDLE`.
    """

    def __init__(
        self,
        server: MailServer,
        *,
        sender: str,
        greeting: str,
        ca_file: Path | None = None,
        timeout: timedelta = TIMEOUT,
        idle: timedelta = IDLE,
    ) -> None:
        self._server = server
        self._sender = sender
        self._greeting = greeting
        self._tls = tls_context(ca_file)
        self._seconds = timeout.total_seconds()
        self._resting = _Resting(idle)

    def send(self, mail: Mail) -> None:
        """Hand a mail in, over a connection that stands or a new one.

        :raises DeliveryFailed: it was not taken, or nobody knows; another try may help.
        :raises DeliveryRefused: it never will be.
        """
        with application(), judged(self._server.host):
            message = letter(mail, sender=self._sender)
            line = self._standing_line() or _Line(self._dial).opened()
            try:
                line.keep(PATIENCE * self._seconds)
                line.send(message)
            except BaseException:
                line.host.close()
                raise
        # The mail is taken: nothing from here on may say otherwise.
        if line.num_emails < MOST_MAILS:
            self._resting.put(line)
        else:
            line.leave()

    def probe(self) -> None:
        """Shake hands as for a mail, sign in included, and send none.

        :raises DeliveryFailed: no mail could be handed in now.
        """
        with judged(self._server.host):
            conversation = self._dial()
            try:
                code, reply = conversation.noop()
            finally:
                conversation.leave()
            if code >= _REFUSALS_FROM:
                raise smtplib.SMTPResponseException(code, reply)

    def close(self) -> None:
        """End the connections that wait for a further mail."""
        self._resting.close()

    def _dial(self) -> Conversation:
        return Conversation.begin(
            self._server, greeting=self._greeting, tls=self._tls, deadline=Deadline(self._seconds)
        )

    def _standing_line(self) -> _Line | None:
        """Return a connection on which the server still answers; asked before the mail, which so goes once."""
        while (line := self._resting.take()) is not None:
            line.keep(self._seconds)
            if line.host.still_answers():
                return line
            line.host.close()
        return None


class _Resting:
    """Connections between two mails, each closed when nobody wanted it for a while."""

    def __init__(self, idle: timedelta) -> None:
        self._idle = idle.total_seconds()
        self._lock = threading.Lock()
        self._lines: list[tuple[float, _Line]] = []
        self._sweeper: threading.Timer | None = None

    def take(self) -> _Line | None:
        """Return the one that was used last, which is then the caller's alone."""
        with self._lock:
            return self._lines.pop()[1] if self._lines else None

    def put(self, line: _Line) -> None:
        """Keep a connection for the next mail."""
        with self._lock:
            self._lines.append((time.monotonic(), line))
            self._sweep_later()

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            leaving, self._lines = self._lines, []
            if self._sweeper is not None:
                self._sweeper.cancel()
                self._sweeper = None
        for _, line in leaving:
            line.leave()

    def _sweep(self) -> None:
        longest = time.monotonic() - self._idle
        with self._lock:
            self._sweeper = None
            leaving = [line for since, line in self._lines if since <= longest]
            self._lines = [(since, line) for since, line in self._lines if since > longest]
            self._sweep_later()
        for line in leaving:
            line.leave()

    def _sweep_later(self) -> None:
        if self._sweeper is not None or not self._lines:
            return
        timer = threading.Timer(self._idle, self._sweep)
        timer.daemon = True
        # A process that ends starts no thread any more; then the connection ends with it.
        with suppress(RuntimeError):
            timer.start()
            self._sweeper = timer

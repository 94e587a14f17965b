"""An SMTP server of this process that takes mail, or misbehaves as it was told to; it can go away and come back."""

from __future__ import annotations

import asyncio
import email
import email.policy
import queue
import socket
import ssl
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

NAME = "mail.example"
PATIENCE_SECONDS = 30
UNUSED_FOR_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class Received:
    """A mail that the server has taken.

    :param connection: the number of the connection it came over, from 1.
    :param user: as whom the sender had signed in.
    """

    sender: str
    to: str
    content: bytes = field(repr=False)
    connection: int
    is_encrypted: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])


@dataclass(kw_only=True)
class Manners:
    """How the server behaves.

    :param about_recipient: what it answers to a recipient, by address; ``250 OK`` to all others.
    :param about_sender: what it answers to every sender, where it does not take them.
    :param about_message: what it answers to every message, where it does not take them.
    :param about_noop: what it answers to ``NOOP``, by which senders ask whether it is still there.
    :param loses: so many times the connection is gone once it has taken a mail, before it could say so.
    :param users: who may sign in, with which password; nobody has to where there are none.
    :param without_plain: the way of signing in named PLAIN is not offered.
    :param unused_for: seconds after which it closes a connection.
    """

    about_recipient: Mapping[str, str] = field(default_factory=dict)
    about_sender: str | None = None
    about_message: str | None = None
    about_noop: str = "250 OK"
    loses: int = 0
    users: Mapping[str, str] = field(default_factory=dict)
    without_plain: bool = False
    unused_for: float = UNUSED_FOR_SECONDS


class MailServer:
    """A server on a loopback port of its own.

    :param starttls: it offers STARTTLS with this certificate, and takes nothing without.
    :param tls: it speaks TLS from the first byte on.
    """

    def __init__(
        self, *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, **manners: Any
    ) -> None:
        self.manners = Manners(**manners)
        self.received: list[Received] = []
        self.connections = 0
        self.lost = 0
        self.in_hand = 0
        """Mails that are complete here and not answered yet."""
        self.arriving: queue.SimpleQueue[str] = queue.SimpleQueue()
        """Recipients of mails that are complete here, whether or not they are taken."""
        self._starttls = starttls
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail-server")
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._talking: set[_Talk] = set()
        self.port = 0

    # From the test's thread

    def start(self) -> None:
        self._thread.start()
        self.comes()

    def comes(self) -> None:
        """Listen, on the same port as before."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._does(self._listen(listener))

    def goes(self) -> None:
        """Hang up on everybody, and listen no more."""
        self._does(self._leave())

    def holds(self) -> None:
        """Let every sender wait for an answer to their message, from now on."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def goes_on(self) -> None:
        """Answer them."""
        self._loop.call_soon_threadsafe(self._open.set)

    def stop(self) -> None:
        self.goes()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()

    def url(self, *, scheme: str = "smtp", host: str = "127.0.0.1", login: str = "", tls: str = "") -> str:
        """Return the value of ``IDP_MAIL_URL``."""
        query = f"?tls={tls}" if tls else ""
        return f"{scheme}://{login}{host}:{self.port}{query}"

    def _does(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(PATIENCE_SECONDS)

    # In the loop's thread

    async def _listen(self, listener: socket.socket) -> None:
        self._server = await self._loop.create_server(self._meet, sock=listener, ssl=self._tls)

    async def _leave(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for talk in list(self._talking):
            talk.hang_up()
        others = asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]
        await asyncio.wait(others, timeout=PATIENCE_SECONDS) if others else None

    def _meet(self) -> SMTP:
        self.connections += 1
        talk = _Talk(
            self,
            number=self.connections,
            hostname=NAME,
            loop=self._loop,
            tls_context=self._starttls,
            require_starttls=self._starttls is not None,
            timeout=self.manners.unused_for,
            authenticator=self._knows if self.manners.users else None,
            auth_require_tls=False,
            auth_exclude_mechanism=["PLAIN"] if self.manners.without_plain else None,
        )
        self._talking.add(talk)
        return talk

    def _knows(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, login: Any) -> AuthResult:
        assert isinstance(login, LoginPassword)
        known = self.manners.users.get(login.login.decode()) == login.password.decode()
        return AuthResult(success=known, handled=False, auth_data=login.login.decode())

    async def handle_MAIL(  # noqa: N802 - the name that aiosmtpd looks for
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.manners.users and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if self.manners.about_sender is not None:
            return self.manners.about_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd looks for
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.manners.about_recipient.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_NOOP(  # noqa: N802
        self, _server: SMTP, _session: Session, _envelope: Envelope, _argument: str
    ) -> str:
        return self.manners.about_noop

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(server, _Talk)
        [to] = envelope.rcpt_tos
        self.arriving.put(to)
        self.in_hand += 1
        try:
            # Who goes away meanwhile is not delivered: the task is cancelled with the connection.
            await self._open.wait()
        finally:
            self.in_hand -= 1
        if self.manners.about_message is not None:
            return self.manners.about_message
        self.received.append(
            Received(
                sender=envelope.mail_from or "",
                to=to,
                content=envelope.original_content or b"",
                connection=server.number,
                is_encrypted=session.ssl is not None or self._tls is not None,
                user=session.auth_data if session.authenticated else None,
            )
        )
        if self.manners.loses:
            self.manners.loses -= 1
            server.hang_up()
        return "250 OK"

    def hung_up(self, talk: _Talk) -> None:
        """Note that a connection has ended, from whichever side."""
        self._talking.discard(talk)
        self.lost += 1


class _Talk(SMTP):
    def __init__(self, server: MailServer, *, number: int, **options: Any) -> None:
        super().__init__(server, **options)
        self._of = server
        self.number = number

    def hang_up(self) -> None:
        if self.transport is not None:
            self.transport.abort()  # type: ignore[attr-defined]

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._of.hung_up(self)


@contextmanager
def mail_server(**options: Any) -> Iterator[MailServer]:
    """Let a server run while the block does; the options are those of :class:`MailServer` and :class:`Manners`."""
    server = MailServer(**options)
    server.start()
    try:
        yield server
    finally:
        server.stop()

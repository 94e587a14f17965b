"""A conversation with the mail server: encrypted and signed in as the settings say, every wait within a deadline."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
from typing import Self

from idp.outbound.connection import Deadline, DeadlineSocket, DeadlineTLSSocket, Gate, system_resolver
from idp.outbound.policy import AllowRule, OutboundPolicy, canonical_host
from idp.settings.mail import MailServer, MailTls

_OK = 250
_SIGNED_IN = 235


class Conversation(smtplib.SMTP):
    """SMTP (RFC 5321) within deadlines.

    The server's address is an operator's setting, so a private one is as good as any.
    """

    def __init__(self, server: MailServer, *, greeting: str, tls: ssl.SSLContext, deadline: Deadline) -> None:
        self._server = server
        self._tls = tls
        self._deadline = deadline
        super().__init__(server.host, server.port, local_hostname=greeting)

    @classmethod
    def begin(cls, server: MailServer, *, greeting: str, tls: ssl.SSLContext, deadline: Deadline) -> Self:
        """Connect, greet, encrypt and sign in; a server that offers less than is wanted gets no mail.

        :param greeting: how we call ourselves, a domain or an address literal.
        :raises OSError: no such conversation; ``smtplib.SMTPException`` and ``ssl.SSLError`` are among them.
        :raises OutboundError: nothing answers there in time.
        :raises UnicodeError: the server's way of signing in does not take user or password.
        """
        begun = cls(server, greeting=greeting, tls=tls, deadline=deadline)
        try:
            begun.ehlo_or_helo_if_needed()
            if server.tls is MailTls.STARTTLS:
                begun.keep(deadline)
                begun.starttls(context=tls)
                begun.keep(deadline)
                begun.ehlo_or_helo_if_needed()
            if server.user and server.password:
                begun.sign_in(server.user, server.password)
        except BaseException:
            begun.close()
            raise
        return begun

    def keep(self, deadline: Deadline) -> None:
        """Let every wait from now on end by ``deadline``."""
        self._deadline = deadline
        if isinstance(self.sock, DeadlineSocket | DeadlineTLSSocket):
            self.sock.deadline = deadline
            self.sock.settimeout(deadline.remaining())

    def still_answers(self) -> bool:
        """Say whether the server is still there and in order: one that hung up meanwhile has said so by now."""
        try:
            code, _ = self.noop()
        except OSError:  # smtplib.SMTPException is one
            return False
        return code == _OK

    def leave(self) -> None:
        """Say goodbye, and end the connection whether or not anybody listens."""
        try:
            self.quit()
        except OSError:
            pass
        finally:
            self.close()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - the parent's
        policy = OutboundPolicy((AllowRule(canonical_host(host)),))
        opened = Gate(policy, system_resolver, self._deadline, "smtp").open(host, port)
        opened.settimeout(self._deadline.remaining())
        if self._server.tls is not MailTls.IMPLICIT:
            return opened
        secure = self._tls.wrap_socket(opened, server_hostname=host)
        if isinstance(secure, DeadlineTLSSocket):
            secure.deadline = self._deadline
        return secure

    def sign_in(self, user: str, password: str) -> None:
        """Prove who we are, by PLAIN where the server knows it (RFC 4954, RFC 4616)."""
        if "PLAIN" not in self.esmtp_features.get("auth", "").upper().split():
            self.login(user, password)
            return
        # The library's own takes ASCII only; a password may have other letters (RFC 4616 §2).
        secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode("ascii")
        code, reply = self.docmd("AUTH", f"PLAIN {secret}")
        if code != _SIGNED_IN:
            raise smtplib.SMTPAuthenticationError(code, reply)

"""How mail leaves this provider: by SMTP, into the mailbox of development, or not at all."""

from __future__ import annotations

from typing import Protocol

from idp.domain.errors import DeliveryFailed
from idp.domain.mail import Mail
from idp.outbound.mailbox import FOLDER, MailboxMailer
from idp.outbound.smtp import SmtpMailer
from idp.settings import Settings
from idp.settings.mail import domain_of

UNSET = "IDP_MAIL_URL is not set"


class Mailer(Protocol):
    """Sends mails; safe to share between threads."""

    def send(self, mail: Mail) -> None:
        """Hand one mail over, within seconds.

        :raises DeliveryFailed: it was not taken, or nobody knows; another try may help.
        :raises DeliveryRefused: it never will be. Neither names address or secret.
        """

    def probe(self) -> None:
        """Go all the way to where a mail would be handed over, without one.

        :raises DeliveryFailed: a mail could not be handed over now.
        """

    def close(self) -> None:
        """Let go of what is held open; a later mail opens it again."""


class NoMailer:
    """Production to which nobody has said where mail goes: it waits in the outbox until somebody does."""

    def send(self, mail: Mail) -> None:  # noqa: ARG002 - whatever it is
        """Refuse for now."""
        raise DeliveryFailed(UNSET)

    def probe(self) -> None:
        """Refuse, too."""
        raise DeliveryFailed(UNSET)

    def close(self) -> None:
        """Do nothing."""


def mailer_of(settings: Settings) -> Mailer:
    """Return what sends mail under these settings.

    :raises ValueError: ``IDP_OUTBOUND_CA_FILE`` cannot be read; one sentence.
    """
    if (server := settings.mail_server) is not None:
        return SmtpMailer(
            server,
            sender=settings.mail_from,
            greeting=domain_of(settings.issuer),
            ca_file=settings.outbound_ca_file,
        )
    if settings.can_mail:
        return MailboxMailer(settings.instance_dir / FOLDER, sender=settings.mail_from)
    return NoMailer()

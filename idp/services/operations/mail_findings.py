"""Whether mail gets out: what ``idp doctor`` finds when it goes all the way to the mail server."""

from __future__ import annotations

from collections.abc import Iterator

from idp.domain.errors import DeliveryFailed
from idp.outbound.mailer import UNSET
from idp.services.operations.readiness import Finding
from idp.services.parts import Parts
from idp.settings.mail import MailServer, MailTls

_ENCRYPTED = {
    MailTls.STARTTLS: "with STARTTLS and a certificate that is trusted",
    MailTls.IMPLICIT: "by TLS and with a certificate that is trusted",
    MailTls.NONE: "without encryption",
}


def findings(*, parts: Parts) -> Iterator[Finding]:
    """Shake hands with the mail server: TLS, user and password included. No mail is sent."""
    if not parts.settings.can_mail:
        what = f"{UNSET}: mails wait, and nobody can sign in by mail. Set it to the server that takes mail from us."
        yield Finding(part="mail", what=what, deserves_attention=True)
        return
    try:
        parts.mailer.probe()
    except DeliveryFailed as failed:
        what = f"No mail can be sent: {failed}. Check IDP_MAIL_URL and that the server runs; mails wait meanwhile."
        yield Finding(part="mail", what=what, breaks=True)
    else:
        yield Finding(part="mail", what=_well(parts.settings.mail_server))


def _well(server: MailServer | None) -> str:
    if server is None:
        return "Mails go into the mailbox of the instance directory: IDP_MAIL_URL is not set."
    signed_in = " and accepts user and password" if server.user else ""
    return f"The mail server {server.host} port {server.port} answers {_ENCRYPTED[server.tls]}{signed_in}."
